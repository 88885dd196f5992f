# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The command topic: converts positions to the controller's message type and counts commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from builtin_interfaces.msg import Time as TimeMsg

from lerobot_arena_ros.arena.steady_clock import steady_now

from .cdr import CommandWriter
from .conversions import CommandMessage, command_to_ros

__all__ = ['CommandPublisher', 'CommandTopic', 'OtherCommanders']


class CommandPublisher(Protocol):
    """The part of an rclpy publisher that is used here; thread-safe, like that one."""

    @property
    def topic_name(self) -> str:
        """Full name of the topic, as remapped."""

    def publish(self, message: CommandMessage | bytes) -> None:
        """Publish a message, or the bytes of a serialized one."""

    def get_subscription_count(self) -> int:
        """Return the number of subscribers."""


class OtherCommanders(Protocol):
    """Other nodes that publish on the topic; see :class:`.other_publishers.OtherPublishers`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Full names of these nodes."""

    @property
    def conflict(self) -> str | None:
        """Why the robot must not be commanded and what to do; None if it may be."""

    def check_graph(self, now: float) -> str | None:
        """Check the graph; return why the robot must not be commanded, None if it may be."""


class CommandTopic:
    """
    The publisher of commands and its subscribers. The owner holds a lock while publishing.

    :param interface: the message type, by ``consume.command_interface``.
    :param now_ns: returns the ROS time in nanoseconds.
    :param others: other publishers of the topic.
    :ivar commands: number of published commands.
    :ivar commanded_at: when the last one was published, in seconds of the steady clock; None
        before.
    """

    def __init__(
        self,
        publisher: CommandPublisher,
        *,
        interface: str,
        now_ns: Callable[[], int],
        others: OtherCommanders,
    ) -> None:
        self.commands = 0
        self.others = others
        self.commanded_at: float | None = None
        self._publisher = publisher
        self._interface = interface
        self._now_ns = now_ns
        self._names: tuple[str, ...] = ()
        self._writer: CommandWriter | None = None

    @property
    def name(self) -> str:
        """Full name of the topic, as remapped; any thread."""
        return self._publisher.topic_name

    @property
    def subscribers(self) -> int:
        """Number of subscribers; any thread."""
        return self._publisher.get_subscription_count()

    def publish(self, names: tuple[str, ...], positions: Sequence[float]) -> None:
        """Publish positions in radians or metres, one for each name."""
        if self._writer is None or names != self._names:
            self._names, self._writer = names, self._writer_for(names)
        self._publisher.publish(self._writer.write(positions, self._now_ns()))
        self.commands += 1
        self.commanded_at = steady_now()

    def _writer_for(self, names: tuple[str, ...]) -> CommandWriter:
        def make(positions: Sequence[float], stamp: TimeMsg) -> CommandMessage:
            return command_to_ros(self._interface, names, positions, stamp=stamp)

        return CommandWriter(make, len(names))
