# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The send buffer of a peer: stops first, replies in order, and the newest value per joint."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lerobot_arena_ros.arena.control_messages import ControlPolicy, ControlState
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    ErrorReply,
    HeartbeatAck,
    JointUpdate,
    Message,
    ResetStop,
    RobotReport,
    ShadowUpdate,
    encode,
)
from lerobot_arena_ros.arena.outbox import Outbox, text_of
from lerobot_arena_ros.arena.robot_state import RobotState
from lerobot_arena_ros.arena.video_messages import VideoFrame


def drain(outbox: Outbox) -> list[Message | VideoFrame]:
    """Take and return all messages."""
    messages = []
    while (message := outbox.take()) is not None:
        messages.append(message)
    return messages


def test_an_empty_outbox_is_false_and_gives_nothing() -> None:
    """An empty outbox is false and returns None, so that ``while outbox`` drains it."""
    outbox = Outbox()

    assert not outbox
    assert outbox.take() is None


def test_updates_merge_to_the_newest_entry_of_each_joint() -> None:
    """A merged update has the newest timestamp, and all keys of the newest entries."""
    outbox = Outbox()
    newest = {'name': 'a', 'value': 2.0, 'speed': 5}
    outbox.put(JointUpdate(({'name': 'a', 'value': 1.0}, {'name': 'b', 'value': 1.0}), '1', 'p'))
    outbox.put(JointUpdate((newest, {'name': 'c', 'value': 3.0}), '2', 'p'))

    (message,) = drain(outbox)

    assert message == JointUpdate(
        (newest, {'name': 'b', 'value': 1.0}, {'name': 'c', 'value': 3.0}), '2', 'p'
    )


def test_updates_of_two_sources_stay_apart() -> None:
    """A robot follows one driver, so the values of another must not appear under its name."""
    outbox = Outbox()
    policy, person = JointUpdate.of({'a': 1.0}), JointUpdate.of({'b': 2.0})
    before, after = replace(policy, source='policy'), replace(person, source='person')
    for update in (before, after):
        outbox.put(update)

    assert drain(outbox) == [before, after]


def test_updates_before_and_after_a_change_of_control_stay_apart() -> None:
    """They are sent in their order, also if the same driver has control again."""
    outbox = Outbox()
    update = replace(JointUpdate.of({'a': 1.0}), source='policy')
    states = [ControlState(name, ControlPolicy.TAKE) for name in ('person', 'policy')]
    messages: list[Message] = [update, *states, replace(update, timestamp='later')]
    for message in messages:
        outbox.put(message)

    assert drain(outbox) == messages
    assert not outbox


def test_only_the_newest_shadow_of_each_source_is_kept() -> None:
    """After everything else, because nothing moves by it."""
    outbox = Outbox()
    shadows = [ShadowUpdate((), str(number), source) for number, source in enumerate('aba')]
    merged = [outbox.put(shadow) for shadow in shadows]
    outbox.put(HeartbeatAck())

    assert bool(outbox)
    assert merged == [False, False, True]
    assert drain(outbox) == [HeartbeatAck(), shadows[2], shadows[1]]


def test_merged_updates_have_the_stamp_of_the_newest() -> None:
    """A stamp without joints renews that of queued joints; without a stamp there is none."""
    outbox = Outbox()
    outbox.put(JointUpdate.of({'a': 1.0}, stamp_ns=7))
    outbox.put(JointUpdate((), stamp_ns=8))
    assert outbox.take() == JointUpdate.of({'a': 1.0}, stamp_ns=8)

    outbox.put(JointUpdate.of({'a': 1.0}, stamp_ns=7))
    outbox.put(JointUpdate.of({'b': 1.0}))
    assert outbox.take() == JointUpdate.of({'a': 1.0, 'b': 1.0})


def test_a_single_update_comes_out_as_it_went_in() -> None:
    """An update is returned as the same object, so that its text is encoded only once."""
    outbox = Outbox()
    update = JointUpdate.of({'a': 1.0})
    outbox.put(update)

    assert outbox.take() is update
    assert text_of(update) is text_of(update) == encode(update)


def test_a_stop_overtakes_everything() -> None:
    """A stop is sent before queued replies and updates."""
    outbox = Outbox()
    update, reply, stop = JointUpdate.of({'a': 1.0}), ErrorReply('no'), EmergencyStop('now', 'x')
    for message in (update, reply, stop):
        outbox.put(message)

    assert drain(outbox) == [stop, reply, update]


def test_replies_keep_their_order() -> None:
    """No reply is dropped, and the number of queued replies is known."""
    outbox = Outbox()
    replies: list[Message] = [HeartbeatAck('1'), ErrorReply('no'), HeartbeatAck('2')]
    for reply in replies:
        outbox.put(reply)

    assert outbox.pending_others == 3
    assert drain(outbox) == replies
    assert outbox.pending_others == 0


