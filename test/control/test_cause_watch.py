# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""When a lasting condition is logged."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control.cause_watch import MAX_REMEMBERED, CauseWatch, Line
from lerobot_arena_ros.control.condition import Condition, Level, Severity, fine

WELL = fine('well')


def watch() -> CauseWatch:
    """Return a watch whose interruption begins at 0 s."""
    return CauseWatch(recovered='well again', now=0.0)


def fault(text: str) -> Condition:
    """Return a condition that the user has to act on."""
    return Condition(Level.WARN, text)


def normal(text: str) -> Condition:
    """Return a condition that is normal."""
    return Condition(Level.STALE, text, Severity.INFO)


def told(causes: CauseWatch, *seen: tuple[float, str]) -> list[str]:
    """Return the lines that are logged for these faults at these times."""
    lines = [causes.update(fault(text), now) for now, text in seen]
    return [line.text for line in lines if line is not None]


def test_a_fault_is_logged_once_after_two_and_a_half_seconds() -> None:
    """
    A fault is logged once, after 2.5 s.

    With a check every 0.5 s it is in the log within 3 s; a shorter fault is not logged.
    """
    seen = [(0.0, 'a'), (2.4, 'a'), (2.5, 'a'), (3.0, 'a'), (99.0, 'a')]
    assert told(watch(), *seen) == ['a']


def test_a_fault_counts_from_when_the_work_was_done_last() -> None:
    """
    A fault counts from when the work was done last.

    The time until a silence is noticed is part of the 3 s.
    """
    causes = watch()
    causes.update(WELL, 10.0, worked_at=8.9)

    assert causes.update(fault('a'), 11.3) is None
    assert causes.update(fault('a'), 11.4) == Line(True, 'a')


def test_each_change_of_the_text_is_logged() -> None:
    """Each change of the text is logged, without another delay."""
    seen = told(watch(), (3.0, 'a'), (3.5, 'b'), (4.0, 'b'), (4.5, 'c'))
    assert seen == ['a', 'b', 'c']


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        ('silent for 1.5 s', 'silent for 20.5 s'),
        ('a round trip takes 0.60 s, at most 0.5', 'a round trip takes 12.00 s, at most 0.5'),
        ('at -3 rad', 'at 4 rad'),
    ],
)
def test_another_number_is_no_other_cause(first: str, second: str) -> None:
    """Texts that differ only in numbers are one cause, because ages and delays always change."""
    assert told(watch(), (3.0, first), (4.0, second)) == [first]


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        ('no joint_states of j1', 'no joint_states of j2'),
        ('/arm1/bridge', '/arm2/bridge'),
        ('http://arena: HTTP 502', 'http://arena: HTTP 403'),
    ],
)
def test_a_number_in_a_name_belongs_to_the_cause(first: str, second: str) -> None:
    """A number in a name, or a status code of the server, belongs to the cause."""
    assert len(told(watch(), (3.0, first), (4.0, second))) == 2


def test_causes_that_take_turns_do_not_fill_the_log() -> None:
    """Alternating causes are each logged once in 30 s, and the last line is correct in the end."""
    seen = [(3.0 + 0.5 * step, 'ab'[step % 2]) for step in range(120)]
    assert told(watch(), *seen) == ['a', 'b'] * 2
    assert told(watch(), (3.0, 'a'), (4.0, 'b'), (5.0, 'a'), (33.5, 'a')) == ['a', 'b', 'a']


def test_the_end_is_logged_where_a_fault_was() -> None:
    """The end of a fault is logged once; the end of a normal state is not."""
    causes = watch()
    assert causes.update(WELL, 1.0) is None
    assert causes.update(normal('waiting'), 4.0) == Line(False, 'waiting')
    assert causes.update(WELL, 5.0) is None
    assert causes.update(fault('a'), 8.0) == Line(True, 'a')
    assert causes.update(WELL, 9.0) == Line(False, 'well again')
    assert causes.update(WELL, 9.5) is None


def test_what_was_logged_elsewhere_is_not_logged_again() -> None:
    """A cause that was logged as a change of the gate's state is not logged again."""
    causes = watch()
    causes.mark_logged(fault('a'), 0.0)
    assert told(causes, (3.0, 'a'), (3.5, 'b')) == ['b']
    assert causes.update(WELL, 4.0) == Line(False, 'well again')


def test_a_condition_that_is_logged_elsewhere_is_not_logged() -> None:
    """
    A condition that is logged elsewhere has no line, and what follows it counts as new.

    An emergency stop is one.
    """
    causes = watch()
    assert causes.update(fault('a'), 3.0) is not None
    assert causes.update(Condition(Level.ERROR, 'stopped', Severity.NONE), 10.0) is None
    assert causes.update(WELL, 11.0) is None
    assert told(causes, (12.0, 'a'), (13.5, 'a')) == ['a']


def test_values_that_always_differ_are_one_text_and_take_no_memory() -> None:
    """Values that always differ fill neither the log nor the memory."""
    causes = watch()
    values = ('1e300', '6.8e+78', 'nan', '-inf', '-7.5e-05', '3')
    lines = [
        causes.update(fault(f"'other' (measured at {values[step % 6]})"), 3.0 + step)
        for step in range(20)
    ]
    assert len([line for line in lines if line is not None]) == 1

    lines = [
        causes.update(fault(f'driver-{step}-x says {step}x'), 30.0 + step) for step in range(999)
    ]
    assert len(causes._logged_at) <= MAX_REMEMBERED
