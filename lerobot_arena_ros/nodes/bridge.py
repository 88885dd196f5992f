"""The executables arena_bridge, arena_producer and arena_consumer."""

from __future__ import annotations

import sys

from .stop_signal import StopSignal

__all__ = ['main', 'main_consumer', 'main_producer']


def main(args: list[str] | None = None) -> int:
    """Run both sides, each where its room is named; gives the exit code."""
    return _run('arena_bridge', args, ('produce', 'consume'))


def main_producer(args: list[str] | None = None) -> int:
    """Run the produce side alone; gives the exit code."""
    return _run('arena_producer', args, ('produce',))


def main_consumer(args: list[str] | None = None) -> int:
    """Run the consume side alone; gives the exit code."""
    return _run('arena_consumer', args, ('consume',))


def _run(name: str, args: list[str] | None, sides: tuple[str, ...]) -> int:
    stop = StopSignal()
    from .bridge_node import BridgeNode
    from .spinning import Program, run

    def make() -> Program:
        node = BridgeNode(sides)
        return Program(
            [node], node.settings.executor, node.start, node.finish, lambda: node.failure
        )

    return run(make, name, args, stop)


if __name__ == '__main__':
    sys.exit(main())
