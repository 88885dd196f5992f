# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The latch of the emergency stop: what closes it, which rooms are informed, and when it opens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lerobot_arena_ros.control.stop import (
    ECHO_GRACE_S,
    FIRST_JOIN_S,
    INPUT_MEMORY_S,
    Stop,
    StopLatch,
)

BUTTON = Stop('the emergency_stop topic', 'emergency_stop is true')
STRANGER = Stop('leader-1 in the consume room', 'ouch', room='consume')
ON_START = Stop('estop_on_start', 'stopped at start', notify_rooms=False)

ROOMS = ('produce', 'consume')


def latch_of_rooms() -> StopLatch:
    """Return an open latch with two rooms."""
    latch = StopLatch()
    for room in ROOMS:
        latch.add_room(room)
    return latch


def pending(latch: StopLatch) -> dict[str, Stop | None]:
    """Return the stop that has to be sent to each room."""
    return {room: latch.pending(room) for room in ROOMS}


def deliver_all(latch: StopLatch) -> None:
    """Deliver to each room the stop that has to be sent to it."""
    for room, stop in pending(latch).items():
        if stop is not None:
            latch.delivered(room, stop)


def test_it_begins_open() -> None:
    """A new latch is open and has nothing to send."""
    latch = latch_of_rooms()

    assert latch.stop is None
    assert not latch.is_latched
    assert pending(latch) == {'produce': None, 'consume': None}


def test_the_first_stop_is_the_cause() -> None:
    """A later stop changes neither the cause nor the state."""
    latch = latch_of_rooms()

    assert latch.trip(STRANGER)
    assert not latch.trip(BUTTON)
    assert not latch.trip(BUTTON)
    assert latch.is_latched
    assert latch.stop is STRANGER


def test_a_stop_reads_as_a_sentence() -> None:
    """The text of a stop has the reason and the source."""
    assert str(STRANGER) == 'ouch (from leader-1 in the consume room)'


def test_a_local_stop_is_sent_to_every_room() -> None:
    """A local stop has to be sent to both rooms."""
    latch = latch_of_rooms()

    latch.trip(BUTTON)

    assert pending(latch) == {'produce': BUTTON, 'consume': BUTTON}


def test_a_stop_from_a_room_crosses_to_the_other_only() -> None:
    """
    A stop from a room has to be sent to the other room only.

    Sending it back would be an echo.
    """
    latch = latch_of_rooms()

    latch.trip(STRANGER)

    assert pending(latch) == {'produce': STRANGER, 'consume': None}


def test_a_stop_is_sent_once() -> None:
    """A stop that was delivered to a room is not sent again when the latch is tripped again."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)

    deliver_all(latch)
    latch.trip(BUTTON)
    latch.trip(STRANGER)

    assert pending(latch) == {'produce': None, 'consume': None}


def test_a_stop_that_was_not_delivered_is_sent_after_its_reset() -> None:
    """After a reset, a stop that was not delivered yet still has to be sent."""
    latch = latch_of_rooms()
    latch.trip(STRANGER)

    assert latch.reset(0.0, publishers=0) is None
    assert pending(latch) == {'produce': STRANGER, 'consume': None}


def test_a_latched_local_stop_is_sent_again_after_a_reconnect() -> None:
    """A latched local stop is sent again after a reconnect, because others may have joined."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)
    deliver_all(latch)

    latch.joined('produce')

    assert pending(latch) == {'produce': BUTTON, 'consume': None}


def test_a_rooms_stop_is_not_sent_again_after_a_reconnect() -> None:
    """A room's stop is not sent again after a reconnect, or two bridges would echo for ever."""
    latch = latch_of_rooms()
    latch.trip(STRANGER)
    deliver_all(latch)

    latch.joined('produce')
    latch.joined('consume')

    assert pending(latch) == {'produce': None, 'consume': None}


def test_a_local_stop_behind_a_rooms_stop_is_sent_after_a_reconnect() -> None:
    """A local stop while a room's stop is latched is sent again after a reconnect."""
    latch = latch_of_rooms()
    latch.trip(STRANGER)
    latch.trip(BUTTON)
    deliver_all(latch)

    latch.joined('consume')

    assert pending(latch) == {'produce': None, 'consume': BUTTON}


def test_a_local_stop_is_sent_to_the_room_whose_stop_is_latched() -> None:
    """
    A local stop is sent once to the room whose stop is latched.

    Others in the room may have been reset since.
    """
    latch = StopLatch()
    latch.add_room('consume')
    latch.trip(Stop('a viewer', 'smoke', room='consume'))
    button = Stop('the emergency_stop topic', 'emergency_stop is true')

    assert not latch.trip(button)
    assert latch.pending('consume') is button
    latch.delivered('consume', button)
    latch.trip(Stop('the emergency_stop topic', 'emergency_stop is true'))
    assert latch.pending('consume') is None


