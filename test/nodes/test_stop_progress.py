"""How far arena_stop is with each bridge, and when it ends, over a clock of the test."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.nodes.stop.progress import (
    ANSWER_S,
    CALL_AGAIN_S,
    QUIET_S,
    RESET,
    STOP,
    Progress,
    Request,
)

NAME = '/arm/arena_bridge'
TIMEOUT_S = 5.0


def begun(request: Request = STOP, *, expected: int = 0) -> Progress:
    """Begin at 0."""
    return Progress(request, 0.0, timeout_s=TIMEOUT_S, expected=expected)


def test_a_bridge_is_what_offers_a_stop() -> None:
    """Whatever its node is called, and once, however many services it has."""
    services = ['/a/x/trigger_emergency_stop', '/a/x/reset_emergency_stop', '/a/other', '/trigger']

    assert STOP.bridges(services) == {'/a/x'}


def test_only_a_bridge_is_reset() -> None:
    """Another node may offer a reset of something that this package knows nothing about."""
    services = ['/driver/reset_emergency_stop', '/b/reset_emergency_stop']

    assert RESET.bridges([*services, '/b/trigger_emergency_stop']) == {'/b'}


def test_an_answer_confirms() -> None:
    """At once, with what the bridge said."""
    progress = begun()
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    assert progress.new_lines(1.0) == []
    bridge.on_answer(True, 'stopped: that is why (from a person)')

    assert progress.new_lines(1.0) == [f'{NAME}: stopped (that is why (from a person))']
    assert progress.new_lines(1.0) == []
    assert progress.has_succeeded(1.0)


def test_the_status_confirms_where_the_answer_is_lost() -> None:
    """After a moment in which the answer, which has the reason, may still come."""
    progress = begun()
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    bridge.on_status(True)

    assert progress.new_lines(1.0) == []
    assert progress.new_lines(1.0 + ANSWER_S) == [
        f'{NAME}: stopped (its emergency_stop_active says true)'
    ]


def test_a_status_from_before_the_call_proves_nothing() -> None:
    """Or one that is about to be taken back would."""
    bridge = begun().find(NAME, 1.0)
    bridge.on_status(True)
    bridge.call(1.0)

    assert not bridge.is_confirmed(4.0)


def test_a_bridge_that_does_not_answer_is_called_again() -> None:
    """And not once it has confirmed."""
    bridge = begun().find(NAME, 1.0)
    assert bridge.is_due(1.0)
    bridge.call(1.0)

    assert not bridge.is_due(1.0 + CALL_AGAIN_S / 2)
    assert bridge.is_due(1.0 + CALL_AGAIN_S)
    bridge.on_answer(True, 'stopped')
    assert not bridge.is_due(1.0 + CALL_AGAIN_S)


def test_a_refusal_is_taken_back_by_a_success() -> None:
    """But not the other way round: an answer to an earlier call may come late."""
    progress = begun(RESET)
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    bridge.on_answer(False, 'not reset: it is pressed')
    assert progress.summary(1.0)[0] == f'{NAME}: NOT confirmed (not reset: it is pressed)'
    bridge.on_answer(True, 'reset')
    bridge.on_answer(False, 'not reset: it is pressed')

    assert progress.new_lines(1.0) == [f'{NAME}: reset']


def test_bridges_of_one_name_cannot_confirm() -> None:
    """Each of them counts, and none of them as confirmed."""
    progress = begun()
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    bridge.on_answer(True, 'stopped')
    bridge.on_publisher_count(2)
    first, last = progress.summary(1.0)

    assert first.startswith(f'{NAME}: NOT confirmed (2 bridges have this name, ')
    assert last == '0 of 2 bridges confirmed'
    assert not progress.has_succeeded(1.0)


def test_a_bridge_that_does_not_confirm_is_told_of_with_what_to_do() -> None:
    """It is the last thing on the screen but one."""
    progress = begun()
    progress.find(NAME, 1.0).call(1.0)

    assert progress.summary(TIMEOUT_S) == [
        f"{NAME}: NOT confirmed (no answer): use the robot's own stop",
        '0 of 1 bridges confirmed',
    ]


def test_it_ends_once_all_that_was_found_is_quiet() -> None:
    """Another bridge may be announced until then."""
    progress = begun()
    bridge = progress.find(NAME, 0.5)
    bridge.call(0.5)
    bridge.on_answer(True, 'stopped')
    progress.new_lines(0.6)

    assert not progress.is_over(0.5 + QUIET_S)
    assert progress.is_over(0.6 + QUIET_S)


def test_it_waits_for_an_answer_until_the_time_is_over() -> None:
    """A refusal is an answer."""
    progress = begun()
    bridge = progress.find(NAME, 0.5)
    bridge.call(0.5)
    assert not progress.is_over(0.5 + QUIET_S)
    assert progress.is_over(TIMEOUT_S)
    bridge.on_answer(False, 'no')

    assert progress.is_over(0.5 + QUIET_S)


def test_a_bridge_that_is_found_late_gets_its_time() -> None:
    """Or it would be reported as one that does not answer."""
    progress = begun()
    progress.find(NAME, TIMEOUT_S - 0.1).call(TIMEOUT_S - 0.1)

    assert not progress.is_over(TIMEOUT_S)
    assert progress.is_over(TIMEOUT_S - 0.1 + CALL_AGAIN_S)


def test_with_nothing_found_the_whole_time_is_used() -> None:
    """And it is no success."""
    progress = begun()

    assert not progress.is_over(TIMEOUT_S - 0.1)
    assert progress.is_over(TIMEOUT_S)
    assert not progress.has_succeeded(TIMEOUT_S)


@pytest.mark.parametrize(('expected', 'ends'), [(1, True), (2, False)])
def test_how_many_there_are_decides_where_it_is_said(expected: int, ends: bool) -> None:
    """It ends at once with the last of them, and not before."""
    progress = begun(expected=expected)
    bridge = progress.find(NAME, 0.5)
    bridge.call(0.5)
    bridge.on_answer(True, 'stopped')

    assert progress.is_over(0.5) == ends
    assert progress.is_over(0.5 + QUIET_S) == ends
    assert progress.has_succeeded(TIMEOUT_S) == ends


def test_bridges_that_are_not_found_are_told_of() -> None:
    """That a robot is missing must not look like success."""
    progress = begun(expected=3)

    assert progress.summary(TIMEOUT_S) == [
        "3 of 3 expected bridges not found: use the robot's own stop",
        '0 of 3 bridges confirmed',
    ]
