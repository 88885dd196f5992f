# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Whether somebody has control of the room, and what a release at the robot blocks."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control.causes import NO_PRODUCER, NOBODY, RELEASED
from lerobot_arena_ros.control.control_watch import ControlWatch


def watch(holder: str | None = 'a', number: int = 5) -> ControlWatch:
    """Return a watch of a room whose control is known."""
    made = ControlWatch()
    made.join()
    made.note(holder, number, has_drivers=True)
    return made


def cause(made: ControlWatch) -> str | None:
    """Return the obstacle for updates that need control."""
    return made.obstacle(may_be_nobody=False)


def test_nothing_is_required_of_a_server_that_reports_no_control() -> None:
    """Before the first message there is no obstacle."""
    assert cause(ControlWatch()) is None


@pytest.mark.parametrize(
    ('holder', 'has_drivers', 'expected'),
    [('a', True, None), (None, True, NOBODY), (None, False, NO_PRODUCER)],
)
def test_somebody_has_to_have_control(
    holder: str | None, has_drivers: bool, expected: str | None
) -> None:
    """Without a participant that may have control, one has to come first."""
    made = ControlWatch()

    assert made.note(holder, 1, has_drivers=has_drivers)

    assert cause(made) == expected
    assert made.obstacle(may_be_nobody=True) is None


@pytest.mark.parametrize(
    ('holder', 'number', 'is_new'),
    [('a', 5, False), ('a', 7, True), ('b', 6, True), (None, 6, True)],
)
def test_a_change_is_told_from_a_repetition(holder: str, number: int, is_new: bool) -> None:
    """With the same number, only who asks or who could drive is new."""
    assert watch().note(holder, number, has_drivers=True) is is_new


def test_a_join_forgets_who_had_control() -> None:
    """After a join anything reported is new."""
    made = watch(None)

    made.join()

    assert cause(made) is None
    assert made.note('a', 5, has_drivers=True)


@pytest.mark.parametrize('may_be_nobody', [True, False])
def test_a_release_blocks_everything(may_be_nobody: bool) -> None:
    """Also commands over REST, and also while nobody has control."""
    for made in (watch(), watch(None), ControlWatch()):
        made.release()
        assert made.obstacle(may_be_nobody=may_be_nobody) == RELEASED


def test_a_release_ends_with_the_next_holder() -> None:
    """It ends when somebody gets control after the room has answered."""
    made = watch()
    made.release()

    made.note(None, 6, has_drivers=True)
    made.on_release_answered()
    assert cause(made) == RELEASED

    made.note('a', 7, has_drivers=True)
    assert cause(made) is None


def test_a_holder_from_before_the_answer_does_not_end_a_release() -> None:
    """The room has taken its control away, but has not reported that yet."""
    made = watch()
    made.release()

    made.note('b', 6, has_drivers=True)
    assert cause(made) == RELEASED
    made.note(None, 7, has_drivers=True)
    made.on_release_answered()

    assert cause(made) == RELEASED


def test_a_release_is_in_force_after_a_join() -> None:
    """If the request was lost with the link, the same holder does not move the robot again."""
    made = watch()
    made.release()

    made.join()
    made.note('a', 5, has_drivers=True)
    assert cause(made) == RELEASED

    made.note('b', 6, has_drivers=True)
    assert cause(made) is None


def test_a_holder_of_unknown_age_does_not_end_a_release() -> None:
    """It may have got control before the release, whose answer was lost with the link."""
    made = watch()
    made.release()

    made.join()
    made.note('b', 6, has_drivers=True)
    assert cause(made) == RELEASED

    made.note('b', 8, has_drivers=True)
    assert cause(made) is None


def test_a_holder_since_the_answer_ends_a_release_after_a_join() -> None:
    """Because it got control after the release."""
    made = watch()
    made.release()
    made.note(None, 6, has_drivers=True)
    made.on_release_answered()

    made.join()
    made.note('a', 7, has_drivers=True)

    assert cause(made) is None


def test_a_refused_release_is_in_force() -> None:
    """The room refuses it, but this robot does not follow the same holder."""
    made = watch()
    made.release()

    made.on_release_answered()

    assert cause(made) == RELEASED


def test_a_holder_from_before_a_refusal_does_not_end_a_release() -> None:
    """The room refuses a release of a robot whose state it has not received yet."""
    made = watch()
    made.release()

    made.note('b', 6, has_drivers=True)
    made.on_release_answered()
    assert cause(made) == RELEASED

    made.note('c', 7, has_drivers=True)
    assert cause(made) is None
