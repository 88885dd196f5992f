"""The names of the arm's joints and cameras."""

from __future__ import annotations

__all__ = ['CAMERAS', 'JOINTS']

JOINTS = ('shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper')
"""From the base to the jaw."""

CAMERAS = ('front', 'wrist')
"""One looks at the arm, the other sits on its gripper."""
