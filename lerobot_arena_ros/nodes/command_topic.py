"""The topic on which a robot is commanded: in its controller's own words, counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time
from typing import Any, Protocol

from .conversions import CommandMessage, command_to_ros

__all__ = ['CommandPublisher', 'CommandTopic']


class CommandPublisher(Protocol):
    """What a publisher of rclpy does; thread-safe, as that is."""

    def publish(self, message: CommandMessage) -> None:
        """Put a message on the topic."""

    def get_subscription_count(self) -> int:
        """Say how many listen to it."""


class CommandTopic:
    """
    What is told to the robot, and who listens. Its owner holds a lock while publishing.

    :param interface: the message type, by ``consume.command_interface``.
    :param period_s: when a trajectory of one point arrives there.
    :param stamp: gives the ROS time.
    :ivar commands: how many were published.
    :ivar commanded_at: when the last one was, in seconds of the steady clock; None before.
    """

    def __init__(
        self,
        publisher: CommandPublisher,
        *,
        interface: str,
        period_s: float,
        stamp: Callable[[], Any],
    ) -> None:
        self.commands = 0
        self.commanded_at: float | None = None
        self._publisher = publisher
        self._interface = interface
        self._period_s = period_s
        self._stamp = stamp
        self._known = 0

    @property
    def listeners(self) -> int:
        """How many listen; any thread."""
        return self._publisher.get_subscription_count()

    def has_new_listener(self) -> bool:
        """Say whether more listen than when this was asked last."""
        before, self._known = self._known, self.listeners
        return self._known > before

    def publish(self, names: Sequence[str], positions: Sequence[float]) -> None:
        """Command positions in radians or metres, one for each name."""
        self._publisher.publish(
            command_to_ros(
                self._interface, names, positions, stamp=self._stamp(), period_s=self._period_s
            )
        )
        self.commands += 1
        self.commanded_at = time.monotonic()
