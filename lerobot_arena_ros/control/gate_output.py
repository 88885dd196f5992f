"""What the command gate answers: its state, and what has to be published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ['Command', 'State', 'Transition']


class State(str, Enum):
    """What the gate is doing; see the table in :mod:`.gate`."""

    WAITING = 'waiting'
    ACTIVE = 'active'
    HOLDING = 'holding'
    STOPPED = 'stopped'


@dataclass(frozen=True)
class Command:
    """Positions to publish, one for each of the gate's joints, in their order."""

    positions: tuple[float, ...]


@dataclass(frozen=True)
class Transition:
    """A change of state, for the log."""

    before: State
    after: State
    cause: str
