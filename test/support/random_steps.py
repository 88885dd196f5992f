# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How many random events the tests of motion generate, and how."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

__all__ = ['RUNS', 'STEPS']

DEFAULT = 2_000
STEPS = int(os.environ.get('MOTION_STEPS', DEFAULT))
"""The least number of events; ``make motion`` generates a million."""

RUNS = settings(
    # Some runs end before their last step.
    max_examples=max(1, STEPS // 30),
    stateful_step_count=50,
    # The same events each time by default, so that a change is judged by them alone.
    derandomize=STEPS <= DEFAULT,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
"""The settings of Hypothesis for a state machine with that many steps."""
