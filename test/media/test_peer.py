# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.peer: one WebRTC connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import itertools
from typing import Any

import pytest
import pytest_asyncio

pytest.importorskip('aiortc')

from aiortc import RTCPeerConnection, VideoStreamTrack  # noqa: E402
from aiortc.mediastreams import AudioStreamTrack  # noqa: E402
from support.pictures import feeding, no_thread_of, open_sockets, shade_of  # noqa: E402
from support.waiting import wait_until  # noqa: E402

from lerobot_arena_ros.media.codec import Codec  # noqa: E402
from lerobot_arena_ros.media.encoder import CameraEncoder, EncoderSettings  # noqa: E402
from lerobot_arena_ros.media.errors import InvalidSignal, PeerFailed  # noqa: E402
from lerobot_arena_ros.media.peer import MAX_CANDIDATES, Peer  # noqa: E402
from lerobot_arena_ros.media.sdp_text import MAX_LENGTH  # noqa: E402
from lerobot_arena_ros.media.tracks import EncodedTrack  # noqa: E402

CANDIDATE = 'candidate:1 1 udp 2130706431 10.255.255.254 {port} typ host'


@pytest_asyncio.fixture(name='encoder', params=list(Codec))
async def fixture_encoder(request: pytest.FixtureRequest) -> AsyncIterator[CameraEncoder]:
    """Give an encoder of each codec, which gets pictures."""
    encoder = CameraEncoder(EncoderSettings(codec=request.param), name='cam')
    async with feeding(encoder):
        yield encoder
    encoder.close()
    assert no_thread_of('encode cam')


def bare(sdp: str) -> str:
    """Return an SDP as a browser sends it, before it has gathered candidates."""
    return '\r\n'.join(line for line in sdp.split('\r\n') if 'candidate' not in line)


@asynccontextmanager
async def two_peers() -> AsyncIterator[tuple[Peer, Peer]]:
    """Make the two ends of a connection, and check that they leave no task behind."""
    before = asyncio.all_tasks()
    ends = Peer('viewer'), Peer('camera')
    try:
        yield ends
    finally:
        for each in ends:
            await each.aclose()
            await each.aclose()
        await wait_until(lambda: asyncio.all_tasks() <= before, 'the end of all tasks')


async def test_pictures_of_a_shared_encoding_arrive(encoder: CameraEncoder) -> None:
    """In both codecs; the other side reports what it received."""
    async with two_peers() as (sender, viewer):
        track = EncodedTrack(encoder)
        answer = await viewer.answer(await sender.offer(track, encoder.settings.codec))
        await sender.accept(answer)
        await sender.wait_connected(10.0)
        await viewer.wait_connected(10.0)

        assert viewer.track is not None
        pictures = [await viewer.track.recv() for _ in range(5)]

        assert all(48 <= shade_of(picture) <= 172 for picture in pictures)
        assert (await sender.stats()).packets_sent > 0


async def test_the_offer_has_one_codec_and_all_candidates() -> None:
    """A shared encoding has one codec; candidates are there, because none is sent later."""
    encoder = CameraEncoder()
    async with two_peers() as (sender, _):
        sdp = await sender.offer(EncodedTrack(encoder), Codec.VP8)

    assert 'VP8' in sdp and 'H264' not in sdp
    assert 'a=candidate:' in sdp and 'a=sendonly' in sdp
    assert sdp.count('\nm=') == 1 and 'a=setup:actpass' in sdp
    encoder.close()


async def test_an_answer_without_the_codec_is_refused() -> None:
    """The error says it, instead of a connection that shows nothing."""
    encoder = CameraEncoder()
    async with two_peers() as (sender, viewer):
        offer = await sender.offer(EncodedTrack(encoder), Codec.VP8)
        answer = await viewer.answer(offer)
        refused = answer.replace('a=recvonly', 'a=inactive')

        with pytest.raises(InvalidSignal, match='refuses the pictures'):
            await sender.accept(refused)
    encoder.close()


async def test_audio_is_declined() -> None:
    """A browser may offer audio first; it is not received, because nothing reads it."""
    browser = RTCPeerConnection()
    browser.addTransceiver(AudioStreamTrack(), direction='sendonly')
    browser.addTransceiver(VideoStreamTrack(), direction='sendonly')
    await browser.setLocalDescription(await browser.createOffer())
    async with two_peers() as (_, viewer):
        answer = await viewer.answer(browser.localDescription.sdp)

        audio, video = answer.split('\nm=')[1:]
        assert audio.startswith('audio') and 'a=inactive' in audio
        assert video.startswith('video') and 'a=recvonly' in video
    await browser.close()


