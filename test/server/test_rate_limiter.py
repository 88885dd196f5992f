# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rate limiter of the frames of one participant."""

from __future__ import annotations

from collections import Counter

import pytest

from lerobot_arena_ros.server.net.rate_limiter import BURST_S, RateLimiter, Verdict

RATE_HZ = 100.0


def verdicts(rate_hz: float, seconds: float) -> list[Verdict]:
    """Return the verdicts for an even stream of frames."""
    limiter = RateLimiter(RATE_HZ, 0.0)
    return [limiter.check(step / rate_hz) for step in range(int(rate_hz * seconds))]


@pytest.mark.parametrize('rate_hz', [1.0, 50.0, 100.0])
def test_a_sender_within_the_rate_is_never_limited(rate_hz: float) -> None:
    """All frames of a stream within the rate pass, for any duration."""
    assert set(verdicts(rate_hz, 600.0)) == {Verdict.PASS}


def test_a_burst_passes() -> None:
    """A burst of two seconds at the full rate passes."""
    limiter = RateLimiter(RATE_HZ, 0.0)
    burst = [limiter.check(0.0) for _ in range(int(RATE_HZ * BURST_S))]

    assert set(burst) == {Verdict.PASS}
    assert limiter.check(0.0) is Verdict.DROP_AND_REPLY


def test_a_sender_above_the_rate_loses_the_excess_and_stays() -> None:
    """At twice the rate, half of the frames pass for any duration."""
    seen = Counter(verdicts(2 * RATE_HZ, 600.0))

    assert seen[Verdict.CLOSE] == 0
    assert seen[Verdict.PASS] == pytest.approx(RATE_HZ * (600.0 + BURST_S), abs=2)


def test_an_error_reply_is_sent_once_per_second() -> None:
    """There is at most one error reply per second."""
    seen = Counter(verdicts(2 * RATE_HZ, 60.0))

    assert 57 <= seen[Verdict.DROP_AND_REPLY] <= 60


def test_a_runaway_is_closed() -> None:
    """A sender far above the rate is disconnected; frames within the rate pass until then."""
    seen = verdicts(12 * RATE_HZ, 1.0)
    end = seen.index(Verdict.CLOSE)

    assert Counter(seen[:end])[Verdict.PASS] >= RATE_HZ * BURST_S
    assert end / (12 * RATE_HZ) == pytest.approx(0.4, abs=0.05)


def test_the_lowest_rate_lets_one_frame_pass() -> None:
    """The bucket holds at least one frame, even at a very low rate."""
    assert RateLimiter(0.001, 0.0).check(0.0) is Verdict.PASS
