# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Stamps that cannot be right, and stamps that do not change."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control.stamps import StampWatch, misdated


@pytest.mark.parametrize(
    ('age_s', 'text'),
    [(0.6, '0.6 s old'), (-0.6, '0.6 s ahead'), (3600.0, '3600.0 s old'), (-1e9, 's ahead')],
)
def test_an_age_is_absolute(age_s: float, text: str) -> None:
    """A stamp ahead of the clock is rejected like one behind it."""
    unusable = misdated(age_s, 1.0, oldest_s=0.5, ahead_s=0.5)

    assert unusable is not None
    assert unusable.reason == 'age'
    assert text in unusable.text


@pytest.mark.parametrize('age_s', [0.5, 0.0, -0.5])
def test_what_is_near_the_clock_counts(age_s: float) -> None:
    """A stamp slightly ahead of the clock or behind it is accepted."""
    assert misdated(age_s, 1.0, oldest_s=0.5, ahead_s=0.5) is None


def test_a_stamp_that_stands_still_grows_old() -> None:
    """A repeated stamp becomes old, even if the clock does not run."""
    watch = StampWatch()
    ages = [watch.judge('j1', 100.0, 10.0 + 0.1 * n, oldest_s=0.5) for n in range(8)]

    assert ages[:6] == [None] * 6
    assert ages[7] is not None
    assert 'repeat the stamp of 0.7 s ago' in ages[7].text
    assert watch.judge('j1', 100.1, 10.8, oldest_s=0.5) is None


def test_two_publishers_have_stamps_of_their_own() -> None:
    """A new stamp of one publisher does not refresh that of another."""
    watch = StampWatch()
    for n in range(10):
        now = 10.0 + 0.1 * n
        watch.judge('arm', 100.0 + now, now, oldest_s=0.5)
        gripper = watch.judge('gripper', 100.0, now, oldest_s=0.5)

    assert gripper is not None
