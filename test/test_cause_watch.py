"""When the cause of an interruption is logged."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control.cause_watch import CauseWatch, Line


def watch() -> CauseWatch:
    """Make one whose interruption begins at 0 s."""
    return CauseWatch(blocked='blocked', flowing='flowing', now=0.0)


def told(causes: CauseWatch, *seen: tuple[float, str]) -> list[str]:
    """List what is logged when these are seen at these times."""
    lines = [causes.blocks(cause, now, is_fault=True) for now, cause in seen]
    return [line.text for line in lines if line is not None]


def test_a_cause_is_logged_once_after_three_seconds() -> None:
    """A shorter one is not, because a robot may begin in a moment."""
    assert told(watch(), (0.0, 'a'), (2.9, 'a'), (3.0, 'a'), (3.5, 'a'), (99.0, 'a')) == [
        'blocked: a'
    ]


def test_each_change_of_the_cause_is_logged() -> None:
    """The later ones do not wait for three seconds."""
    seen = told(watch(), (3.0, 'a'), (3.5, 'b'), (4.0, 'b'), (4.5, 'c'))
    assert seen == ['blocked: a', 'blocked: b', 'blocked: c']


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        ('silent for 1.5 s', 'silent for 20.5 s'),
        ('a round trip takes 0.60 s, at most 0.5', 'a round trip takes 12.00 s, at most 0.5'),
        ('at -3 rad', 'at 4 rad'),
    ],
)
def test_another_number_is_no_other_cause(first: str, second: str) -> None:
    """Ages and delays change all the time."""
    assert told(watch(), (3.0, first), (4.0, second)) == [f'blocked: {first}']


@pytest.mark.parametrize(
    ('first', 'second'),
    [('no joint_states of j1', 'no joint_states of j2'), ('/arm1/bridge', '/arm2/bridge')],
)
def test_a_number_in_a_name_belongs_to_the_cause(first: str, second: str) -> None:
    """It says which joint or node it is."""
    assert len(told(watch(), (3.0, first), (4.0, second))) == 2


def test_causes_that_take_turns_do_not_fill_the_log() -> None:
    """Each is logged once in half a minute, and the last line is right in the end."""
    seen = [(3.0 + 0.5 * step, 'ab'[step % 2]) for step in range(120)]
    assert told(watch(), *seen) == ['blocked: a', 'blocked: b'] * 2
    assert told(watch(), (3.0, 'a'), (4.0, 'b'), (5.0, 'a'), (33.5, 'a')) == [
        'blocked: a',
        'blocked: b',
        'blocked: a',
    ]


def test_the_end_is_logged_where_a_fault_was() -> None:
    """Once; a normal state that ends is not worth a line."""
    causes = watch()
    assert causes.flows(1.0) is None
    assert causes.blocks('normal', 4.0, is_fault=False) == Line(False, 'blocked: normal')
    assert causes.flows(5.0) is None
    assert causes.blocks('a', 8.0, is_fault=True) == Line(True, 'blocked: a')
    assert causes.flows(9.0) == Line(False, 'flowing')
    assert causes.flows(9.5) is None


def test_what_was_logged_elsewhere_is_not_logged_again() -> None:
    """The change of the gate's state has a line of its own."""
    causes = watch()
    causes.told('a', 0.0)
    assert told(causes, (3.0, 'a'), (3.5, 'b')) == ['blocked: b']
    assert causes.flows(4.0) == Line(False, 'flowing')
