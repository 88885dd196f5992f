# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""The protocol of a participant with a lane: what it passes on, and when its link is lost."""

from __future__ import annotations

from collections.abc import Iterable
import json

import pytest

from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.lane.decisions import MAX_BY_SOCKET, LaneHealth, LaneTiming
from lerobot_arena_ros.arena.messages import EmergencyStop, Join, JointUpdate, Role
from lerobot_arena_ros.arena.session import Event, Late, LinkTiming, Malformed, Presence, Session

TIMING = LinkTiming(heartbeat_period_s=0.5, timeout_s=1.5, max_delay_s=0.2)
LANES = frozenset((Feature.FAST_LANE, Feature.HEARTBEAT_SEQ))
START = 100.0


def joined_session(features: Iterable[Feature] = LANES) -> Session:
    """Return a session that has joined with features."""
    session = Session(Join('ros', Role.CONSUMER, LANES), TIMING, START)
    names = [feature.value for feature in features]
    session.receive(json.dumps({'type': 'state_sync', 'data': {'a': 0.0, 'b': 0.0}}), START)
    joined = {'type': 'joined', 'room_id': 'arm', 'role': 'consumer', 'features': names}
    session.receive(json.dumps(joined), START)
    return session


def update(seq: int | None, source: str = 'leader', **values: float) -> str:
    """Return a joint update as text."""
    data = [{'name': name, 'value': value} for name, value in values.items()]
    return json.dumps({'type': 'joint_update', 'data': data, 'source': source, 'seq': seq})


def stop(timestamp: str | None = 'noon', source: str | None = 'leader') -> str:
    """Return a stop as text."""
    return json.dumps({'type': 'emergency_stop', 'source': source, 'timestamp': timestamp})


def values(events: list[Event]) -> list[dict[str, float]]:
    """Return the values of updates."""
    return [event.values for event in events if isinstance(event, JointUpdate)]


def test_the_newest_update_wins_whichever_way_it_came() -> None:
    """The other copy, and older updates, are dropped."""
    session = joined_session()

    assert values(session.receive_datagram(update(2, a=2.0, b=0.0))) == [{'a': 2.0}]
    assert session.receive(update(1, a=1.0, b=0.0), START) == []
    assert session.receive(update(2, a=2.0, b=0.0), START) == []
    assert values(session.receive(update(3, a=3.0, b=1.0), START)) == [{'a': 3.0, 'b': 1.0}]
    assert session.receive_datagram(update(3, a=3.0, b=1.0)) == []


def control(number: int, seq: int | None, holder: str | None = 'leader') -> str:
    """Return who has control as text."""
    fields = {'type': 'control', 'policy': 'take', 'drivers': [], 'requests': []}
    return json.dumps({**fields, 'holder': holder, 'number': number, 'seq': seq})


def test_an_update_from_before_a_change_of_control_is_dropped() -> None:
    """It arrives late, and another participant has control."""
    session = joined_session()
    session.receive(control(1, seq=0), START)

    session.receive(control(2, seq=2, holder=None), START)

    assert session.receive_datagram(update(1, a=1.0)) == []
    assert session.receive(update(1, a=1.0), START) == []


def test_a_late_datagram_of_the_former_driver_moves_nothing_beside_the_new_one() -> None:
    """Also before the change of control is known: the WebSocket may be later than datagrams."""
    session = joined_session()
    session.receive(control(1, 0, 'policy'), START)
    session.receive_datagram(update(3, 'policy', a=3.0, b=3.0))

    assert values(session.receive_datagram(update(5, 'person', a=5.0))) == [{'a': 5.0}]
    assert session.receive_datagram(update(4, 'policy', a=4.0, b=4.0)) == []
    session.receive(control(2, 5, 'person'), START)
    assert values(session.receive_datagram(update(6, 'person', a=5.0, b=6.0))) == [
        {'a': 5.0, 'b': 6.0}
    ]


