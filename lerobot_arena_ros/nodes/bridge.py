"""The executables arena_bridge, arena_producer and arena_consumer."""

from __future__ import annotations

import signal
import sys

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from .bridge_node import BridgeNode
from .parameter_table import ParameterError

__all__ = ['main', 'main_consumer', 'main_producer']

SPIN_SLICE_S = 3600.0
"""Finite, because a spin without an end does not return on the events executor."""


def main(args: list[str] | None = None) -> int:
    """Run both sides, each where its room is named."""
    return _run(args, ('produce', 'consume'))


def main_producer(args: list[str] | None = None) -> int:
    """Run the produce side alone."""
    return _run(args, ('produce',))


def main_consumer(args: list[str] | None = None) -> int:
    """Run the consume side alone."""
    return _run(args, ('consume',))


def _run(args: list[str] | None, sides: tuple[str, ...]) -> int:
    """
    Run the node until a signal or a failure.

    :returns: the exit code: 0 after SIGINT or SIGTERM, 2 where the user has to change something.
    """
    try:
        # rclpy's own handlers would invalidate the context before a last message can go out.
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.RCLError as exc:
        return _refuse(f'the ROS arguments cannot be used: {_first_line(exc)}')
    try:
        node = BridgeNode(sides)
    except ParameterError as exc:
        return _refuse(str(exc))
    else:
        _spin(node)
        failure = node.failure
        node.finish()
        return _refuse(failure) if failure else 0
    finally:
        rclpy.try_shutdown()


def _spin(node: BridgeNode) -> None:
    """Spin until a signal comes or the node has failed."""
    executor = _executor(node.settings.executor)
    done: Future = Future(executor=executor)

    def finish(*_: object) -> None:
        if not done.done():
            done.set_result(None)

    # The handler runs, and the spin sees its result, when the node's beat wakes the interpreter.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, finish)
    node.on_failure = finish
    executor.add_node(node)
    node.start()
    while not done.done():
        executor.spin_until_future_complete(done, timeout_sec=SPIN_SLICE_S)
    executor.remove_node(node)


def _executor(kind: str) -> Executor:
    if kind != 'single':
        try:
            from rclpy.experimental import EventsExecutor
        except ImportError:
            if kind == 'events':
                sys.stderr.write(
                    'executor=events: this rclpy has none, spinning single-threaded\n'
                )
        else:
            return EventsExecutor()
    return SingleThreadedExecutor()


def _refuse(text: str) -> int:
    sys.stderr.write(f'arena_bridge: {text}\n')
    return 2


def _first_line(exc: Exception) -> str:
    # What follows is a place in rcl's source.
    return str(exc).strip().splitlines()[0].partition(', at /')[0]


if __name__ == '__main__':
    sys.exit(main())
