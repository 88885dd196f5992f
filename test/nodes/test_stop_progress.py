# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the progress of arena_stop, with a clock of the test."""

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
    """Return the progress of a request that starts at 0."""
    return Progress(request, 0.0, timeout_s=TIMEOUT_S, expected=expected)


def test_a_node_with_a_stop_service_is_a_bridge() -> None:
    """A node with a stop service is a bridge with any name, and counts once."""
    services = ['/a/x/trigger_emergency_stop', '/a/x/reset_emergency_stop', '/a/other', '/trigger']

    assert STOP.bridges(services) == {'/a/x'}


def test_only_a_bridge_is_reset() -> None:
    """A node with a reset service but no stop service is not a bridge."""
    services = ['/driver/reset_emergency_stop', '/b/reset_emergency_stop']

    assert RESET.bridges([*services, '/b/trigger_emergency_stop']) == {'/b'}


def test_an_answer_confirms() -> None:
    """A successful answer confirms at once, and its message is in the line."""
    progress = begun()
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    assert progress.new_lines(1.0) == []
    bridge.on_answer(True, 'stopped: that is why (from a person)')

    assert progress.new_lines(1.0) == [f'{NAME}: stopped (that is why (from a person))']
    assert progress.new_lines(1.0) == []
    assert progress.has_succeeded(1.0)


def test_the_status_confirms_without_an_answer() -> None:
    """The status confirms after a delay, because the answer with the reason may still arrive."""
    progress = begun()
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    bridge.on_status(True)

    assert progress.new_lines(1.0) == []
    assert progress.new_lines(1.0 + ANSWER_S) == [
        f'{NAME}: stopped (its emergency_stop_active is true)'
    ]


def test_a_status_from_before_the_call_is_ignored() -> None:
    """A status from before the call is ignored."""
    bridge = begun().find(NAME, 1.0)
    bridge.on_status(True)
    bridge.call(1.0)

    assert not bridge.is_confirmed(4.0)


def test_a_bridge_that_does_not_answer_is_called_again() -> None:
    """A bridge without an answer is called again until it has confirmed."""
    bridge = begun().find(NAME, 1.0)
    assert bridge.is_due(1.0)
    bridge.call(1.0)

    assert not bridge.is_due(1.0 + CALL_AGAIN_S / 2)
    assert bridge.is_due(1.0 + CALL_AGAIN_S)
    bridge.on_answer(True, 'stopped')
    assert not bridge.is_due(1.0 + CALL_AGAIN_S)


def test_a_success_replaces_a_refusal() -> None:
    """A success replaces an earlier rejection, but a late rejection does not replace a success."""
    progress = begun(RESET)
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    bridge.on_answer(False, 'not reset: it is pressed')
    assert progress.summary(1.0)[0] == f'{NAME}: NOT confirmed (not reset: it is pressed)'
    bridge.on_answer(True, 'reset')
    bridge.on_answer(False, 'not reset: it is pressed')

    assert progress.new_lines(1.0) == [f'{NAME}: reset']


def test_bridges_with_one_name_cannot_confirm() -> None:
    """Two bridges with one name count as two, and neither counts as confirmed."""
    progress = begun()
    bridge = progress.find(NAME, 1.0)
    bridge.call(1.0)
    bridge.on_answer(True, 'stopped')
    bridge.on_publisher_count(2)
    first, last = progress.summary(1.0)

    assert first.startswith(f'{NAME}: NOT confirmed (2 bridges have this name, ')
    assert last == '0 of 2 bridges confirmed'
    assert not progress.has_succeeded(1.0)


def test_a_bridge_that_does_not_confirm_is_listed_with_advice() -> None:
    """The summary lists a bridge that did not confirm, with advice."""
    progress = begun()
    progress.find(NAME, 1.0).call(1.0)

    assert progress.summary(TIMEOUT_S) == [
        f"{NAME}: NOT confirmed (no answer): use the robot's own stop",
        '0 of 1 bridges confirmed',
    ]


def test_the_search_ends_after_a_time_without_news() -> None:
    """The search ends after QUIET_S without news, because another bridge may be announced."""
    progress = begun()
    bridge = progress.find(NAME, 0.5)
    bridge.call(0.5)
    bridge.on_answer(True, 'stopped')
    progress.new_lines(0.6)

    assert not progress.is_over(0.5 + QUIET_S)
    assert progress.is_over(0.6 + QUIET_S)


def test_the_search_waits_for_an_answer_until_the_timeout() -> None:
    """The search waits for an answer until the timeout; a rejection is an answer."""
    progress = begun()
    bridge = progress.find(NAME, 0.5)
    bridge.call(0.5)
    assert not progress.is_over(0.5 + QUIET_S)
    assert progress.is_over(TIMEOUT_S)
    bridge.on_answer(False, 'no')

    assert progress.is_over(0.5 + QUIET_S)


def test_a_bridge_that_is_found_late_gets_time_to_answer() -> None:
    """A bridge that is found just before the timeout still gets time to answer."""
    progress = begun()
    progress.find(NAME, TIMEOUT_S - 0.1).call(TIMEOUT_S - 0.1)

    assert not progress.is_over(TIMEOUT_S)
    assert progress.is_over(TIMEOUT_S - 0.1 + CALL_AGAIN_S)


def test_without_a_bridge_the_search_lasts_until_the_timeout() -> None:
    """Without any bridge, the search lasts until the timeout and fails."""
    progress = begun()

    assert not progress.is_over(TIMEOUT_S - 0.1)
    assert progress.is_over(TIMEOUT_S)
    assert not progress.has_succeeded(TIMEOUT_S)


@pytest.mark.parametrize(('expected', 'ends'), [(1, True), (2, False)])
def test_the_expected_number_decides_the_end_of_the_search(expected: int, ends: bool) -> None:
    """With an expected number, the search ends as soon as that many bridges have confirmed."""
    progress = begun(expected=expected)
    bridge = progress.find(NAME, 0.5)
    bridge.call(0.5)
    bridge.on_answer(True, 'stopped')

    assert progress.is_over(0.5) == ends
    assert progress.is_over(0.5 + QUIET_S) == ends
    assert progress.has_succeeded(TIMEOUT_S) == ends


def test_bridges_that_are_not_found_are_counted() -> None:
    """The summary lists the number of expected bridges that were not found."""
    progress = begun(expected=3)

    assert progress.summary(TIMEOUT_S) == [
        "3 of 3 expected bridges not found: use the robot's own stop",
        '0 of 3 bridges confirmed',
    ]
