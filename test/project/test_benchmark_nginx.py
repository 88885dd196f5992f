# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The measurement of arenas behind nginx: what it counts, and that it runs."""

from __future__ import annotations

import pytest
from support.required import require

from benchmark.harness.nginx_proxy import find_nginx
from benchmark.measure.behind_nginx import Arrangement, ArrangementResult, behind_nginx


def test_merged_updates_do_not_count_as_received() -> None:
    """CPU is that of all servers, the busiest is reported apart, and so is nginx."""
    result = ArrangementResult(Arrangement('2, nginx', 'http://127.0.0.1:1', (1, 2), (3,)), 24)
    result.due, result.windows_s, result.seconds = 10, [[0.001] * 4, [0.002] * 4], 2.0
    result.server_s, result.nginx_s, result.participants_s = [0.3, 0.5], 0.2, 1.0
    row = result.row()

    assert (row['count'], row['merged'], row['received_hz']) == (8, 2, 4.0)
    assert (row['server_us'], row['nginx_us']) == (pytest.approx(1e5), pytest.approx(2.5e4))
    assert (row['busiest_cores'], row['participants_cores']) == (0.25, 0.5)


def test_one_and_several_are_measured_side_by_side() -> None:
    """Each arrangement carries the same load, and only those with nginx have its CPU."""
    require('nginx', find_nginx(), 'nginx is not installed')
    rows = behind_nginx([3], times=1, seconds=0.2)

    assert [row['arrangement'] for row in rows] == ['1, direct', '1, nginx', '3, nginx']
    assert all(row['count'] > 0 and row['server_us'] > 0 for row in rows)
    assert [row['nginx_us'] > 0 for row in rows] == [False, True, True]
