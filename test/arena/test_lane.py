# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""An open lane: which way each message takes, and when the lane ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from support.channels import MemoryChannel, channel_pair
from support.waiting import wait_until

from lerobot_arena_ros.arena.lane.channel import MAX_OCTETS
from lerobot_arena_ros.arena.lane.decisions import LaneState, LaneTiming
from lerobot_arena_ros.arena.lane.lane import COPIES, Lane
from lerobot_arena_ros.arena.messages import JointUpdate

LONG = LaneTiming(ping_period_s=0.05, suspect_s=20.0, timeout_s=60.0)


def numbered(seq: int, **values: float) -> JointUpdate:
    """Return an update with a number."""
    return replace(JointUpdate.of(values), seq=seq)


class End:
    """One end of a lane, and what it did."""

    def __init__(self, channel: MemoryChannel, timing: LaneTiming = LONG) -> None:
        self.texts: list[str] = []
        self.repeated: list[int | None] = []
        self.round_trips: list[float] = []
        self.reasons: list[str] = []
        self.is_admitting = True
        self.lane = Lane(
            channel,
            timing,
            on_text=self.texts.append,
            repeat=lambda update: self.repeated.append(update.seq),
            on_end=self.reasons.append,
            on_pong=self.round_trips.append,
            admit=lambda: self.is_admitting,
        )


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    """Yield both ends of a lane in memory, which work."""
    channels = channel_pair()
    one, other = (End(channel) for channel in channels)
    await wait_until(lambda: all(channel.texts for channel in channels), 'the first pings')
    yield one, other
    one.lane.close()
    other.lane.close()


def lose_all(_text: str) -> tuple[float, ...]:
    """Lose each datagram."""
    return ()


async def test_an_update_takes_the_lane_and_is_repeated_once(ends: tuple[End, End]) -> None:
    """The WebSocket gets the last update a moment later, and nothing more."""
    one, other = ends
    updates = [numbered(seq, a=float(seq)) for seq in range(20)]

    assert all(one.lane.send_update(update) for update in updates)

    await wait_until(lambda: one.repeated[-1:] == [19], 'the last update was repeated')
    await wait_until(lambda: len(other.texts) == 20, 'all datagrams have arrived')
    assert other.texts == [update.text for update in updates]
    assert len(one.repeated) < 5


async def test_a_large_update_is_left_to_the_websocket(ends: tuple[End, End]) -> None:
    """It is not sent in parts; the pending one before it is written first."""
    one, _ = ends
    one.lane.send_update(numbered(0, a=1.0))
    one.repeated.clear()
    large = numbered(1, **{f'a_joint_with_a_name_{number}': 1.5 for number in range(40)})
    assert len(large.text) > MAX_OCTETS

    one.lane.send_update(numbered(1, a=2.0))
    assert not one.lane.send_update(replace(large, seq=2))

    assert one.repeated == [1]


async def test_a_lost_joint_is_repeated_before_an_update_without_it(
    ends: tuple[End, End],
) -> None:
    """Its last value would not be sent again otherwise."""
    one, _ = ends
    one.lane.send_update(numbered(0, a=1.0))
    await wait_until(lambda: one.repeated == [0], 'the first update was repeated')

    one.lane.send_update(numbered(1, a=1.0, b=1.0))
    one.lane.send_update(numbered(2, a=2.0))

    assert one.repeated == [0, 1]


async def test_a_suspect_lane_is_used_beside_the_websocket() -> None:
    """Nothing waits for the decision whether the lane works."""
    channel, _ = channel_pair()
    channel.fate = lose_all
    end = End(channel, replace(LONG, suspect_s=0.05))
    await wait_until(lambda: end.lane.report.state is LaneState.SUSPECT, 'the lane is suspect')

    assert not end.lane.send_update(numbered(0, a=1.0))

    assert numbered(0, a=1.0).text in channel.texts
    end.lane.close()


