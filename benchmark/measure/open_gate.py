# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Parameters of a bridge that passes every update on at once."""

from __future__ import annotations

from typing import Any

__all__ = ['OPEN_GATE']

OPEN_GATE: dict[str, Any] = {
    'consume.require_feedback': 'never',
    'consume.require_limits': 'never',
    'consume.allow_other_publishers': True,
    'consume.max_acceleration': 0.0,
    'consume.start_velocity': 100.0,
    'consume.max_velocity': 100.0,
}
"""A measurement of the path must not measure the limits of motion."""