@pytest.mark.parametrize(
    'sdp',
    [
        '',
        'v=0',
        'v=0\r\nm=video',
        'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n',
        'v=0\r\n' + 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n' * 100,
        'v=0\r\nm=audio 9 X 0\r\n' + 'a=x\r\n' * MAX_LENGTH,
        '\nm=\x00\xff',
    ],
)
async def test_a_hostile_offer_is_refused(sdp: str) -> None:
    """Whatever aiortc makes of it, the caller gets one kind of error."""
    async with two_peers() as (_, viewer):
        with pytest.raises(InvalidSignal):
            await viewer.answer(sdp)


async def test_an_offer_with_hundreds_of_candidates_is_refused() -> None:
    """Each would cause packets to an address that the other side chose."""
    encoder = CameraEncoder()
    async with two_peers() as (sender, viewer):
        sdp = await sender.offer(EncodedTrack(encoder), Codec.VP8)
        lines = ''.join(f'a={CANDIDATE.format(port=port)}\r\n' for port in range(1, 501))

        with pytest.raises(InvalidSignal, match=str(MAX_CANDIDATES)):
            await viewer.answer(sdp + lines)
    encoder.close()


async def test_candidates_are_bounded_before_and_after_the_offer() -> None:
    """Early ones are kept for the offer, and count together with later ones."""
    async with two_peers() as (_, viewer):
        with pytest.raises(InvalidSignal, match=str(MAX_CANDIDATES)):
            for port in range(2000, 4000):
                candidate = {'candidate': CANDIDATE.format(port=port), 'sdpMid': '0'}
                viewer.add_candidate(candidate)


async def test_candidates_that_come_one_by_one_make_the_connection() -> None:
    """Even those that overtook the offer, as those of a browser may."""
    encoder = CameraEncoder()
    async with feeding(encoder), two_peers() as (sender, viewer):
        offer = await sender.offer(EncodedTrack(encoder), Codec.VP8)
        lines = [line for line in offer.split('\r\n') if line.startswith('a=candidate:')]
        for line in lines[:MAX_CANDIDATES]:
            viewer.add_candidate({'candidate': line.removeprefix('a='), 'sdpMid': '0'})
        bare = '\r\n'.join(line for line in offer.split('\r\n') if 'candidate' not in line)
        answer = await viewer.answer(bare)
        await sender.accept(
            '\r\n'.join(each for each in answer.split('\r\n') if 'cand' not in each)
        )

        await viewer.wait_connected(10.0)
    encoder.close()


async def test_the_end_of_the_other_side_is_noticed() -> None:
    """So that a viewer is offered a new connection, or dropped."""
    encoder = CameraEncoder()
    async with feeding(encoder), two_peers() as (sender, viewer):
        offer = await sender.offer(EncodedTrack(encoder), Codec.VP8)
        await sender.accept(await viewer.answer(offer))
        await sender.wait_connected(10.0)
        assert not await sender.wait_ended(0.01)

        await viewer.aclose()

        assert await sender.wait_ended(40.0)
    encoder.close()


async def test_a_connection_that_is_never_answered_fails_in_time() -> None:
    """The error names the other participant."""
    encoder = CameraEncoder()
    async with two_peers() as (sender, _):
        await sender.offer(EncodedTrack(encoder), Codec.VP8)
        with pytest.raises(PeerFailed, match='viewer: not connected within 0.1 s'):
            await sender.wait_connected(0.1)
    encoder.close()


async def test_an_offer_that_is_interrupted_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A viewer may leave while the sockets for it are opened, one for each address."""
    encoder, before = CameraEncoder(), open_sockets()
    loop = asyncio.get_running_loop()
    open_socket, calls = loop.create_datagram_endpoint, itertools.count(1)
    is_second, may_open = asyncio.Event(), asyncio.Event()

    async def slow(*args: Any, **options: Any) -> Any:
        if next(calls) == 2:
            is_second.set()
            await may_open.wait()
        return await open_socket(*args, **options)

    monkeypatch.setattr(loop, 'create_datagram_endpoint', slow)
    async with two_peers() as (sender, _):
        offering = asyncio.create_task(sender.offer(EncodedTrack(encoder), Codec.VP8))
        second = asyncio.create_task(is_second.wait())
        await asyncio.wait([offering, second], return_when=asyncio.FIRST_COMPLETED)
        if second.done():
            offering.cancel()
            await asyncio.wait([offering])
        may_open.set()
        second.cancel()
        await asyncio.wait([offering, second])
    encoder.close()

    if not is_second.is_set():
        pytest.skip('this machine has one address: no socket can be left')
    assert open_sockets() == before
