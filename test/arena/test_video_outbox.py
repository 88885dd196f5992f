# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The messages of video rooms that wait for a peer that reads too slowly."""

from __future__ import annotations

from lerobot_arena_ros.arena.messages import EmergencyStop, ErrorReply, Message, Role
from lerobot_arena_ros.arena.outbox import Outbox
from lerobot_arena_ros.arena.video_messages import (
    ParticipantJoined,
    ParticipantLeft,
    StatusUpdate,
    StreamStarted,
    StreamStats,
    StreamStopped,
    VideoFrame,
    WebrtcAnswer,
    WebrtcIce,
    WebrtcOffer,
)
from lerobot_arena_ros.arena.video_outbox import MAX_SIGNALS


def joined(name: str) -> ParticipantJoined:
    """Return the message about a consumer that joins."""
    return ParticipantJoined('front', name, Role.CONSUMER)


def left(name: str) -> ParticipantLeft:
    """Return the message about a consumer that leaves."""
    return ParticipantLeft('front', name, Role.CONSUMER)


def drained(*messages: Message | VideoFrame) -> list[Message | VideoFrame]:
    """Return what an outbox has after these messages, in the order in which it is sent."""
    outbox = Outbox()
    for message in messages:
        outbox.put(message)
    taken = []
    while (taken_next := outbox.take()) is not None:
        taken.append(taken_next)
    assert not outbox
    return taken


def test_stops_and_replies_go_first_and_signals_after_their_senders() -> None:
    """A peer learns of a participant before it receives a signal of it."""
    stop, error = EmergencyStop('smoke', 'cam'), ErrorReply('no')
    answer, status = WebrtcAnswer('v=0', 'viewer'), StatusUpdate('live')

    wanted = [stop, error, joined('viewer'), answer, status]
    assert drained(status, answer, joined('viewer'), error, stop) == wanted


def test_a_participant_that_came_and_went_is_not_mentioned() -> None:
    """Many that join and leave fill no buffer; a return is two messages in their order."""
    assert drained(joined('a'), left('a')) == []
    assert drained(left('a'), joined('a'), left('a')) == [left('a')]
    assert drained(left('a'), joined('a')) == [left('a'), joined('a')]
    churn = [each for _ in range(1000) for each in (left('a'), joined('a'))]
    assert drained(*churn) == [left('a'), joined('a')]


def test_signals_of_a_participant_that_left_are_dropped() -> None:
    """They would belong to a connection that is gone."""
    old, new = WebrtcAnswer('old', 'a'), WebrtcAnswer('new', 'a')

    assert drained(old, left('a'), joined('a'), new) == [left('a'), joined('a'), new]


def test_the_newest_offer_replaces_the_one_before() -> None:
    """Its candidates stay, because they may have come before it."""
    ice = WebrtcIce(None, 'cam')
    old, new = WebrtcOffer('old', 'cam'), WebrtcOffer('new', 'cam')

    assert drained(old, ice, new) == [ice, new]


def test_the_signals_of_a_sender_are_bounded_and_others_have_their_turn() -> None:
    """The oldest candidates of a sender that sends too many are dropped, and nothing of others."""
    outbox = Outbox()
    outbox.put(WebrtcAnswer('mine', 'a'))
    for number in range(MAX_SIGNALS + 10):
        outbox.put(WebrtcIce({'candidate': str(number)}, None, 'a'))
    outbox.put(WebrtcAnswer('other', 'b'))

    assert outbox.pending_others == 0
    assert outbox.take() == WebrtcAnswer('mine', 'a')
    assert outbox.take() == WebrtcAnswer('other', 'b')
    rest = []
    while (taken := outbox.take()) is not None:
        rest.append(taken)
    assert len(rest) == MAX_SIGNALS - 1
    assert rest[-1] == WebrtcIce({'candidate': str(MAX_SIGNALS + 9)}, None, 'a')


def test_of_the_messages_about_the_stream_the_newest_counts() -> None:
    """A stream that has stopped and started again has started."""
    started, stopped = StreamStarted({}, 'cam'), StreamStopped('cam')
    stats = [StreamStats({'frame_count': number}) for number in range(5)]

    assert drained(started, stopped, started) == [started]
    assert drained(started, *stats, stopped) == [stopped, stats[-1]]
