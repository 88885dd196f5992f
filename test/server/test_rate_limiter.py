"""How many frames a second one participant may send."""

from __future__ import annotations

from collections import Counter

import pytest

from lerobot_arena_ros.server.net.rate_limiter import BURST_S, RateLimiter, Verdict

RATE_HZ = 100.0


def verdicts(rate_hz: float, seconds: float) -> list[Verdict]:
    """Judge an even stream of frames."""
    limiter = RateLimiter(RATE_HZ, 0.0)
    return [limiter.check(step / rate_hz) for step in range(int(rate_hz * seconds))]


@pytest.mark.parametrize('rate_hz', [1.0, 50.0, 100.0])
def test_who_keeps_to_the_rate_is_never_held_back(rate_hz: float) -> None:
    """However long it lasts."""
    assert set(verdicts(rate_hz, 600.0)) == {Verdict.PASS}


def test_a_burst_passes() -> None:
    """Two seconds' worth of frames may come at once."""
    limiter = RateLimiter(RATE_HZ, 0.0)
    burst = [limiter.check(0.0) for _ in range(int(RATE_HZ * BURST_S))]

    assert set(burst) == {Verdict.PASS}
    assert limiter.check(0.0) is Verdict.DROP_AND_REPLY


def test_who_is_somewhat_too_fast_loses_the_excess_and_stays() -> None:
    """At twice the rate, half passes, for ever."""
    seen = Counter(verdicts(2 * RATE_HZ, 600.0))

    assert seen[Verdict.CLOSE] == 0
    assert seen[Verdict.PASS] == pytest.approx(RATE_HZ * (600.0 + BURST_S), abs=2)


def test_who_is_too_fast_is_told_once_a_second() -> None:
    """A complaint for each frame would be a flood of its own."""
    seen = Counter(verdicts(2 * RATE_HZ, 60.0))

    assert 57 <= seen[Verdict.DROP_AND_REPLY] <= 60


def test_a_runaway_is_closed() -> None:
    """Beyond twice the rate patience ends; until then what may pass passes."""
    seen = verdicts(12 * RATE_HZ, 1.0)
    end = seen.index(Verdict.CLOSE)

    assert Counter(seen[:end])[Verdict.PASS] >= RATE_HZ * BURST_S
    assert end / (12 * RATE_HZ) == pytest.approx(0.4, abs=0.05)


def test_the_lowest_rate_lets_one_frame_pass() -> None:
    """A limit of less than one frame in two seconds would let nobody say anything."""
    assert RateLimiter(0.001, 0.0).check(0.0) is Verdict.PASS
