"""The topic on which a robot is commanded: in its controller's own words, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from builtin_interfaces.msg import Time as TimeMsg

from lerobot_arena_ros.arena.steady_clock import steady_now

from .cdr import CommandWriter
from .conversions import CommandMessage, command_to_ros

__all__ = ['CommandPublisher', 'CommandTopic', 'Others']


class CommandPublisher(Protocol):
    """What a publisher of rclpy does; thread-safe, as that is."""

    @property
    def topic_name(self) -> str:
        """Full name of the topic, as remapped."""

    def publish(self, message: CommandMessage | bytes) -> None:
        """Put a message on the topic, or one that is serialized already."""

    def get_subscription_count(self) -> int:
        """Say how many listen to it."""


class Others(Protocol):
    """Other nodes that publish on the topic; see :class:`.other_publishers.OtherPublishers`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Full names of these nodes."""

    @property
    def trouble(self) -> str | None:
        """What is wrong and what to do; None where nothing is."""

    def look(self, now: float) -> str | None:
        """Look at the graph; return why the robot must not be commanded, None if it may be."""


class CommandTopic:
    """
    What is told to the robot, and who listens. Its owner holds a lock while publishing.

    :param interface: the message type, by ``consume.command_interface``.
    :param now_ns: gives the ROS time in nanoseconds.
    :param others: who else publishes on it.
    :ivar commands: how many were published.
    :ivar commanded_at: when the last one was, in seconds of the steady clock; None before.
    """

    def __init__(
        self,
        publisher: CommandPublisher,
        *,
        interface: str,
        now_ns: Callable[[], int],
        others: Others,
    ) -> None:
        self.commands = 0
        self.others = others
        self.commanded_at: float | None = None
        self._publisher = publisher
        self._interface = interface
        self._now_ns = now_ns
        self._names: tuple[str, ...] = ()
        self._writer: CommandWriter | None = None
        self._known = 0

    @property
    def name(self) -> str:
        """Full name of the topic, as remapped; any thread."""
        return self._publisher.topic_name

    @property
    def listeners(self) -> int:
        """How many listen; any thread."""
        return self._publisher.get_subscription_count()

    def has_new_listener(self) -> bool:
        """Say whether more listen than when this was asked last."""
        before, self._known = self._known, self.listeners
        return self._known > before

    def publish(self, names: tuple[str, ...], positions: Sequence[float]) -> None:
        """Command positions in radians or metres, one for each name."""
        if self._writer is None or names != self._names:
            self._names, self._writer = names, self._writer_for(names)
        self._publisher.publish(self._writer.write(positions, self._now_ns()))
        self.commands += 1
        self.commanded_at = steady_now()

    def _writer_for(self, names: tuple[str, ...]) -> CommandWriter:
        def make(positions: Sequence[float], stamp: TimeMsg) -> CommandMessage:
            return command_to_ros(self._interface, names, positions, stamp=stamp)

        return CommandWriter(make, len(names))
