"""How often the stops of one participant are passed on."""

from __future__ import annotations

from hypothesis import given, strategies
import pytest

from lerobot_arena_ros.arena.messages import EmergencyStop
from lerobot_arena_ros.server.stop_limiter import BURST, PERIOD_S, StopLimiter


def replay(times_s: list[float]) -> list[tuple[float, str | None]]:
    """Send a stop at each of these times, which are sorted; return when which was passed on."""
    limiter, passed, due_s = StopLimiter(0.0), [], None

    def release(now_s: float) -> None:
        stop = limiter.release()
        assert stop is not None
        passed.append((now_s, stop.reason))

    for number, now_s in enumerate(times_s):
        if due_s is not None and due_s <= now_s:
            release(due_s)
            due_s = None
        delay_s = limiter.take(EmergencyStop(str(number)), now_s)
        if delay_s == 0.0:
            release(now_s)
        elif delay_s is not None:
            due_s = now_s + delay_s
    if due_s is not None:
        release(due_s)
    return passed


def test_the_first_stops_of_a_burst_pass_at_once() -> None:
    """Who presses the button a few times is not limited."""
    assert replay([0.0] * BURST) == [(0.0, str(number)) for number in range(BURST)]


def test_of_a_flood_the_newest_passes_in_each_period() -> None:
    """Of a thousand stops in a second a few are passed on, and the last one is among them."""
    passed = replay([number * 1e-3 for number in range(1000)])

    assert len(passed) == pytest.approx(BURST + 1.0 / PERIOD_S, abs=2)
    assert passed[-1][1] == '999'
    assert passed[-1][0] - 0.999 <= PERIOD_S


def test_after_a_pause_a_stop_passes_at_once_again() -> None:
    """What was limited before does not delay a stop that matters."""
    passed = replay([0.0] * 20 + [10.0])

    assert passed[-1] == (10.0, '20')


@given(strategies.lists(strategies.floats(0.0, 3.0), min_size=1, max_size=200).map(sorted))
def test_no_stop_is_lost_or_late(times_s: list[float]) -> None:
    """Each stop, or a newer one in its place, is passed on within one period."""
    passed = replay(times_s)

    for number, now_s in enumerate(times_s):
        later = [at for at, reason in passed if int(str(reason)) >= number]
        assert later
        assert later[0] - now_s <= PERIOD_S + 1e-9
    assert len(passed) <= BURST + 1 + (times_s[-1] - times_s[0]) / PERIOD_S + 1
