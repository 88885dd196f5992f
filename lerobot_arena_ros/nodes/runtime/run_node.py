# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Run nodes: initialize rclpy, spin until a signal, and return an exit code."""

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
from .shutdown_signal import ShutdownSignal

__all__ = ['Program', 'make_executor', 'run']

SPIN_SLICE_S = 0.5
"""Maximum duration of one spin; failures are checked between spins."""


@dataclass
class Program:
    """
    Nodes that spin together, and callbacks for start, shutdown and failures.

    :param start: called just before the nodes spin.
    :param finish: called after they have spun, while messages can still be sent; it must end
        within seconds.
    :param failure: returns why the program cannot continue, in one line; None while it can.
    """

    nodes: Sequence[Node]
    start: Callable[[], object] = lambda: None
    finish: Callable[[], object] = lambda: None
    failure: Callable[[], str | None] = lambda: None


def run(
    make: Callable[[], Program], name: str, args: list[str] | None, shutdown: ShutdownSignal
) -> int:
    """
    Run a program until SIGINT, SIGTERM, or its failure.

    :param make: creates the program; raises ValueError with one line if the user has to change
        something.
    :param name: name of the executable, for error messages.
    :returns: exit code: 0 after a signal, 2 if the user has to change something.
    """
    never_block()
    try:
        # The handlers of rclpy would invalidate the context before the last message is sent.
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as exc:  # Some exceptions that rclpy raises here have no public name.
        return _refuse(name, f'the ROS arguments cannot be used: {_first_line(exc)}')
    try:
        program = make()
    except (ValueError, ParameterException) as exc:
        return _refuse(name, str(exc))
    else:
        _spin(program, shutdown)
        failure = program.failure()
        program.finish()
        node_log.flush()  # The nodes can still publish on /rosout here.
        for node in program.nodes:
            node.destroy_node()
        return _refuse(name, failure) if failure else 0
    finally:
        rclpy.try_shutdown()


def _spin(program: Program, shutdown: ShutdownSignal) -> None:
    executor = make_executor()
    for node in program.nodes:
        executor.add_node(node)
    done: Future = Future()
    shutdown.call(lambda: done.set_result(None))
    program.start()
    while program.failure() is None and not shutdown.received:
        executor.spin_until_future_complete(done, timeout_sec=SPIN_SLICE_S)
        # A spin leaves callbacks in its future; the single-threaded executor, one per message.
        done = Future()
    for node in program.nodes:
        executor.remove_node(node)
    # An executor that is collected as garbage after rclpy's shutdown prints an exception.
    executor.shutdown()


def make_executor() -> Executor:
    """Return the events executor, or the single-threaded one if this rclpy has no other."""
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def _refuse(name: str, text: str) -> int:
    wait_until_writable(2, FLUSH_S)
    sys.stderr.write(f'{name}: {text}\n')
    return 2


def _first_line(exc: Exception) -> str:
    # The rest of the line is a location in the source of rcl.
    return str(exc).strip().splitlines()[0].partition(', at /')[0]
