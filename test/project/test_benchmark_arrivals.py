# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The figures of values that travelled over a link."""

from __future__ import annotations

import math

import pytest

from benchmark.harness.arrivals import Arrival, Stream, after_blackout

SENT = {number: number * 0.02 for number in range(1, 101)}


def on_time(*numbers: int) -> list[tuple[int, float]]:
    """Return the arrivals of these numbers, 20 ms after they were sent."""
    return [(number, SENT[number] + 0.02) for number in numbers]


def test_ages_and_gaps_are_those_of_the_values_that_arrived() -> None:
    """A lost value makes the gap one period longer, and no value older."""
    row = Stream(SENT, on_time(*range(1, 50), *range(51, 101))).row()

    assert row['age_max_ms'] == pytest.approx(20.0)
    assert row['gap_max_ms'] == pytest.approx(40.0)
    assert row['share'] == 0.99
    assert row['has_last'] is True
    assert row['steps_back'] == 0


def test_a_value_that_is_not_newer_is_a_step_back() -> None:
    """A late value and a repeated one count as steps back, and not as arrivals."""
    stream = Stream(SENT, on_time(1, 3, 2, 3, 4))

    assert [arrival.number for arrival in stream.arrivals] == [1, 3, 4]
    assert stream.steps_back == 2
    assert not stream.has_last


def test_numbers_of_an_earlier_run_are_ignored() -> None:
    """A number that was not sent in this run is no arrival of it."""
    assert Stream({5: 1.0}, [(4, 1.1), (5, 1.2)]).ages_s == [pytest.approx(0.2)]


def test_a_run_without_arrivals_has_infinite_figures() -> None:
    """If nothing arrives, ages and gaps are infinite and the last value is missing."""
    row = Stream(SENT, []).row()

    assert row['age_p50_ms'] == row['gap_max_ms'] == math.inf
    assert row['share'] == 0.0
    assert row['has_last'] is False


def test_after_a_blackout_old_values_are_counted_until_the_next_one() -> None:
    """Old values after the end count, and the first value that was sent after it is new."""
    arrivals = [
        Arrival(1, sent_s=0.0, at_s=0.02),
        Arrival(2, sent_s=0.1, at_s=1.05),
        Arrival(3, sent_s=0.9, at_s=1.06),
        Arrival(4, sent_s=1.01, at_s=1.07),
        Arrival(5, sent_s=1.1, at_s=9.0),
    ]
    seen = after_blackout(arrivals, end_s=1.0, until_s=5.0, fresh_s=0.04)

    assert seen.first_age_s == pytest.approx(0.95)
    assert seen.old == 3  # The fourth is 60 ms old.
    assert seen.new_after_s == pytest.approx(0.07)


def test_without_arrivals_after_a_blackout_nothing_is_new() -> None:
    """If nothing arrives after a blackout, the first age and the new value are infinite."""
    seen = after_blackout([], end_s=1.0, until_s=2.0, fresh_s=0.04)

    assert (seen.first_age_s, seen.old, seen.new_after_s) == (math.inf, 0, math.inf)
