# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.viewers: offers, answers and connections of the viewers of a camera."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
import itertools

import pytest
import pytest_asyncio

pytest.importorskip('aiortc')

from support.pictures import feeding  # noqa: E402
from support.waiting import until, wait_until  # noqa: E402

from lerobot_arena_ros.arena.errors import TransportError  # noqa: E402
from lerobot_arena_ros.arena.video_messages import Offer  # noqa: E402
from lerobot_arena_ros.media import pace  # noqa: E402
from lerobot_arena_ros.media import viewers as viewers_module  # noqa: E402
from lerobot_arena_ros.media.bitrate import BitrateBounds  # noqa: E402
from lerobot_arena_ros.media.encoder import CameraEncoder, EncoderSettings  # noqa: E402
from lerobot_arena_ros.media.peer import Peer, PeerStats  # noqa: E402
from lerobot_arena_ros.media.sdp_text import asks_for_stamps  # noqa: E402
from lerobot_arena_ros.media.viewers import MAX_VIEWERS, ViewerSet  # noqa: E402

BOUNDS = BitrateBounds(1_000_000, 200_000)


@dataclass
class Rig:
    """A camera with viewers, the offers that it sent, and the errors that it reported."""

    encoder: CameraEncoder
    viewers: ViewerSet
    offers: list[Offer]
    errors: list[str]


