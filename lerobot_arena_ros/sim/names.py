# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The names of the arm's joints and cameras, and the place of the cube."""

from __future__ import annotations

__all__ = ['CAMERAS', 'CUBE_AT', 'JOINTS']

JOINTS = ('shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper')
"""From the base to the jaw."""

CAMERAS = ('front', 'wrist')
"""The first camera shows the whole arm; the second one is mounted on the gripper."""

CUBE_AT = (0.25, 0.12)
"""Where the cube begins on the table, in metres: in front of the base, and to its left."""