def test_what_has_overtaken_a_change_of_control_is_passed_on_again() -> None:
    """A robot that loses its driver for a moment discards it; older updates stay dropped."""
    session = joined_session()
    session.receive(control(1, 0), START)
    session.receive_datagram(update(3, a=3.0, b=3.0))
    session.receive_datagram(update(4, a=4.0, b=3.0))

    session.receive(control(2, 2, None), START)
    session.receive(control(3, 2), START)

    assert session.receive_datagram(update(1, a=1.0)) == []
    assert values(session.receive(update(4, a=4.0, b=3.0), START)) == [{'a': 4.0, 'b': 3.0}]
    assert session.receive(update(4, a=4.0, b=3.0), START) == []
    assert session.receive(update(3, a=3.0, b=3.0), START) == []


def test_updates_of_one_driver_may_arrive_in_any_order() -> None:
    """Also right after a change of control: a command over REST has only joints of its own."""
    session = joined_session()
    session.receive_datagram(update(3, 'policy', a=3.0))

    assert values(session.receive_datagram(update(5, 'api', b=5.0))) == [{'b': 5.0}]
    assert values(session.receive(update(4, 'api', a=4.0), START)) == [{'a': 4.0}]


def test_an_update_may_arrive_after_a_message_about_others() -> None:
    """If control has not changed, the last update counts, although its datagram was lost."""
    session = joined_session()
    session.receive(control(1, seq=0), START)

    session.receive(control(1, seq=2), START)

    assert values(session.receive(update(1, a=1.0), START)) == [{'a': 1.0}]


def test_after_a_change_of_control_equal_values_are_passed_on() -> None:
    """Also those of the same holder, because a robot has discarded the ones of before."""
    session = joined_session()
    session.receive(control(1, seq=0), START)
    session.receive(update(0, a=1.0, b=0.0), START)

    session.receive(control(2, seq=None, holder=None), START)
    session.receive(control(3, seq=1), START)

    assert values(session.receive_datagram(update(1, a=1.0, b=0.0))) == [{'a': 1.0, 'b': 0.0}]
    assert session.receive_datagram(update(2, a=1.0, b=0.0)) == []


def test_a_new_driver_is_heard_with_values_that_are_not_new() -> None:
    """A robot that lags behind has to follow them; later ones are passed on if they change."""
    session = joined_session()

    def sent(seq: int, source: str) -> str:
        return json.dumps({**json.loads(update(seq, a=1.0, b=2.0)), 'source': source})

    assert values(session.receive_datagram(sent(1, 'policy'))) == [{'a': 1.0, 'b': 2.0}]
    assert session.receive_datagram(sent(2, 'policy')) == []
    assert values(session.receive_datagram(sent(3, 'person'))) == [{'a': 1.0, 'b': 2.0}]
    assert session.receive_datagram(sent(4, 'person')) == []


def test_a_joint_that_was_sent_before_the_join_is_not_passed_on() -> None:
    """An update has all joints of its sender, and the arm may have been moved by hand."""
    session = joined_session()

    assert values(session.receive_datagram(update(7, a=0.0, b=1.0))) == [{'b': 1.0}]


def test_without_the_feature_nothing_is_dropped() -> None:
    """A server may use a key of this name with another meaning."""
    session = joined_session(())

    for _ in range(2):
        assert values(session.receive(update(1, a=0.0), START)) == [{'a': 0.0}]
        assert len(session.receive(stop(), START)) == 1


def test_a_stop_is_passed_on_once() -> None:
    """Three datagrams and the WebSocket carry it."""
    session = joined_session()

    passed = [*session.receive_datagram(stop()), *session.receive_datagram(stop())]
    passed += session.receive(stop(), START)
    passed += session.receive(stop('later'), START)
    passed += session.receive(stop('noon', 'other'), START)

    assert [
        (each.source, each.timestamp) for each in passed if isinstance(each, EmergencyStop)
    ] == [
        ('leader', 'noon'),
        ('leader', 'later'),
        ('other', 'noon'),
    ]


def test_a_stop_without_a_time_is_passed_on_each_time() -> None:
    """It cannot be recognized, and no stop may be lost."""
    session = joined_session()

    assert [len(session.receive_datagram(stop(None))) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    'text',
    [
        '',
        '{',
        '[]',
        update(None, a=1.0),
        '{"type": "joint_update", "data": [{"name": "a", "value": NaN}], "seq": 1}',
        '{"type": "heartbeat_ack", "seq": 1}',
        '{"type": "robot_state", "data": null, "source": "arm"}',
        '{"type": "state_sync", "data": {"a": 7.0}}',
        '{"type": "error", "message": "boo"}',
        '{"type": "joined", "room_id": "x", "role": "consumer"}',
    ],
)
def test_only_numbered_updates_and_stops_may_be_datagrams(text: str) -> None:
    """Anything else is dropped without an event."""
    session = joined_session()

    assert session.receive_datagram(text) == []
    assert isinstance(session.receive('{', START)[0], Malformed)