@pytest_asyncio.fixture(name='rig')
async def fixture_rig(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """Give a camera whose timeouts are short."""
    monkeypatch.setattr(viewers_module, 'ANSWER_TIMEOUT_S', 0.2)
    monkeypatch.setattr(viewers_module, 'RETRY_S', 0.05)
    monkeypatch.setattr(viewers_module, 'STATS_PERIOD_S', 0.05)
    encoder = CameraEncoder(EncoderSettings(bitrate=BOUNDS))
    offers: list[Offer] = []
    errors: list[str] = []

    async def send(offer: Offer) -> None:
        offers.append(offer)

    rig = Rig(encoder, ViewerSet(encoder, send, on_error=errors.append), offers, errors)
    yield rig
    await rig.viewers.aclose()
    await rig.viewers.aclose()
    encoder.close()


async def test_an_unanswered_offer_is_sent_again_and_then_replaced(rig: Rig) -> None:
    """Three times unchanged, then on another connection."""
    rig.viewers.add('viewer')
    await wait_until(lambda: len(rig.offers) >= 4, 'four offers')

    first = [offer.sdp for offer in rig.offers[:3]]
    assert len(set(first)) == 1
    assert rig.offers[3].sdp != first[0]
    assert rig.errors[0] == 'viewer viewer: 3 offers were not answered'


async def test_a_failure_of_the_server_is_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt may work, and the error is reported."""
    monkeypatch.setattr(viewers_module, 'ANSWER_TIMEOUT_S', 0.05)
    encoder = CameraEncoder()
    errors: list[str] = []

    async def fail(offer: Offer) -> None:
        raise TransportError('no server')

    viewers = ViewerSet(encoder, fail, on_error=errors.append)
    viewers.add('viewer')
    await wait_until(lambda: errors, 'the error')
    assert errors == ['viewer no server']
    await viewers.aclose()
    encoder.close()


async def test_viewers_follow_the_list_of_the_room(rig: Rig) -> None:
    """Missing ones are added, and those that are gone are dropped."""
    rig.viewers.keep_only(['a', 'b'])
    rig.viewers.keep_only(['b', 'c'])

    assert {each.participant_id for each in rig.viewers.status} == {'b', 'c'}


async def test_viewers_are_bounded(rig: Rig) -> None:
    """The error names the one that is refused."""
    for number in range(MAX_VIEWERS + 1):
        rig.viewers.add(f'viewer-{number}')

    assert len(rig.viewers.status) == MAX_VIEWERS
    assert rig.errors == [f'viewer-{MAX_VIEWERS}: the camera has {MAX_VIEWERS} viewers already']


async def test_an_answer_that_no_offer_waits_for_is_ignored(rig: Rig) -> None:
    """Of a stranger, and of a viewer whose offer is not out yet."""
    rig.viewers.on_answer('stranger', 'v=0')
    rig.viewers.on_candidate('stranger', None)
    rig.viewers.add('viewer')
    rig.viewers.on_answer('viewer', 'v=0')

    await wait_until(lambda: rig.offers, 'the offer')
    assert rig.errors == []


async def test_the_bitrate_follows_the_loss_of_a_viewer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It falls to the lowest of the bounds, and key frames replace what was lost."""
    counts = itertools.count(1)

    async def lossy(self: Peer) -> PeerStats:
        count = next(counts)
        return PeerStats(packets_sent=100 * count, packets_lost=40 * count, round_trip_s=0.02)

    monkeypatch.setattr(Peer, 'stats', lossy)
    peer = Peer('camera')
    async with feeding(rig.encoder):
        rig.viewers.add('viewer')
        await wait_until(lambda: rig.offers, 'the offer')
        rig.viewers.on_answer('viewer', await plain_answer(peer, rig.offers[0]))
        await wait_until(lambda: rig.encoder.bitrate <= 600_000, 'a lower bitrate')
        await wait_until(lambda: rig.encoder.counts.key_frames >= 3, 'key frames')

        (status,) = rig.viewers.status
        assert status.is_connected
        assert status.loss == pytest.approx(0.4)
    await peer.aclose()


async def test_a_viewer_that_reports_nothing_counts_as_not_receiving(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A viewer that vanished stays connected for half a minute, but sends no reports."""
    monkeypatch.setattr(viewers_module, 'SILENT_AFTER_S', 0.5)
    counts = itertools.count(1)
    is_silent = False

    async def reported(self: Peer) -> PeerStats:
        return PeerStats(report=None if is_silent else next(counts))

    def receives() -> bool:
        (status,) = rig.viewers.status
        return status.is_connected and status.is_receiving

    monkeypatch.setattr(Peer, 'stats', reported)
    peer = Peer('camera')
    async with feeding(rig.encoder):
        rig.viewers.add('viewer')
        await wait_until(lambda: rig.offers, 'the offer')
        rig.viewers.on_answer('viewer', await plain_answer(peer, rig.offers[0]))
        await wait_until(receives, 'the viewer to receive')
        is_silent = True
        await wait_until(lambda: not receives(), 'the silence')
        assert rig.viewers.status[0].is_connected
        is_silent = False
        await wait_until(receives, 'reports again')
    await peer.aclose()


@pytest.mark.parametrize('lost', [0, 6], ids=['nothing arrives', 'most is lost'])
async def test_a_viewer_that_reports_no_arrival_counts_as_not_receiving(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    """Its reports may pass a network that drops the larger packets of pictures."""
    monkeypatch.setattr(viewers_module, 'SILENT_AFTER_S', 0.5)
    counts, is_cut = itertools.count(1), False
    stats = PeerStats(packets_lost=0, jitter=0)

    async def reported(self: Peer) -> PeerStats:
        nonlocal stats
        stats = replace(
            stats,
            packets_sent=stats.packets_sent + 10,
            packets_lost=(stats.packets_lost or 0) + is_cut * lost,
            jitter=(stats.jitter or 0) + (not is_cut or bool(lost)),
            report=next(counts),
        )
        return stats

    def receives() -> bool:
        (status,) = rig.viewers.status
        return status.is_connected and status.is_receiving

    monkeypatch.setattr(Peer, 'stats', reported)
    peer = Peer('camera')
    async with feeding(rig.encoder):
        rig.viewers.add('viewer')
        await wait_until(lambda: rig.offers, 'the offer')
        rig.viewers.on_answer('viewer', await plain_answer(peer, rig.offers[0]))
        await wait_until(receives, 'the viewer to receive')
        is_cut = True
        await wait_until(lambda: not receives(), 'the loss')
        assert rig.viewers.status[0].is_connected
        is_cut = False
        await wait_until(receives, 'arrivals again')
    await peer.aclose()


async def test_a_viewer_that_sends_much_is_offered_another_connection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has nothing to send but reports; the error names it."""
    counts = itertools.count(1)

    async def flooding(self: Peer) -> PeerStats:
        return PeerStats(bytes_received=10**9 * next(counts))

    monkeypatch.setattr(Peer, 'stats', flooding)
    peer = Peer('camera')
    async with feeding(rig.encoder):
        rig.viewers.add('viewer')
        await wait_until(lambda: rig.offers, 'the offer')
        rig.viewers.on_answer('viewer', await plain_answer(peer, rig.offers[0]))
        await wait_until(lambda: len(rig.offers) == 2, 'another offer')

    assert rig.errors == ['viewer viewer: it sends more than 500000 bytes a second']
    await peer.aclose()


async def test_a_viewer_that_closes_its_connection_is_offered_another(rig: Rig) -> None:
    """Public consumers close the current connection while they clean up an old one."""
    async with feeding(rig.encoder):
        rig.viewers.add('viewer')
        await answered_and_closed(rig, 1)
        await answered_and_closed(rig, 2)


async def test_viewers_that_come_and_go_get_connections_at_a_limited_rate(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that have left before their turn cost nothing, and delay no other one."""
    monkeypatch.setattr(pace, 'PERIOD_S', 3600.0)
    for number in range(pace.BURST):
        rig.viewers.add(f'first-{number}')
    await wait_until(lambda: len({each.target_consumer for each in rig.offers}) == pace.BURST, '')
    for number in range(100):
        rig.viewers.add(f'hostile-{number}')
        await until(asyncio.get_running_loop().time())
        rig.viewers.remove(f'hostile-{number}')
    monkeypatch.setattr(pace, 'PERIOD_S', 0.0)
    rig.viewers.add('honest')

    await wait_until(lambda: rig.offers[-1].target_consumer == 'honest', 'its offer')
    assert not any(str(offer.target_consumer).startswith('hostile') for offer in rig.offers)


async def plain_answer(peer: Peer, offer: Offer) -> str:
    """Answer an offer like a participant that does not know stamps."""
    answer = await peer.answer(offer.sdp)
    return '\n'.join(line for line in answer.splitlines() if not asks_for_stamps(line))


async def test_only_a_viewer_that_asks_for_stamps_is_offered_a_channel(rig: Rig) -> None:
    """Another one could not take the offer of a producer without a channel afterwards."""
    peers: list[Peer] = []

    def is_connected() -> bool:
        return rig.viewers.status[0].is_connected

    async with feeding(rig.encoder), AsyncExitStack() as stack:
        rig.viewers.add('viewer')
        # On a busy machine an answer may come too late, and is followed by another offer.
        while not is_connected():
            await wait_until(lambda: len(rig.offers) > len(peers) or is_connected(), 'an offer')
            for offer in rig.offers[len(peers) :]:
                peers.append(Peer('camera'))
                stack.push_async_callback(peers[-1].aclose)
                rig.viewers.on_answer('viewer', await peers[-1].answer(offer.sdp))

    has_channel = ['m=application' in offer.sdp for offer in rig.offers]
    assert (has_channel[0], has_channel[-1]) == (False, True)
    assert has_channel == sorted(has_channel)
    assert rig.errors == []


async def test_only_a_new_viewer_is_told_its_dtls_role(rig: Rig) -> None:
    """One that may have had the offer of another producer could be unable to take it."""
    rig.viewers.add('new', is_new=True)
    rig.viewers.keep_only(['new', 'known'])
    await wait_until(lambda: len(rig.offers) >= 2, 'both offers')

    roles = {offer.target_consumer: 'a=setup:active' in offer.sdp for offer in rig.offers}
    assert roles == {'new': True, 'known': False}


async def answered_and_closed(rig: Rig, count: int) -> None:
    """Answer an offer, wait for the connection, and close it."""
    await wait_until(lambda: len(rig.offers) >= count, 'an offer')
    peer = Peer('camera')
    rig.viewers.on_answer('viewer', await plain_answer(peer, rig.offers[-1]))
    await wait_until(lambda: rig.viewers.status[0].is_connected, 'the connection')
    await peer.aclose()
    await wait_until(lambda: not rig.viewers.status[0].is_connected, 'the end', 40.0)
