# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The hops that the lower bound of the benchmark is the sum of."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from benchmark.measure.pipelines import PROTOCOL_HOP, ROS_HOP, protocol_hop, ros_hop
from benchmark.measure.rounds import rounds, warm_up


@pytest.mark.parametrize(('name', 'hop'), [(ROS_HOP, ros_hop), (PROTOCOL_HOP, protocol_hop)])
def test_a_hop_of_the_lower_bound_delivers_each_message(name: str, hop: object) -> None:
    """Each message arrives, and both ends take CPU time."""
    assert callable(hop)
    with hop(6) as pipeline:
        warm_up(pipeline)
        (result,) = rounds([pipeline], [100.0], 6, times=2, seconds=0.2)
    row = result.row()

    assert row['path'] == name
    assert (result.sent, result.latency.lost) == (40, 0)
    assert 0.0 < result.latency.min_us <= result.latency.p50_us
    assert result.ends_s['sender'] > 0.0
    assert result.ends_s['receiver'] > 0.0