def test_a_reset_stop_is_not_sent_after_a_reconnect() -> None:
    """A stop that was reset is not sent after a reconnect."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)
    deliver_all(latch)

    latch.reset(0.0, publishers=0)
    latch.joined('produce')

    assert pending(latch) == {'produce': None, 'consume': None}


def test_a_stop_at_start_is_not_sent() -> None:
    """A stop at start is not sent to rooms, not even after a join."""
    latch = latch_of_rooms()

    assert latch.trip(ON_START)
    latch.joined('produce')
    latch.add_room('produce')

    assert latch.is_latched
    assert pending(latch) == {'produce': None, 'consume': None}


@pytest.mark.parametrize(
    ('stop', 'told'),
    [
        pytest.param(BUTTON, {'produce': BUTTON, 'consume': BUTTON}, id='button'),
        pytest.param(STRANGER, {'produce': STRANGER, 'consume': None}, id='room'),
    ],
)
def test_a_stop_behind_a_stop_at_start_is_sent(stop: Stop, told: dict[str, Stop | None]) -> None:
    """A local stop while a stop at start is latched is sent to the rooms."""
    latch = latch_of_rooms()
    latch.trip(ON_START)

    assert latch.trip(stop)
    assert not latch.trip(stop)
    assert latch.stop is stop
    assert pending(latch) == told


def test_a_button_behind_a_stop_at_start_is_sent_after_a_reconnect() -> None:
    """A local stop behind a stop at start is sent again after a reconnect."""
    latch = latch_of_rooms()
    latch.trip(ON_START)
    latch.trip(BUTTON)
    deliver_all(latch)

    latch.joined('consume')

    assert pending(latch) == {'produce': None, 'consume': BUTTON}


def test_a_local_stop_is_sent_to_a_room_that_is_added_later() -> None:
    """A latched local stop has to be sent to a room that is added later."""
    latch = StopLatch()
    latch.trip(BUTTON)

    latch.add_room('produce')

    assert latch.pending('produce') is BUTTON


def test_nothing_is_sent_to_a_removed_room() -> None:
    """Nothing has to be sent to a removed room, and removing it twice is allowed."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)

    latch.remove_room('produce')
    latch.remove_room('produce')
    latch.trip(STRANGER)

    assert pending(latch) == {'produce': None, 'consume': BUTTON}


def test_a_stop_survives_every_room() -> None:
    """Removing all rooms, as a cleanup does, does not open the latch."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)

    for room in ROOMS:
        latch.remove_room(room)

    assert latch.stop is BUTTON


def test_a_late_delivery_counts_only_for_its_own_stop() -> None:
    """A late delivery of an earlier stop does not count for a later stop."""
    latch = latch_of_rooms()
    latch.trip(STRANGER)
    on_its_way = latch.pending('produce')
    latch.reset(0.0, publishers=0)
    latch.trip(BUTTON)

    assert on_its_way is not None
    latch.delivered('produce', on_its_way)

    assert pending(latch) == {'produce': BUTTON, 'consume': BUTTON}


def test_the_same_text_again_is_another_stop() -> None:
    """A second stop with the same text still has to be sent after the first is delivered."""
    latch = latch_of_rooms()
    again = replace(BUTTON)
    latch.trip(BUTTON)
    latch.reset(0.0, publishers=0)
    latch.trip(again)

    latch.delivered('produce', BUTTON)

    assert latch.pending('produce') is again


def test_a_reset_opens_and_a_stop_closes_again() -> None:
    """After a reset, the next stop is the cause."""
    latch = latch_of_rooms()
    latch.trip(STRANGER)

    assert latch.reset(0.0, publishers=0) is None
    assert not latch.is_latched
    assert latch.trip(BUTTON)
    assert latch.stop is BUTTON


@pytest.mark.parametrize(
    ('heard', 'now', 'publishers', 'refusal'),
    [
        pytest.param([(True, 0.0)], 60.0, 1, 'is still true', id='held down'),
        pytest.param([(True, 0.0)], 0.5, 0, 'less than 1 s ago', id='one-shot just now'),
        pytest.param([(True, 0.0)], 60.0, 0, None, id='died asserting'),
        pytest.param([(True, 0.0), (False, 0.5)], 0.9, 1, 'less than 1 s ago', id='let go'),
        pytest.param([(True, 0.0), (False, 0.5)], 1.0, 1, None, id='let go, a second ago'),
        pytest.param([(False, 0.0)], 0.1, 1, None, id='never asserted'),
        pytest.param([], 0.0, 3, None, id='silent'),
        pytest.param([(True, 9.5), (False, 9.6)], 10.0, 2, 'less than 1 s ago', id='two disagree'),
        pytest.param([(True, 100.0)], 50.0, 0, 'less than 1 s ago', id='clock went back'),
    ],
)
def test_a_reset_waits_for_the_input(
    heard: list[tuple[bool, float]], now: float, publishers: int, refusal: str | None
) -> None:
    """The latch is not reset while the input is true, or was true recently."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)
    for asserted, at in heard:
        latch.on_input(asserted, at)

    answer = latch.reset(now, publishers=publishers)

    assert (refusal is None) is (answer is None)
    assert (refusal or '') in (answer or '')
    assert latch.is_latched is (refusal is not None)


