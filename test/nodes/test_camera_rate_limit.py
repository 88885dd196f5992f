# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.nodes.camera.rate_limit: which pictures of a topic are sent."""

from __future__ import annotations

import random

import pytest

from lerobot_arena_ros.nodes.camera.rate_limit import RateLimit


def accepted(limit: RateLimit, rate_hz: float, seconds: float, jitter_s: float = 0.0) -> int:
    """Return how many pictures of a camera are accepted."""
    source = random.Random(1)
    return sum(
        limit.accepts(count / rate_hz + source.uniform(0, jitter_s))
        for count in range(round(rate_hz * seconds))
    )


@pytest.mark.parametrize('rate_hz', [1.0, 15.0, 30.0])
def test_a_camera_that_is_not_faster_loses_nothing(rate_hz: float) -> None:
    """Each picture is accepted, also if the camera jitters by half a period."""
    count = round(rate_hz * 20)

    assert accepted(RateLimit(30.0), rate_hz, 20, jitter_s=0.45 / 30.0) == count


@pytest.mark.parametrize('rate_hz', [45.0, 60.0, 240.0])
def test_a_faster_camera_is_limited(rate_hz: float) -> None:
    """The average rate is the limit."""
    assert accepted(RateLimit(30.0), rate_hz, 20) == pytest.approx(600, rel=0.02)


def test_zero_is_unlimited() -> None:
    """A limit of 0 accepts each picture."""
    assert accepted(RateLimit(0.0), 1000.0, 1) == 1000


def test_a_pause_earns_no_burst() -> None:
    """After a pause the rate is limited as before it."""
    limit = RateLimit(10.0)
    assert limit.accepts(0.0)

    assert sum(limit.accepts(100.0 + count / 1000) for count in range(100)) <= 2
