# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The bridges of several robots in one process; a failure of one does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import traceback

from rclpy.parameter import Parameter

from ..bridge.bridge_node import BridgeNode
from ..runtime.arena_thread import ArenaThread
from ..settings.fleet_file import Robot

__all__ = ['FleetBridges']

LEAVE_S = 2.0
"""Timeout in which all robots leave their rooms."""


class FleetBridges:
    """
    Bridges that share one arena thread and one executor.

    A robot that fails is stopped and leaves its rooms. Its node remains, and the other robots
    continue.

    :raises ValueError: the parameters of a robot's bridge are invalid.
    """

    def __init__(self, robots: Iterable[Robot]) -> None:
        self._thread = ArenaThread()
        self._failed: dict[str, str] = {}
        self.nodes = [_bridge(robot, self._thread) for robot in robots]

    def start(self) -> None:
        """Configure and activate each robot whose parameter ``autostart`` is true."""
        for node in self.nodes:
            _isolate(node, node.start)

    def failure(self) -> str | None:
        """
        Retire the robots that have failed.

        :returns: one line with the failures if all robots have failed; None otherwise.
        """
        for node in self.nodes:
            name, failure = node.get_fully_qualified_name(), node.failure
            if failure is not None:
                if self._failed.get(name) != failure:
                    node.log.error(f'{failure}; stopped, the other robots continue')
                self._failed[name] = failure
                _isolate(node, node.disable)
            elif node.is_configured:
                self._failed.pop(name, None)
        if len(self._failed) < len(self.nodes):
            return None
        return '; '.join(f'{name}: {failure}' for name, failure in self._failed.items())

    def finish(self) -> None:
        """End the commands of all robots, then leave all rooms at the same time."""
        # End all commands first, because leaving takes tens of milliseconds for each robot.
        for node in self.nodes:
            _isolate(node, node.deactivate)
        for node in self.nodes:
            _isolate(node, node.finish)
        if not self._thread.drain(LEAVE_S):
            self.nodes[0].log.warning('not every room was left in time')
        self._thread.close(1.0)


def _bridge(robot: Robot, thread: ArenaThread) -> BridgeNode:
    remappings = [part for pair in robot.remappings.items() for part in ('-r', ':='.join(pair))]
    try:
        return BridgeNode(
            thread=thread,
            namespace=robot.namespace,
            cli_args=['--ros-args', *remappings],
            use_global_arguments=False,
            parameter_overrides=[
                Parameter(name, value=value) for name, value in robot.parameters.items()
            ],
        )
    except (TypeError, ValueError) as exc:
        raise ValueError(f'robot {robot.namespace}: {exc}') from exc


def _isolate(node: BridgeNode, act: Callable[[], object]) -> None:
    """Call a function for one robot, and log its exception so that the others continue."""
    try:
        act()
    except Exception:
        node.log.error(f'failed:\n{traceback.format_exc()}')
