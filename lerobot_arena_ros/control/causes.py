"""The sentences that say why a robot is not commanded or not sent, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    'CONNECTING',
    'INACTIVE',
    'LIVE',
    'LOOKING',
    'LOOKING_FOR_FEEDBACK',
    'NO_JOINTS',
    'NO_PRODUCER',
    'NO_UPDATE',
    'NORMAL_CAUSES',
    'late',
    'nonfinite',
    'paused',
    'silent_server',
    'unheard',
    'unjoined',
    'unmeasured',
    'unpublished',
]

INACTIVE = 'inactive: activate the node (ros2 lifecycle set NODE activate)'
LIVE = 'live'
LOOKING = 'looking for other nodes that command the robot'
LOOKING_FOR_FEEDBACK = 'looking for publishers of joint_states'
NO_JOINTS = 'no joints are known: list them in joints, or publish robot_description'
NO_PRODUCER = 'the room has no producer: start the leader, or drive from the console'
NO_UPDATE = 'waiting for a live update: move the leader'
CONNECTING = 'connecting to the room'

NORMAL_CAUSES = frozenset(
    {INACTIVE, LOOKING, LOOKING_FOR_FEEDBACK, NO_PRODUCER, NO_UPDATE, CONNECTING}
)
"""Causes for which a robot waits although nothing is wrong."""


def unpublished(topic: str) -> str:
    """Return the cause of a robot without a publisher of ``joint_states``."""
    return (
        f'nothing publishes joint_states on {topic}: start the driver of the robot, or remap '
        'joint_states'
    )


def unmeasured(names: Sequence[str]) -> str:
    """Return the cause of a robot some of whose joints were never measured."""
    return (
        f'no joint_states of {", ".join(names)} yet: check the driver, and the names of the joints'
    )


def unheard(topic: str) -> str:
    """Return the cause of a robot that does not listen to its commands."""
    return (
        f'nothing subscribes to {topic}: start the controller of the robot, or remap '
        'joint_commands'
    )


def unjoined(trouble: str) -> str:
    """Return the cause of a robot whose room is not joined."""
    return f'not in the room: {trouble}; trying until it works'


def silent_server(silent_s: float) -> str:
    """Return the cause of a robot whose server has been silent for so long."""
    return f'no sign of life from the server for {silent_s:g} s: check the network and the server'


def late(delay_s: float | None, longest_s: float) -> str | None:
    """
    Return how late the link is; None while it is in time, or while its delay is not known.

    :param delay_s: how long a round trip takes.
    :param longest_s: how long it may take.
    """
    if delay_s is None or delay_s <= longest_s:
        return None
    return (
        f'the link is late: a round trip takes {delay_s:.2f} s, link.max_delay_s is'
        f' {longest_s:g}; check the network'
    )


def nonfinite(name: str, position: float) -> str:
    """Return the cause of a joint that is measured at no number."""
    return f'{name} is measured at {position}: check the driver'


def paused(paused_s: float) -> str:
    """Return the cause of a robot whose process does not run its ROS callbacks."""
    return (
        f'the ROS callbacks of this process have not run for {paused_s:.1f} s: check its machine'
    )
