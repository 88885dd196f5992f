"""What has to be known of the joints before any of them may be commanded."""

from __future__ import annotations

from collections.abc import Sequence

from .joint_map import JointMap

__all__ = ['LOCKED', 'named', 'unready']

LOCKED = 'robot_description gives no range (lower = upper)'
"""Why a joint is held that robot_description calls movable."""

MAX_NAMES = 10
"""So many joints are named in one text."""


def unready(joint_map: JointMap, *, require_limits: bool) -> str | None:
    """Return what is missing, and what to do about it; None = nothing."""
    if not joint_map.joints:
        return 'no joints are known: list them in joints, or publish robot_description'
    if joint_map.mimics:
        names = named(joint_map.mimics)
        return f'{names} must not be commanded, because robot_description says mimic: list others'
    if joint_map.unknown_range:
        return (
            f'range of {_faulty(joint_map, joint_map.unknown_range)} is unknown: set '
            'joint_map.<joint>.min and .max, or publish a robot_description that has it'
        )
    if require_limits and joint_map.unknown_limits:
        return (
            f'limits of {_faulty(joint_map, joint_map.unknown_limits)} are unknown: publish a '
            'robot_description that has them, set joint_map.<joint>.min and .max, or '
            'joint_map.<joint>.unlimited, or consume.require_limits: never'
        )
    if len(joint_map.locked) == len(joint_map.joints):
        return (
            f'nothing can move, because robot_description gives {named(joint_map.locked)} no '
            'range (lower = upper): correct it, or set joint_map.<joint>.min and .max'
        )
    return None


def named(names: Sequence[str]) -> str:
    """Name joints in a text, not more than fit."""
    more = len(names) - MAX_NAMES
    shown = ', '.join(f'{name:.120}' for name in names[:MAX_NAMES])
    return f'{shown} and {more} more' if more > 0 else shown


def _faulty(joint_map: JointMap, names: Sequence[str]) -> str:
    """Name joints, with what is wrong with them in robot_description."""
    odd = joint_map.odd
    return named([f'{n} (robot_description: {odd[n]})' if n in odd else n for n in names])
