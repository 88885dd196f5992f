"""The executables arena_bridge, arena_producer and arena_consumer."""

from __future__ import annotations

import sys

from ..runtime.cli_help import parse_arguments
from ..runtime.shutdown_signal import ShutdownSignal
from ..settings.parameter_table import JOINT_SPECS, SPECS

__all__ = ['main', 'main_consumer', 'main_producer']


_DESCRIPTION = {
    'produce': 'sends the measured joints of a robot (joint_states) into a room',
    'consume': 'commands a robot (joint_commands) as a room says',
}


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
    stop = ShutdownSignal()
    _answer(name, args, sides)
    from ..runtime.run_node import Program, run
    from .bridge_node import BridgeNode

    def make() -> Program:
        node = BridgeNode(sides, name=name, arguments=sys.argv[1:] if args is None else args)
        return Program(
            [node], node.settings.executor, node.start, node.finish, lambda: node.failure
        )

    return run(make, name, args, stop)


def _answer(name: str, args: list[str] | None, sides: tuple[str, ...]) -> None:
    others = tuple(f'{side}.' for side in _DESCRIPTION if side not in sides)
    specs = [spec for spec in SPECS if not spec.name.startswith(others)]
    what = '; '.join(_DESCRIPTION[side] for side in sides)
    of_joints = ', '.join(spec.name for spec in JOINT_SPECS)
    parse_arguments(
        name,
        f'Bridge between ROS 2 and LeRobot Arena: {what}. Each joint J of the joints may also '
        f'have joint_map.J. followed by {of_joints}. Values in the room have a unit that has to '
        'be named: units.',
        specs,
        args,
        examples=(
            f'--ros-args -p {sides[-1]}.room_id:=arm -p units:=degrees -p joints:=[elbow]',
            '--ros-args --params-file my_arm.yaml',
        ),
    )


if __name__ == '__main__':
    sys.exit(main())
