"""Pauses of a thread: what counts as one, while it lasts and afterwards."""

from __future__ import annotations

import math

import pytest

from lerobot_arena_ros.control.pauses import PauseWatch


def test_a_thread_that_runs_often_has_no_pause() -> None:
    """A gap of exactly the longest time is none."""
    watch = PauseWatch(1.0, 10.0)

    for now in (10.5, 11.5, 12.5):
        watch.seen(now)

    assert watch.pausing_s(13.5) is None
    assert watch.paused_s(12.5, 100.0) is None


def test_a_pause_is_noticed_while_it_lasts() -> None:
    """Another thread learns for how long this one has not run."""
    watch = PauseWatch(1.0, 0.0)
    watch.seen(5.0)
    watch.seen(5.5)

    assert watch.pausing_s(6.5) is None
    assert watch.pausing_s(7.0) == pytest.approx(1.5)


def test_a_pause_is_known_for_a_while_after_its_end() -> None:
    """Its length is told until the time is over; running on does not shorten that time."""
    watch = PauseWatch(1.0, 0.0)
    watch.seen(4.0)
    watch.seen(4.1)

    assert watch.pausing_s(4.2) is None
    assert watch.paused_s(4.0, 3.5) == pytest.approx(4.0)
    assert watch.paused_s(7.4, 3.5) == pytest.approx(4.0)
    assert watch.paused_s(7.5, 3.5) is None


def test_the_latest_pause_counts() -> None:
    """Another pause within the time of the last one begins that time anew."""
    watch = PauseWatch(1.0, 0.0)
    watch.seen(3.0)
    watch.seen(5.0)

    assert watch.paused_s(7.9, 3.0) == pytest.approx(2.0)
    assert watch.paused_s(8.0, 3.0) is None


def test_a_clock_that_went_back_is_a_pause() -> None:
    """How long it was is not known, so the distance counts."""
    watch = PauseWatch(1.0, 100.0)

    assert watch.pausing_s(50.0) == pytest.approx(50.0)
    watch.seen(50.0)
    assert watch.paused_s(50.5, 3.5) == pytest.approx(50.0)


def test_an_infinite_limit_knows_no_pause() -> None:
    """So a gate behaves that has no thread to watch."""
    watch = PauseWatch(math.inf, 0.0)
    watch.seen(1e9)

    assert watch.pausing_s(2e9) is None
    assert watch.paused_s(1e9, 3.5) is None
