"""What the server has done so far, as plain integers: counting must cost next to nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ['RoomCounters', 'Counters']


@dataclass
class RoomCounters:
    """
    Counts of one room, or of several together.

    :param updates: joint updates that changed something.
    :param stops: emergency stops that were passed on.
    :param robot_states: states of robots that were taken.
    """

    updates: int = 0
    stops: int = 0
    robot_states: int = 0

    def add(self, other: RoomCounters) -> None:
        """Add the counts of another room."""
        self.updates += other.updates
        self.stops += other.stops
        self.robot_states += other.robot_states


@dataclass
class Counters:
    """
    Counts since the server started, beside those that each room has.

    :param frames_in: WebSocket frames that participants sent after joining.
    :param frames_out: WebSocket frames that were written, to all recipients together.
    :param merged: messages that were not sent because a newer one took their place.
    :param requests: REST requests and WebSockets that were let in, by the name of the token.
    :param refused: what was refused, by the reason that its sender was given.
    """

    frames_in: int = 0
    frames_out: int = 0
    merged: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
