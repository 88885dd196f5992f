# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

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
