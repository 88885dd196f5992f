"""The names of the arm's joints and cameras."""

from __future__ import annotations

__all__ = ['CAMERAS', 'JOINTS']

JOINTS = ('shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper')
"""From the base to the jaw."""

CAMERAS = ('front', 'wrist')
"""The first camera shows the whole arm; the second one is mounted on the gripper."""
