"""The joints of the SO-101, for the demos and the simulated arm."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ['SO101', 'limit_parameters']

SO101: Mapping[str, tuple[float, float]] = {
    'shoulder_pan': (-2.0, 2.0),
    'shoulder_lift': (0.0, 3.5),
    'elbow_flex': (-3.14158, 0.0),
    'wrist_flex': (-2.5, 1.2),
    'wrist_roll': (-3.14158, 3.14158),
    'gripper': (-0.2, 2.0),
}
"""Joint ranges of the SO-101 in radians, as in its public web client."""


def limit_parameters() -> dict[str, float]:
    """Return the position limits as bridge parameters."""
    return {
        f'joint_map.{name}.{end}': value
        for name, ends in SO101.items()
        for end, value in zip(('min', 'max'), ends, strict=True)
    }