async def test_a_silent_lane_ends_with_a_reason() -> None:
    """What was sent by the lane only is written to the WebSocket."""
    channel, _ = channel_pair()
    channel.fate = lose_all
    end = End(channel, LaneTiming(ping_period_s=0.02, suspect_s=10.0, timeout_s=0.2))
    end.lane.send_update(numbered(0, a=1.0))

    await wait_until(lambda: end.reasons, 'the lane has ended')

    assert end.reasons == ['no answer on the lane for 0.2 s']
    assert end.repeated[-1] == 0
    assert not channel.is_open
    assert not end.lane.send_update(numbered(1, a=2.0))


async def test_a_lane_that_the_other_end_closes_has_ended(ends: tuple[End, End]) -> None:
    """Only the end that did not close it is told."""
    one, other = ends
    one.lane.close()
    one.lane.close()

    assert other.reasons == ['closed by the other end']
    assert one.reasons == []


async def test_pings_measure_the_round_trip_and_the_loss(ends: tuple[End, End]) -> None:
    """Each end has pings of its own."""
    one, other = ends
    await wait_until(lambda: len(one.round_trips) > 3, 'answers of the other end')
    await wait_until(lambda: len(other.round_trips) > 3, 'answers of this end')

    await wait_until(lambda: one.lane.report.loss is not None, 'the loss')
    report = one.lane.report
    assert report.state is LaneState.UP
    assert report.loss == 0.0
    assert report.round_trip_s == one.round_trips[-1]
    assert one.texts == other.texts == []


@pytest.mark.parametrize('copies', [(0.0,), (0.0, 0.02, 0.04), (0.1,)])
async def test_a_stop_is_sent_several_times(copies: tuple[float, ...]) -> None:
    """The loss of two of three datagrams delays it by milliseconds only."""
    channel, other = channel_pair()
    channel.fate = lambda text: copies if text.startswith('{') else (0.0,)
    end, far = End(channel), End(other)

    end.lane.send_stop('{"type":"emergency_stop"}')

    expected = COPIES * len(copies)
    await wait_until(lambda: len(far.texts) == expected, 'all copies have arrived')
    end.lane.close()


async def test_no_copy_of_a_stop_is_sent_on_a_closed_lane() -> None:
    """The channel drops it."""
    channel, _ = channel_pair()
    end = End(channel)
    end.lane.send_stop('{}')
    end.lane.close()

    await wait_until(lambda: channel.dropped == COPIES - 1, 'the other copies were dropped')


@pytest.mark.parametrize(
    'text',
    ['', 'ping', 'ping ', 'ping x', 'ping -1', 'pong 1e3', f'ping {"9" * 17}', 'pang 1', '[]'],
)
async def test_garbage_is_neither_answered_nor_passed_on(text: str) -> None:
    """It comes from a participant that has joined, but is no message."""
    channel, other = channel_pair()
    end = End(channel)
    await wait_until(lambda: channel.texts, 'the first ping')
    channel.take(text)

    assert [each for each in channel.texts if each.startswith('pong')] == []
    assert end.texts == []
    end.lane.close()
    assert not other.is_open


@pytest.mark.parametrize('number', [0, 9999])
async def test_an_answer_to_no_ping_measures_nothing(number: int) -> None:
    """The other end, or a repeated datagram, could make the lane look alive."""
    channel, _ = channel_pair()
    channel.fate = lose_all
    end = End(channel)
    await wait_until(lambda: channel.texts, 'the first ping')

    channel.take(f'pong {number}')

    assert end.round_trips == []
    channel.take(channel.texts[0].replace('ping', 'pong'))
    assert len(end.round_trips) == 1
    end.lane.close()


async def test_what_exceeds_the_rate_is_dropped() -> None:
    """Pings, too, because each is answered."""
    one, other = (End(channel) for channel in channel_pair())
    other.is_admitting = False
    one.lane.send_update(numbered(0, a=1.0))
    await wait_until(lambda: one.repeated, 'the update was repeated')

    assert other.texts == []
    assert one.round_trips == []
    one.lane.close()
    other.lane.close()
