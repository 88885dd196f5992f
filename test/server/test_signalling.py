# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The signals between a producer and its consumers: assignment, limits and held offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lerobot_arena_ros.arena.errors import RequestRejected
from lerobot_arena_ros.arena.messages import Join, Role
from lerobot_arena_ros.arena.video_messages import (
    Answer,
    IceCandidate,
    Offer,
    Signal,
    WebrtcIce,
    WebrtcOffer,
)
from lerobot_arena_ros.server.rooms.base_room import Member, Now
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.signalling import (
    ANSWER_S,
    MAX_CANDIDATES,
    OFFER_BURST,
    OFFER_PERIOD_S,
)
from lerobot_arena_ros.server.rooms.video_room import Forwarded, VideoRoom


def at(steady_s: float = 0.0) -> Now:
    """Return a time."""
    return Now(steady_s, f'at {steady_s:g}')


class Camera:
    """A video room with a producer and two viewers that share an id."""

    def __init__(self) -> None:
        self.room = VideoRoom('lab', 'front', at(), limits=Limits())
        self.producer = self.room.join(Join('cam', Role.PRODUCER), at())
        self.first = self.room.join(Join('viewer', Role.CONSUMER), at())
        self.second = self.room.join(Join('viewer', Role.CONSUMER), at())

    def from_producer(self, signal: Signal, now_s: float = 0.0) -> Forwarded:
        """Post a signal of the producer."""
        return self.room.signal([self.producer], signal, at(now_s))

    def from_viewers(self, signal: Signal, now_s: float = 0.0) -> Forwarded:
        """Post a signal with the id of the viewers."""
        return self.room.signal([self.first, self.second], signal, at(now_s))


@pytest.fixture
def camera() -> Camera:
    """Return a room in which no signal was sent yet."""
    return Camera()


def to(forwarded: Forwarded) -> list[tuple[Member, Any]]:
    """Return the recipients and messages of a signal."""
    return received(forwarded.deliveries)


def received(deliveries: Sequence[Any]) -> list[tuple[Member, Any]]:
    """Return the recipients and messages of deliveries."""
    return [(member, each.message) for each in deliveries for member in each.recipients]


def test_the_second_of_an_id_has_another_name(camera: Camera) -> None:
    """Each further one has a name of its own, also if that name is the id of another."""
    third = camera.room.join(Join('viewer-2', Role.CONSUMER), at())
    fourth = camera.room.join(Join('viewer', Role.CONSUMER), at())

    members = (camera.first, camera.second, third, fourth)
    names = [member.participant_id for member in members]
    assert names == ['viewer', 'viewer-2', 'viewer-2-2', 'viewer-3']
    assert {member.client_id for member in (camera.first, camera.second)} == {'viewer'}


def test_an_offer_waits_until_the_viewer_of_that_id_has_answered(camera: Camera) -> None:
    """The candidates behind the offer wait with it, and keep their order."""
    sent = to(camera.from_producer(Offer('one', 'viewer')))
    assert [(member, message.sdp) for member, message in sent] == [(camera.first, 'one')]
    assert to(camera.from_producer(Offer('two', 'viewer-2'))) == []
    assert to(camera.from_producer(IceCandidate({'a': 1}, target_consumer='viewer-2'))) == []
    assert camera.room.has_held

    answer, *rest = to(camera.from_viewers(Answer('yes', 'cam')))
    assert answer[0] is camera.producer
    assert answer[1].from_consumer == 'viewer'
    assert [member for member, _ in rest] == [camera.second] * 2
    assert rest[0][1].sdp == 'two'
    assert rest[1][1].candidate == {'a': 1}
    assert not camera.room.has_held
    (answer,) = to(camera.from_viewers(Answer('yes', 'cam')))
    assert answer[1].from_consumer == 'viewer-2'


def test_an_offer_does_not_wait_for_ever(camera: Camera) -> None:
    """A viewer that does not answer, or leaves, delays the next one by at most five seconds."""
    camera.from_producer(Offer('one', 'viewer'))
    camera.from_producer(Offer('two', 'viewer-2'))
    assert camera.room.due(at(ANSWER_S - 0.1)) == ()
    ((member, message),) = received(camera.room.due(at(ANSWER_S)))
    assert (member, message.sdp) == (camera.second, 'two')

    camera.from_producer(Offer('three', 'viewer'), ANSWER_S)
    assert camera.room.has_held
    camera.room.leave(camera.second, at(ANSWER_S))
    ((member, message),) = received(camera.room.due(at(ANSWER_S)))
    assert (member, message.sdp) == (camera.first, 'three')


def test_a_newer_offer_replaces_one_that_waits(camera: Camera) -> None:
    """The viewer receives only the newest."""
    camera.from_producer(Offer('one', 'viewer'))
    camera.from_producer(Offer('old', 'viewer-2'))
    camera.from_producer(Offer('new', 'viewer-2'))

    sent = to(camera.from_viewers(Answer('yes', 'cam')))
    assert [message.sdp for _, message in sent] == ['yes', 'new']


