"""What the command gate answers: its state, and what has to be published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    'INACTIVE',
    'LOOKING',
    'NORMAL_CAUSES',
    'NO_PRODUCER',
    'NO_UPDATE',
    'Command',
    'State',
    'Transition',
    'unpublished',
]

INACTIVE = 'inactive'
LOOKING = 'looking for other nodes that command the robot'
NO_PRODUCER = 'the room has no producer'
NO_UPDATE = 'waiting for a live update'

NORMAL_CAUSES = frozenset({INACTIVE, LOOKING, NO_PRODUCER, NO_UPDATE})
"""Causes for which a robot waits although nothing is wrong."""


def unpublished(topic: str) -> str:
    """Return the cause of a robot without a publisher of ``joint_states``."""
    return f'nothing publishes joint_states on {topic}'


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
