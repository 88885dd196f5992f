"""The output of the command gate: its state, and the commands to publish."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ['Command', 'State', 'Transition']


class State(str, Enum):
    """The states of the gate; see the table in :mod:`.gate`."""

    WAITING = 'waiting'
    ACTIVE = 'active'
    HOLDING = 'holding'
    STOPPED = 'stopped'


@dataclass(frozen=True)
class Command:
    """The positions to publish, one for each joint of the gate, in the order of the joints."""

    positions: tuple[float, ...]


@dataclass(frozen=True)
class Transition:
    """A change of state, for the log."""

    before: State
    after: State
    cause: str
