"""
The additions to the wire that a participant and a server agree on.

A client names the features it knows in its join frame. The server answers in ``joined`` with
those that it serves to this participant. What is not in both lists is never sent, so a program
that knows none of them meets no unknown message. docs/reference/messages.md has the table.
"""

from __future__ import annotations

from enum import Enum

__all__ = ['Feature', 'known_features']


class Feature(str, Enum):
    """
    One addition to the wire.

    ``heartbeat_seq``: heartbeats are numbered, and each answer repeats the number.
    ``last_stop``: ``joined`` tells the last emergency stop of the room and its age.
    ``robot_state``: a robot may send its state; a participant that sends none receives them.
    ``refused_joints``: an error names the joints for which an update was refused.
    ``remote_reset``: a robot that has it may be asked to reset its stop; a viewer may ask.
    ``liveness``: ``joined`` tells how long the participant may send nothing. Its own messages
    count, and answers to pings do not: a browser gives those for a page that it has frozen.
    """

    HEARTBEAT_SEQ = 'heartbeat_seq'
    LAST_STOP = 'last_stop'
    ROBOT_STATE = 'robot_state'
    REFUSED_JOINTS = 'refused_joints'
    REMOTE_RESET = 'remote_reset'
    LIVENESS = 'liveness'


def known_features(names: object) -> frozenset[Feature]:
    """Return the known features of a list as it came from JSON; ignore everything else."""
    if not isinstance(names, list):
        return frozenset()
    return frozenset(feature for feature in Feature if feature.value in names)