def test_one_stop_of_each_source_is_queued() -> None:
    """Repeated stops of one source are queued once, with the newest reason."""
    outbox = Outbox()
    first, again, other = EmergencyStop('1', 'a'), EmergencyStop('2', 'a'), EmergencyStop('3', 'b')
    for stop in (first, again, other):
        outbox.put(stop)

    assert drain(outbox) == [again, other]
    outbox.put(first)
    assert drain(outbox) == [first]


def test_the_newest_state_of_each_robot_is_queued() -> None:
    """Only the newest state of a robot is queued; its departure replaces earlier states."""
    outbox = Outbox()
    first, second = RobotReport(state('active'), 'a'), RobotReport(state('active'), 'b')
    newer, gone = RobotReport(state('stopped'), 'a'), RobotReport(None, 'b')

    merged = [outbox.put(message) for message in (first, second, newer, gone)]

    assert merged == [False, False, True, True]
    assert drain(outbox) == [newer, gone]


def test_robot_states_are_sent_last() -> None:
    """Stops, replies and joints are sent before robot states, which do not count as replies."""
    outbox = Outbox()
    report, update = RobotReport(state('active'), 'a'), JointUpdate.of({'a': 1.0})
    reply, stop = ErrorReply('no'), EmergencyStop('now', 'x')
    for message in (report, update, reply, stop):
        outbox.put(message)

    assert outbox.pending_others == 1
    assert drain(outbox) == [stop, reply, update, report]


def test_a_reset_never_overtakes_a_stop_that_came_after_it() -> None:
    """A later stop removes an older reset request, which must not reset that stop."""
    outbox = Outbox()
    reset, stop = ResetStop(source='console'), EmergencyStop('now', 'x')

    outbox.put(reset)
    outbox.put(stop)
    assert drain(outbox) == [stop]

    outbox.put(stop)
    outbox.put(reset)
    again = EmergencyStop('again', 'x')
    outbox.put(again)
    assert drain(outbox) == [again]

    outbox.put(stop)
    outbox.put(reset)
    assert drain(outbox) == [stop, reset]


def test_a_reset_does_not_overtake_what_came_before_it() -> None:
    """An update from before the reset must not move the robot after it."""
    outbox = Outbox()
    reset, nobody = ResetStop(source='console'), ControlState(None, ControlPolicy.FIRST)
    update = JointUpdate(({'name': 'a', 'value': 1.0},), source='policy')

    for message in (update, nobody, reset):
        outbox.put(message)
    assert drain(outbox) == [update, nobody, reset]

    for message in (update, reset):
        outbox.put(message)
    assert drain(outbox) == [update, reset]


def test_one_reset_request_is_queued() -> None:
    """Only the newest request is queued, so that many requests do not disconnect a slow robot."""
    outbox = Outbox()
    first, newest = ResetStop(source='a'), ResetStop(source='b')

    assert [outbox.put(message) for message in (first, newest)] == [False, True]
    assert outbox.pending_others == 0
    assert bool(outbox)
    assert drain(outbox) == [newest]
    assert not outbox


def state(gate: str) -> RobotState:
    """Return the state of a robot without joints."""
    return RobotState('/arm', 'pc', gate, 'live')


steps = st.lists(
    st.none()
    | st.sampled_from(['stop', 'reply'])
    | st.dictionaries(st.sampled_from('abc'), st.floats(allow_nan=False), min_size=1)
)


@given(steps)
def test_a_slow_peer_gets_the_newest_values(
    sent: list[str | dict[str, float] | None],
) -> None:
    """For any sequence, a stop is sent next, and only outdated values are lost."""
    outbox = Outbox()
    known: dict[str, float] = {}
    wanted: dict[str, float] = {}
    replies = stops = 0

    def take() -> None:
        nonlocal replies, stops
        message = outbox.take()
        if isinstance(message, JointUpdate):
            known.update(message.values)
        replies -= isinstance(message, ErrorReply)
        assert isinstance(message, EmergencyStop) is bool(stops)
        stops -= isinstance(message, EmergencyStop)

    for step in sent:
        if step is None:
            take()
        elif step == 'stop':
            outbox.put(EmergencyStop('now', 'x'))
            stops = 1
        elif isinstance(step, str):
            outbox.put(ErrorReply('no'))
            replies += 1
        else:
            outbox.put(JointUpdate.of(step))
            wanted.update(step)
    while outbox:
        take()

    assert (known, replies, stops) == (wanted, 0, 0)
