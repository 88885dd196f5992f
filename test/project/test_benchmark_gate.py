# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The measurement of the gate."""

from __future__ import annotations

from benchmark.measure.gate_steps import CALLS, gate_steps


def test_the_gate_is_timed_while_all_its_joints_move() -> None:
    """Each call takes some time, and more with more joints."""
    few, many = gate_steps((2, 40), times=3, steps=70)

    assert (few['joints'], many['joints']) == (2, 40)
    for call in CALLS:
        assert 0.0 < few[f'{call}_us'] < many[f'{call}_us']
