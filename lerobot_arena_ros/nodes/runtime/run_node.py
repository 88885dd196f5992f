"""How a node of ours runs: init, spin until a signal, end with a sensible exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from lerobot_arena_ros.output.log_queue import FLUSH_S
from lerobot_arena_ros.output.streams import never_block, wait_until_writable

from . import node_log
from .shutdown_signal import StopSignal

__all__ = ['Program', 'make_executor', 'run']

SPIN_SLICE_S = 0.5
"""How long a spin lasts at most: a failure is looked for between two."""


@dataclass
class Program:
    """
    Nodes that spin together, and what happens around that.

    :param executor: ``auto``, ``events`` or ``single``.
    :param start: called when the nodes are about to spin.
    :param finish: called after it, while messages can still go out; ends within seconds.
    :param failure: why the program cannot go on, in one line; None while it can.
    """

    nodes: Sequence[Node]
    executor: str = 'auto'
    start: Callable[[], object] = lambda: None
    finish: Callable[[], object] = lambda: None
    failure: Callable[[], str | None] = lambda: None


def run(make: Callable[[], Program], name: str, args: list[str] | None, stop: StopSignal) -> int:
    """
    Run a program until SIGINT, SIGTERM, or its failure.

    :param make: makes it, and raises ValueError with one line where the user has to change
        something.
    :returns: the exit code: 0 after a signal, 2 where the user has to change something.
    """
    never_block()
    try:
        # rclpy's own handlers would invalidate the context before a last message can go out.
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as exc:  # Of the exceptions that rclpy raises here some have no name.
        return _refuse(name, f'the ROS arguments cannot be used: {_first_line(exc)}')
    try:
        program = make()
    except (ValueError, ParameterException) as exc:
        return _refuse(name, str(exc))
    else:
        _spin(program, stop)
        failure = program.failure()
        program.finish()
        node_log.flush()  # While the nodes can still tell /rosout.
        for node in program.nodes:
            node.destroy_node()
        return _refuse(name, failure) if failure else 0
    finally:
        rclpy.try_shutdown()


def _spin(program: Program, stop: StopSignal) -> None:
    executor = make_executor(program.executor)
    for node in program.nodes:
        executor.add_node(node)
    done: Future = Future()
    stop.call(lambda: done.set_result(None))
    program.start()
    while program.failure() is None and not stop.received:
        executor.spin_until_future_complete(done, timeout_sec=SPIN_SLICE_S)
        # A spin leaves callbacks in its future, the single-threaded one at each message.
        done = Future()
    for node in program.nodes:
        executor.remove_node(node)


def make_executor(kind: str) -> Executor:
    """Make the executor of this kind, ``auto``, ``events`` or ``single``."""
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


def _refuse(name: str, text: str) -> int:
    wait_until_writable(2, FLUSH_S)
    sys.stderr.write(f'{name}: {text}\n')
    return 2


def _first_line(exc: Exception) -> str:
    # What follows is a place in rcl's source.
    return str(exc).strip().splitlines()[0].partition(', at /')[0]
