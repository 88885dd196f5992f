# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The newest value, and the wait for it."""

from __future__ import annotations

import logging
import threading
import time

from lerobot_arena_link import NoObservation
from lerobot_arena_link.latest import Latest, check_seconds
import pytest
from support.waiting import wait_for

FOREVER_S = 600.0


def test_a_new_value_is_returned_at_once() -> None:
    """The newest value is returned, and may be read again."""
    latest: Latest[int] = Latest('numbers', max_age_s=FOREVER_S, timeout_s=FOREVER_S)
    latest.put(1, time.monotonic())
    latest.put(2, time.monotonic())

    assert latest.wait() == 2
    assert latest.wait() == 2


def test_a_value_that_is_too_old_is_never_returned() -> None:
    """A value beyond the maximum age is an error that has its age and the limits."""
    latest: Latest[int] = Latest('numbers', max_age_s=0.5, timeout_s=0.01)
    latest.put(1, time.monotonic() - 2.0)

    with pytest.raises(NoObservation, match=r'at most 0\.5 s old, waited 0\.01 s: the newest a'):
        latest.wait()


def test_a_wait_ends_with_the_next_value() -> None:
    """A thread that waits gets a value that another thread puts."""
    latest: Latest[int] = Latest('numbers', max_age_s=FOREVER_S, timeout_s=FOREVER_S)
    reasons: list[bool] = []

    def put_once_waiting() -> None:
        wait_for(lambda: reasons, 'the other thread to wait')
        latest.put(3, time.monotonic())

    thread = threading.Thread(target=put_once_waiting)
    thread.start()

    assert latest.wait(lambda: reasons.append(True)) == 3
    thread.join()


def test_an_obstacle_delays_a_value_and_is_named() -> None:
    """While there is an obstacle, no value is returned, and the error names it."""
    latest: Latest[int] = Latest('numbers', max_age_s=FOREVER_S, timeout_s=0.01)
    latest.put(1, time.monotonic())

    with pytest.raises(NoObservation, match='the room is lost'):
        latest.wait(obstacle=lambda: 'the room is lost')


def test_a_long_wait_is_logged_at_its_begin_and_end(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the reason of a wait of more than a second, and how long it took."""
    latest: Latest[int] = Latest('numbers', max_age_s=FOREVER_S, timeout_s=FOREVER_S)

    latest.put(4, time.monotonic())

    with caplog.at_level(logging.WARNING):
        latest.wait(obstacle=lambda: None if 'waiting' in caplog.text else 'the arm is off')

    assert 'numbers: waiting: the arm is off' in caplog.text
    assert 'numbers: continues after' in caplog.text


@pytest.mark.parametrize('value', [0.0, -1.0, float('nan'), float('inf')])
def test_a_duration_is_above_zero_and_finite(value: float) -> None:
    """Another number is refused with its name."""
    with pytest.raises(ValueError, match='max_age_s: expected a number of seconds above 0'):
        check_seconds('max_age_s', value)