def test_a_websocket_that_is_silent_is_a_lost_link_although_the_lane_lives() -> None:
    """A datagram is no sign of life of the WebSocket."""
    session = joined_session()
    health = session.lane = LaneHealth(LaneTiming(), START)
    now = START
    for number in range(1, 15):
        now = START + number * 0.1
        seq = health.ping(now)
        if seq is not None:
            health.on_pong(seq, now)
        session.receive_datagram(update(number, a=float(number)))
        session.check(now)

    with pytest.raises(ConnectionLost, match=r'no answer from the server for 1\.5 s'):
        session.check(START + 1.5)
    # A stop is passed on even then.
    session.receive('{"type": "heartbeat_ack"}', START + 1.6)
    assert session.receive_datagram(update(99, a=99.0)) == []
    assert len(session.receive_datagram(stop())) == 1


def test_a_late_websocket_does_not_matter_while_the_lane_is_up() -> None:
    """The lane carries the updates, so its delay counts."""
    session = joined_session()
    session.receive_datagram(update(0, a=1.0))
    health = session.lane = LaneHealth(LaneTiming(), START)
    session.heartbeat(START + 0.5)
    ping = health.ping(START + 0.5)
    assert ping is not None
    health.on_pong(ping, START + 0.52)

    assert session.check(START + 1.0) is None
    assert session.next_check > START + 1.0
    ack = session.receive('{"type": "heartbeat_ack", "has_producer": true, "seq": 1}', START + 1.0)
    assert ack == [Presence(has_producer=True)]


def test_a_late_websocket_is_reported_when_the_lane_is_suspect() -> None:
    """At the latest when the lane has not answered for its time."""
    session = joined_session()
    session.receive_datagram(update(0, a=1.0))
    session.lane = LaneHealth(LaneTiming(suspect_s=0.6), START)
    session.heartbeat(START + 0.0)

    assert session.check(START + 0.5) is None
    assert session.next_check == pytest.approx(START + 0.6)
    late = session.check(START + 0.6)

    assert late is not None
    assert late.waiting_s == pytest.approx(0.6)


def test_a_closed_lane_changes_no_deadline() -> None:
    """The WebSocket alone decides."""
    session = joined_session()
    session.heartbeat(START)
    session.lane = LaneHealth(LaneTiming(), START)
    session.lane = None

    assert session.next_check == pytest.approx(START + 0.2)
    assert isinstance(session.check(START + 0.3), Late)


@pytest.mark.parametrize('is_sender', [True, False])
def test_a_late_websocket_matters_for_updates_that_do_not_take_the_lane(is_sender: bool) -> None:
    """Updates that are too large for a datagram are as late as the WebSocket."""
    session = joined_session()
    session.lane = LaneHealth(LaneTiming(), START)
    session.receive_datagram(update(0, a=0.5))
    assert session.is_carried_by_lane(START)
    for number in range(1, 1 + MAX_BY_SOCKET):
        assert session.is_carried_by_lane(START)
        if is_sender:
            session.update_way.note(by_lane=False)
        else:
            session.receive(update(number, a=float(number)), START)
    session.heartbeat(START)

    assert not session.is_carried_by_lane(START)
    assert session.next_check == pytest.approx(START + 0.2)
    assert isinstance(session.check(START + 0.3), Late)


def test_before_the_first_update_the_delay_of_the_websocket_counts() -> None:
    """Nothing is known of the way of the updates."""
    session = joined_session()
    session.lane = LaneHealth(LaneTiming(), START)
    session.heartbeat(START)

    ack = session.receive('{"type": "heartbeat_ack", "has_producer": true, "seq": 1}', START + 0.1)

    (presence,) = ack
    assert isinstance(presence, Presence)
    assert presence.round_trip_s == pytest.approx(0.1)