def test_a_refused_reset_can_be_asked_again() -> None:
    """A refused reset changes nothing, and succeeds once the input is false."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)
    latch.on_input(True, 0.0)

    assert latch.reset(INPUT_MEMORY_S / 2, publishers=0) is not None
    assert latch.stop is BUTTON
    assert latch.reset(INPUT_MEMORY_S, publishers=0) is None


# ----- bridges that subscribe to each other's status


def latch_that_hears_its_echo() -> StopLatch:
    """Return a latch that was tripped at 0 s, and whose stop another bridge echoes."""
    latch = latch_of_rooms()
    latch.trip(BUTTON)
    assert latch.on_input(True, 0.1)
    return latch


def test_the_bridge_where_a_stop_began_can_be_reset() -> None:
    """The echo of another bridge does not prevent the reset of the bridge where the stop began."""
    latch = latch_that_hears_its_echo()

    assert latch.reset(0.2, publishers=1, are_bridges=True, has_bridge_subscriber=True) is None
    assert not latch.is_latched


def test_the_echo_of_a_reset_stop_does_not_stop_again() -> None:
    """After the reset, the echo does not trip the latch again before the other bridge is reset."""
    latch = latch_that_hears_its_echo()
    latch.reset(0.2, publishers=1, are_bridges=True, has_bridge_subscriber=True)

    assert not latch.on_input(True, 0.7)
    assert not latch.on_input(False, 1.2)
    assert latch.on_input(True, 1.7), 'a stop that comes later is none of ours'


def test_an_echo_that_does_not_end_is_a_stop_of_its_own() -> None:
    """
    An echo that lasts longer than the grace period is a stop of its own.

    Then the latch can be reset again.
    """
    latch = latch_that_hears_its_echo()
    latch.reset(0.2, publishers=1, are_bridges=True, has_bridge_subscriber=True)

    assert latch.on_input(True, 0.2 + ECHO_GRACE_S)
    latch.trip(BUTTON)
    assert latch.reset(9.0, publishers=1, are_bridges=True, has_bridge_subscriber=True) is None


def test_the_bridge_that_was_stopped_by_another_is_reset_after_it() -> None:
    """A bridge that was stopped by another one cannot be reset before it."""
    latch = latch_of_rooms()
    assert latch.on_input(True, 0.0)
    latch.trip(BUTTON)

    refusal = latch.reset(60.0, publishers=1, are_bridges=True, has_bridge_subscriber=True)

    assert refusal is not None
    assert 'reset that one first' in refusal
    latch.on_input(False, 60.0)
    assert latch.reset(60.1, publishers=1, are_bridges=True, has_bridge_subscriber=True) is None


def test_a_late_copy_does_not_make_the_stop_of_another_bridge_an_echo() -> None:
    """Each of three subscriptions receives a copy of each status, and one may be late."""
    latch = latch_of_rooms()
    for subscription in range(3):
        latch.on_input(False, 0.0, subscription=subscription)
    latch.on_input(True, 0.1, subscription=0)
    latch.trip(BUTTON)

    for subscription in (1, 2):
        latch.on_input(False, 0.2, subscription=subscription)
        latch.on_input(True, 0.2, subscription=subscription)
    refusal = latch.reset(60.0, publishers=1, are_bridges=True, has_bridge_subscriber=True)

    assert refusal is not None
    assert 'reset that one first' in refusal


def test_a_stop_that_comes_again_while_a_copy_is_late_may_be_an_echo() -> None:
    """Otherwise two bridges could wait for each other for ever."""
    latch = latch_of_rooms()
    latch.on_input(True, 0.1, subscription=0)
    latch.trip(BUTTON)
    latch.on_input(True, 0.1, subscription=1)

    latch.on_input(False, 0.2, subscription=0)
    latch.on_input(True, 0.3, subscription=0)

    assert latch.reset(9.0, publishers=1, are_bridges=True, has_bridge_subscriber=True) is None


def test_a_late_copy_of_an_echo_does_not_stop_again() -> None:
    """The echo has ended when each subscription has received its end."""
    latch = latch_that_hears_its_echo()
    latch.on_input(True, 0.1, subscription=1)
    latch.reset(0.2, publishers=1, are_bridges=True, has_bridge_subscriber=True)

    latch.on_input(False, 1.0, subscription=0)

    assert not latch.on_input(True, 1.1, subscription=1)
    latch.on_input(False, 1.2, subscription=1)
    assert latch.on_input(True, 1.3, subscription=1)


def test_a_bridge_that_does_not_listen_to_us_is_no_echo() -> None:
    """The stop of a bridge that does not subscribe to our status is not an echo."""
    latch = latch_that_hears_its_echo()

    refusal = latch.reset(60.0, publishers=1, are_bridges=True, has_bridge_subscriber=False)

    assert refusal is not None
    assert 'reset that one first' in refusal
    assert latch.is_latched


def test_a_button_that_was_pressed_after_the_stop_is_no_echo() -> None:
    """The input of a node that is not a bridge is not an echo."""
    latch = latch_that_hears_its_echo()

    assert latch.reset(60.0, publishers=1) is not None
    assert latch.reset(60.0, publishers=2, are_bridges=False) is not None


# ----- the last stop of a room


@pytest.mark.parametrize(
    ('age_s', 'is_missed'),
    [
        pytest.param(0.0, True, id='just now'),
        pytest.param(FIRST_JOIN_S, True, id='a moment ago'),
        pytest.param(FIRST_JOIN_S + 0.1, False, id='before'),
        pytest.param(3600.0, False, id='an hour ago'),
    ],
)
def test_at_the_first_join_a_recent_stop_counts(age_s: float, is_missed: bool) -> None:
    """At the first join, only a recent stop of the room trips the latch."""
    assert StopLatch().missed('consume', 'a', age_s) is is_missed


def test_a_stop_that_was_received_was_not_missed() -> None:
    """A stop that was received and reset does not trip the latch at the next join."""
    latch = latch_of_rooms()
    latch.missed('consume', None, 0.0)
    latch.note('consume', 'a')

    assert not latch.missed('consume', 'a', 1.0)
    assert not latch.missed('consume', 'a', 2.0)


def test_a_stop_of_a_time_of_absence_was_missed_however_old_it_is() -> None:
    """A stop during a disconnection trips the latch once, at any age."""
    latch = latch_of_rooms()
    latch.missed('consume', None, 0.0)

    assert latch.missed('consume', 'a', 3600.0)
    assert not latch.missed('consume', 'a', 3601.0)
    assert latch.missed('consume', 'b', 0.5)


def test_the_last_of_several_stops_is_the_one_that_was_received() -> None:
    """Only the last of several stops of a room is compared."""
    latch = latch_of_rooms()
    latch.note('consume', 'a')
    latch.note('consume', 'b')

    assert not latch.missed('consume', 'b', 1.0)


def test_a_stop_after_a_first_join_without_a_stop_was_missed() -> None:
    """After a first join without a stop, a later stop counts as missed."""
    latch = latch_of_rooms()

    assert not latch.missed('consume', None, 0.0)
    assert latch.missed('consume', 'a', FIRST_JOIN_S + 1.0)


def test_an_old_stop_at_the_first_join_stays_harmless() -> None:
    """An old stop at the first join does not trip the latch at a later join either."""
    latch = latch_of_rooms()

    assert not latch.missed('consume', 'a', FIRST_JOIN_S + 1.0)
    assert not latch.missed('consume', 'a', FIRST_JOIN_S + 2.0)


def test_each_room_has_its_own_last_stop() -> None:
    """The last stop is recorded separately for each room."""
    latch = latch_of_rooms()
    latch.note('consume', 'a')

    assert latch.missed('produce', 'a', 1.0)


def test_what_was_received_is_known_after_a_new_configuration() -> None:
    """After rooms were removed and added, a stop that was reset does not trip the latch again."""
    latch = latch_of_rooms()
    latch.note('consume', 'a')
    latch.remove_room('consume')
    latch.add_room('consume')

    assert not latch.missed('consume', 'a', 1.0)