def test_viewers_of_different_ids_do_not_wait_for_each_other(camera: Camera) -> None:
    """The server can distinguish them by their ids."""
    other = camera.room.join(Join('other', Role.CONSUMER), at())
    camera.from_producer(Offer('one', 'viewer'))

    assert [member for member, _ in to(camera.from_producer(Offer('two', 'other')))] == [other]


@pytest.mark.parametrize(
    'candidate',
    [
        {'candidate': 'x', 'usernameFragment': 'abc'},
        {'candidate': 'candidate:1 1 udp 1 10.0.0.1 9 typ host ufrag abc network-cost 999'},
    ],
)
def test_a_candidate_belongs_to_the_answer_with_its_user_name(
    camera: Camera, candidate: dict[str, Any]
) -> None:
    """Before the answers, and without a user name, it belongs to the newest offer."""
    for target, sdp in (('viewer', 'a=ice-ufrag:abc\r\n'), ('viewer-2', 'a=ice-ufrag:def\r\n')):
        camera.from_producer(Offer('v=0', target))
        (early,) = to(camera.from_viewers(IceCandidate(candidate, target_producer='cam')))
        assert early[1].from_consumer == 'viewer'
        camera.from_viewers(Answer(f'v=0\r\n{sdp}', 'cam'))

    (known,) = to(camera.from_viewers(IceCandidate(candidate, target_producer='cam')))
    assert known[1].from_consumer == 'viewer'
    other = IceCandidate({'usernameFragment': 'def'}, target_producer='cam')
    assert to(camera.from_viewers(other))[0][1].from_consumer == 'viewer-2'


def test_a_candidate_that_overtook_its_offer_is_sent_after_it(camera: Camera) -> None:
    """A public consumer drops a candidate that comes first; one of an older offer is of no use."""
    first, second = ({'usernameFragment': name} for name in ('abcd', 'efgh'))
    sdp = 'v=0\r\na=ice-ufrag:{}\r\n'
    assert to(camera.from_producer(IceCandidate(first, target_consumer='viewer'))) == []
    assert not camera.room.has_held
    sent = [
        message for _, message in to(camera.from_producer(Offer(sdp.format('abcd'), 'viewer')))
    ]
    assert [type(message) for message in sent] == [WebrtcOffer, WebrtcIce]
    assert len(to(camera.from_producer(IceCandidate(first, target_consumer='viewer')))) == 1

    assert to(camera.from_producer(IceCandidate(second, target_consumer='viewer'))) == []
    sent = [
        message for _, message in to(camera.from_producer(Offer(sdp.format('efgh'), 'viewer')))
    ]
    assert [getattr(message, 'candidate', None) for message in sent] == [None, second]
    assert to(camera.from_producer(IceCandidate(first, target_consumer='viewer'))) == []


def test_offers_to_one_viewer_are_limited(camera: Camera) -> None:
    """A producer that offers too often gets an error; later, and to others, it may offer."""
    for _ in range(OFFER_BURST):
        camera.from_producer(Offer('v=0', 'viewer'))
    with pytest.raises(RequestRejected) as caught:
        camera.from_producer(Offer('v=0', 'viewer'))
    assert caught.value.status == 429
    camera.from_producer(Offer('v=0', 'viewer-2'))
    camera.from_producer(Offer('v=0', 'viewer'), OFFER_PERIOD_S)


def test_candidates_are_limited_per_offer_and_side(camera: Camera) -> None:
    """The next offer allows as many again."""
    mine = IceCandidate({'a': 1}, target_consumer='viewer')
    theirs = IceCandidate({'a': 1}, target_producer='cam')
    for _ in range(2):
        camera.from_producer(Offer('v=0', 'viewer'))
        for _ in range(MAX_CANDIDATES):
            camera.from_producer(mine)
            camera.from_viewers(theirs)
        for post, signal in ((camera.from_producer, mine), (camera.from_viewers, theirs)):
            with pytest.raises(RequestRejected) as caught:
                post(signal)
            assert caught.value.status == 429


def test_nothing_is_kept_of_a_producer_that_left(camera: Camera) -> None:
    """An answer to an old offer does not reach the next producer."""
    camera.from_producer(Offer('v=0', 'viewer'))
    camera.room.leave(camera.producer, at())
    camera.room.join(Join('cam', Role.PRODUCER), at())

    assert camera.from_viewers(Answer('v=0', 'cam')) == Forwarded()


def test_a_signal_of_a_member_counts_as_activity(camera: Camera) -> None:
    """A signal of a stranger does not keep a room from being deleted."""
    camera.room.signal([], Offer('v=0', 'viewer'), at(1.0))
    assert camera.room.active_s == 0.0
    camera.from_viewers(Answer('v=0', 'cam'), 2.0)
    assert camera.room.active_s == 2.0


def test_an_offer_that_is_repeated_allows_a_late_answer_too(camera: Camera) -> None:
    """The late answer to the first offer does not use up that to the second one."""
    other = camera.room.join(Join('other', Role.CONSUMER), at())
    for _ in range(2):
        camera.from_producer(Offer('v=0', 'other'))
    answers = [camera.room.signal([other], Answer('v=0', 'cam'), at()) for _ in range(3)]

    assert [bool(answer.deliveries) for answer in answers] == [True, True, False]
