# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.video: cameras and viewers in the video rooms of our server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

pytest.importorskip('aiortc')

from support.pictures import no_thread_of, open_sockets, picture  # noqa: E402
from support.server import running_server  # noqa: E402
from support.video_clients import (  # noqa: E402
    PublicConsumer,
    PublicProducer,
    camera,
    colour,
    viewer,
)
from support.video_rooms import (  # noqa: E402
    WORKSPACE,
    make_video_room,
    post_signal,
    video_peer,
    video_rooms,
)
from support.waiting import ticks, wait_until  # noqa: E402

from lerobot_arena_ros.arena.errors import RoomNotFound  # noqa: E402
from lerobot_arena_ros.media import video_consumer  # noqa: E402
from lerobot_arena_ros.media import viewers as viewers_module  # noqa: E402
from lerobot_arena_ros.media.bitrate import BitrateBounds  # noqa: E402
from lerobot_arena_ros.media.encoder import CameraEncoder, EncoderSettings  # noqa: E402
from lerobot_arena_ros.media.errors import MediaError  # noqa: E402
from lerobot_arena_ros.media.ice import IceServers  # noqa: E402
from lerobot_arena_ros.video import (  # noqa: E402
    ClientOptions,
    FrameData,
    Resolution,
    VideoConfig,
    VideoConsumer,
    VideoEncoding,
    VideoProducer,
    WebRTCConfig,
    create_client,
    create_consumer_client,
    create_producer_client,
)

LATE_S = 1.0
"""How soon a late viewer sees a picture; on a busy machine it may take longer."""

SLACK = 3.0


@pytest.fixture
def url(server_url: str) -> str:
    """Return the URL of the arena under test; each test uses its own room."""
    return server_url


@pytest.fixture
def room(url: str) -> str:
    """Create a video room with a name that no other test uses."""
    return make_video_room(url)


@pytest_asyncio.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    """Check that clients leave no task and no thread of an encoder behind."""
    before, sockets = asyncio.all_tasks(), open_sockets()
    yield
    own = {asyncio.current_task()}
    await wait_until(lambda: not asyncio.all_tasks() - before - own, 'the end of all tasks')
    await wait_until(lambda: open_sockets() <= sockets, 'the end of all sockets')
    assert no_thread_of('encode')


def options(codec: str = 'VP8') -> ClientOptions:
    """Return the options of a producer with this codec."""
    return ClientOptions(webrtc_config=WebRTCConfig(codec_preferences=[codec]))


# ----- pictures


@pytest.mark.parametrize('codec', ['VP8', 'H264'])
async def test_a_picture_arrives_as_rgb(url: str, room: str, codec: str) -> None:
    """Its data are rows of rgb24 without padding, with the metadata of the public client."""
    async with camera(url, room, options(codec), shade=120), viewer(url, room) as viewing:
        await viewing.more()

    frame = viewing.frames[-1]
    assert len(frame.data) == 320 * 240 * 3
    assert abs(colour(frame) - 120) < 12
    assert frame.metadata is not None
    assert {key: frame.metadata[key] for key in ('width', 'height', 'format', 'time_base')} == {
        'width': 320,
        'height': 240,
        'format': 'rgb24',
        'time_base': '1/90000',
    }
    counts = [each.metadata['frame_count'] for each in viewing.frames if each.metadata]
    assert counts == list(range(1, len(viewing.frames) + 1))


async def test_a_viewer_may_come_first(url: str, room: str) -> None:
    """It gets the offer when the camera starts."""
    async with viewer(url, room) as viewing, camera(url, room):
        await viewing.more()
    assert viewing.errors == []


async def test_a_late_viewer_sees_a_picture_within_a_second(url: str, room: str) -> None:
    """All viewers share one encoding: each picture is encoded once."""
    async with camera(url, room) as producer, viewer(url, room) as first:
        await first.more()
        async with viewer(url, room) as late:
            took_s = await late.more()
            assert took_s < LATE_S * SLACK
            encoder = producer._encoder
            assert encoder is not None and encoder.viewers == 2
            assert encoder.counts.encoded <= encoder.counts.pictures_in + 5
        await wait_until(lambda: len(producer.viewers) == 1, 'the end of the late viewer')
        await first.more()


async def test_a_source_is_replaced_without_a_new_offer(url: str, room: str) -> None:
    """A new offer would blacken the picture of a public viewer for seconds."""
    async with camera(url, room, shade=60) as producer, viewer(url, room) as viewing:
        await viewing.more()

        async def brighter() -> object:
            import numpy as np

            return np.full((240, 320, 3), 200, dtype=np.uint8)

        connection = viewing.consumer._receiver
        assert connection is not None
        streams = list(connection._streams)
        await producer.start_custom_stream(brighter)
        await wait_until(lambda: colour(viewing.frames[-1]) > 180, 'the other picture')
        assert connection._streams == streams


async def test_an_encoder_of_the_caller_is_sent_and_not_closed(url: str, room: str) -> None:
    """A node submits pictures from its own thread and keeps its encoder."""
    from support.pictures import feeding

    encoder = CameraEncoder(EncoderSettings(bitrate=BitrateBounds(500_000, 100_000)))
    producer = VideoProducer(url)
    try:
        assert await producer.connect(WORKSPACE, room)
        async with feeding(encoder), viewer(url, room) as viewing:
            await producer.start_encoder(encoder)
            await viewing.more()
            await producer.disconnect()
            encoder.submit(encoder._last)
    finally:
        await producer.disconnect()
        encoder.close()


async def test_a_callback_runs_for_one_picture_at_a_time(url: str, room: str) -> None:
    """Even if the client joined anew while it ran; pictures in between are skipped."""
    running = most = 0
    proceed = asyncio.Event()

    async def slow(frame: FrameData) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await proceed.wait()
        running -= 1

    async with camera(url, room), viewer(url, room) as viewing:
        consumer = viewing.consumer
        consumer.on_frame_update(slow)
        await wait_until(lambda: running, 'the callback')
        connection = consumer._connection
        assert connection is not None
        losses: list[str] = []
        consumer.on_disconnected(lambda: losses.append('lost'))
        connection._socket.abort()
        await wait_until(lambda: losses, 'the loss')
        await wait_until(lambda: consumer.is_receiving, 'another connection')
        await wait_until(lambda: consumer.skipped > 5, 'pictures that are skipped')
        proceed.set()
        consumer.on_frame_update(viewing.frames.append)
        await viewing.more()
    assert most == 1


async def test_a_picture_that_cannot_be_converted_ends_nothing(
    url: str, room: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next one is passed on."""
    convert = video_consumer._frame_data

    def failing(picture: Any, count: int) -> FrameData:
        if count == 1:
            raise RuntimeError('no memory')
        return convert(picture, count)

    monkeypatch.setattr(video_consumer, '_frame_data', failing)
    async with camera(url, room), viewer(url, room) as viewing:
        await viewing.more()
    assert 'a picture cannot be converted' in caplog.text


async def test_statistics_are_measured(url: str, room: str) -> None:
    """The rates count since the last call, and there are none without a connection."""
    async with camera(url, room), viewer(url, room) as viewing:
        await viewing.more()
        await viewing.consumer.get_stats()
        await viewing.more(10)
        stats = await viewing.consumer.get_video_stats()
        assert stats is not None
        assert (stats.frame_width, stats.frame_height) == (320, 240)
        assert stats.frames_per_second > 1
        assert stats.video_bits_per_second > 1000
        assert stats.total_packets > 10
        assert viewing.consumer.get_remote_stream() is not None

        await viewing.consumer.stop_receiving()
        assert await viewing.consumer.get_stats() is None
        assert viewing.consumer.get_remote_stream() is None


async def test_stamps_travel_with_their_pictures(url: str, room: str) -> None:
    """Each picture of a viewer has the stamp that its producer gave it, after the first few."""
    shades = (40, 100, 160, 220)
    encoder = CameraEncoder(name='stamped')
    producer = VideoProducer(url)
    assert await producer.connect(WORKSPACE, room)

    async def feed() -> None:
        async for count in ticks(30.0):
            encoder.submit(picture(shades[count % 4]), stamp_ns=1_000 + count)

    feeding = asyncio.create_task(feed())
    try:
        await producer.start_encoder(encoder)
        async with viewer(url, room) as viewing:

            def stamped() -> list[FrameData]:
                return [frame for frame in viewing.frames if 'stamp_ns' in (frame.metadata or {})]

            await wait_until(lambda: len(stamped()) >= 30, 'stamped pictures')
            for frame in stamped():
                count = (frame.metadata or {})['stamp_ns'] - 1_000
                assert abs(colour(frame) - shades[count % 4]) < 25
    finally:
        feeding.cancel()
        await producer.disconnect()
        encoder.close()


async def test_a_stream_without_stamps_has_none(url: str, room: str) -> None:
    """A track of aiortc has no clock of its source."""
    async with camera(url, room), viewer(url, room) as viewing:
        await viewing.more(20)

    assert all('stamp_ns' not in (frame.metadata or {}) for frame in viewing.frames)


@pytest.mark.parametrize('create_room', [True, False])
async def test_a_missing_room_is_created_where_asked(url: str, create_room: bool) -> None:
    """``join_room`` raises the reason otherwise, and ``error`` has it."""
    name = f'made-{create_room}'
    producer = VideoProducer(url, name='arm1-front', create_room=create_room)
    try:
        if create_room:
            assert await producer.join_room(WORKSPACE, name, 'producer')
            assert str(producer.participant_id).startswith('arm1-front-')
            assert producer.error is None
        else:
            with pytest.raises(RoomNotFound) as caught:
                await producer.join_room(WORKSPACE, name, 'producer')
            assert producer.error is caught.value
            assert not await producer.connect(WORKSPACE, name)
    finally:
        await producer.disconnect()


# ----- what heals by itself


async def test_a_viewer_that_vanishes_is_dropped(url: str, room: str) -> None:
    """Its connection and its share of the encoding end when the server has noticed."""
    async with camera(url, room) as producer, viewer(url, room) as stays:
        async with viewer(url, room) as vanishes:
            await vanishes.more()
            connection = vanishes.consumer._connection
            assert connection is not None
            gone = connection.participant_id
            connection._socket.abort()
            await wait_until(
                lambda: gone not in {each.participant_id for each in producer.viewers},
                'the viewer to be dropped',
            )
        await stays.more()


async def test_a_producer_that_restarts_is_seen_again(url: str, room: str) -> None:
    """The viewer stays in the room, and the producer finds it there."""
    async with viewer(url, room) as viewing:
        async with camera(url, room):
            await viewing.more()
        async with camera(url, room, shade=200):
            await viewing.more()
            await wait_until(lambda: colour(viewing.frames[-1]) > 180, 'the other camera')


async def test_a_server_that_restarts_is_joined_again() -> None:
    """The room is gone with it; when it is made again, the pictures come back."""
    with running_server() as url:
        room = make_video_room(url)
        producing = camera(url, room)
        producer = await producing.__aenter__()
        watching = viewer(url, room)
        viewing = await watching.__aenter__()
        await viewing.more()
    port = int(url.rpartition(':')[2])
    with running_server(port=port):
        make_video_room(url, room)
        await viewing.more(timeout_s=40.0)
        assert producer.is_connected()
        await watching.__aexit__(None, None, None)
        await producing.__aexit__(None, None, None)


async def test_a_room_that_was_deleted_and_made_again_is_joined_again(url: str, room: str) -> None:
    """Both ends come back, and meanwhile the viewer gets no pictures."""
    async with camera(url, room) as producer, viewer(url, room) as viewing:
        await viewing.more()
        httpx.delete(f'{video_rooms(url)}/{room}').raise_for_status()
        await wait_until(lambda: not producer.is_connected(), 'the producer to notice')
        await wait_until(lambda: not viewing.consumer.is_connected(), 'the viewer to notice')
        assert producer.viewers == []

        make_video_room(url, room)

        await viewing.more(timeout_s=40.0)


async def test_without_reconnection_the_end_is_reported(url: str, room: str) -> None:
    """As the public client does."""
    ends: list[str] = []
    consumer = VideoConsumer(url, ClientOptions(reconnect_attempts=0))
    consumer.on_disconnected(lambda: ends.append('end'))
    assert await consumer.connect(WORKSPACE, room)

    httpx.delete(f'{video_rooms(url)}/{room}').raise_for_status()

    await wait_until(lambda: ends, 'the callback')
    assert not consumer.connected
    await consumer.disconnect()


async def test_without_reconnection_a_viewer_does_not_leave_by_itself(url: str, room: str) -> None:
    """It could not come back."""
    consumer = VideoConsumer(url, ClientOptions(reconnect_attempts=0))
    assert await consumer.connect(WORKSPACE, room)

    assert [task.get_name() for task in consumer._tasks] == [
        f'pictures of room {WORKSPACE}/{room}'
    ]
    await consumer.disconnect()


async def test_a_viewer_whose_offers_get_lost_joins_anew(
    url: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer cannot ask for an offer in another way."""
    monkeypatch.setattr(video_consumer, 'PATIENCE_S', 0.3)
    async with video_peer(url, room, 'silent', 'producer') as producer:
        async with viewer(url, room) as viewing:
            first = viewing.consumer.participant_id
            await wait_until(
                lambda: viewing.consumer.participant_id not in (first, None), 'another join', 20.0
            )
        await producer.recv_type('participant_joined')


# ----- public clients


async def test_the_public_consumer_gets_pictures(url: str, room: str) -> None:
    """It posts its answer before it has gathered candidates."""
    async with camera(url, room), PublicConsumer.joined(url, room) as consumer:
        await wait_until(lambda: consumer.frames > 20, 'pictures')
    assert consumer.refused == []


async def test_the_public_producer_is_seen(url: str, room: str) -> None:
    """It posts its offer before it has gathered candidates."""
    async with viewer(url, room) as viewing, PublicProducer.joined(url, room) as producer:
        await producer.offer(str(viewing.consumer.participant_id))
        await viewing.more()


async def test_the_public_producer_offers_anew_without_a_gap(url: str, room: str) -> None:
    """The old connection stays until the new one has delivered a picture."""
    async with PublicProducer.joined(url, room) as producer, viewer(url, room) as viewing:
        await viewing.more()
        await producer.offer(str(viewing.consumer.participant_id))
        await viewing.more(10)


async def test_the_public_consumer_recovers_after_a_restart_of_the_camera(
    url: str, room: str
) -> None:
    """It closes the connection that is current when it cleans up after the lost one."""
    async with PublicConsumer.joined(url, room) as consumer:
        async with camera(url, room):
            await wait_until(lambda: consumer.frames > 5, 'pictures')
        async with camera(url, room):
            known = consumer.frames
            await wait_until(lambda: consumer.frames > known + 120, 'steady pictures', 40.0)


async def test_an_offer_that_was_refused_is_sent_again(
    url: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public consumer refuses offers without an answer while it cleans up."""
    monkeypatch.setattr(viewers_module, 'ANSWER_TIMEOUT_S', 0.5)
    async with PublicConsumer.joined(url, room) as consumer:
        consumer.refusals = 2
        async with camera(url, room):
            await wait_until(lambda: consumer.frames > 5, 'pictures')
    assert len(consumer.refused) == 2


# ----- hostile participants


@pytest.mark.parametrize('sdp', ['', 'v=0', '\nm=' * 9, 'x' * 60_000])
async def test_a_hostile_answer_harms_no_other_viewer(url: str, room: str, sdp: str) -> None:
    """Its sender gets nothing; all others get their pictures."""
    async with camera(url, room) as producer, video_peer(url, room, 'bad', 'consumer') as bad:
        offer = await bad.recv_type('webrtc_offer')
        message = {'type': 'answer', 'sdp': sdp or ' ', 'target_producer': offer['from_producer']}
        await post_signal(url, room, 'bad', message)
        for _ in range(100):
            ice = {
                'type': 'ice',
                'candidate': {'candidate': 'x'},
                'target_producer': producer.role,
            }
            await post_signal(url, room, 'bad', ice)
        async with viewer(url, room) as viewing:
            await viewing.more()
        assert {each.participant_id for each in producer.viewers} >= {'bad'}


async def test_a_hostile_offer_is_reported_and_the_next_one_works(url: str, room: str) -> None:
    """An offer without media is the first of a public page that waits for its camera."""
    async with viewer(url, room) as viewing:
        async with video_peer(url, room, 'bad', 'producer'):
            target = viewing.consumer.participant_id
            for sdp in ('v=0', 'v=0\r\nm=video', 'x' * 60_000):
                message = {'type': 'offer', 'sdp': sdp, 'target_consumer': target}
                await post_signal(url, room, 'bad', message)
            await wait_until(lambda: len(viewing.errors) == 3, 'three errors')
        async with camera(url, room):
            await viewing.more()


# ----- the other names of the public client


async def test_rooms_are_data_classes(url: str) -> None:
    """As those of the public client; the configuration is read, too."""
    client = create_client('consumer', url)
    config = VideoConfig(VideoEncoding.H264, Resolution(320, 240), 15, 200_000, 50)
    workspace, room = await client.create_room(None, 'front', config)

    (listed,) = await client.list_rooms(workspace)
    info = await client.get_room_info(workspace, room)
    state = await client.get_room_state(workspace, room)

    assert (listed.id, listed.has_producer, listed.participants.total) == ('front', False, 0)
    assert info.config == config
    assert state.current_config == config
    assert await client.delete_room(workspace, room)
    assert not await client.delete_room(workspace, room)
    assert await client.list_rooms(workspace) == []


async def test_messages_of_the_stream_reach_the_callbacks(url: str, room: str) -> None:
    """The start, a changed configuration, the end."""
    seen: list[object] = []
    consumer = await create_consumer_client(WORKSPACE, room, url)
    consumer.on_stream_started(lambda config, who: seen.append((config.encoding, who)))
    consumer.on_video_config_update(lambda config: seen.append(config.framerate))
    consumer.on_stream_stopped(lambda who, reason: seen.append((who, reason)))
    async with camera(url, room) as producer:
        await producer.update_video_config(VideoConfig(framerate=15))
        await producer.stop_streaming()
        assert producer.viewers == []
        await wait_until(lambda: len(seen) == 3, 'three messages')
        name = producer.participant_id
    assert seen == [(VideoEncoding.VP8, name), 15, (name, None)]
    await consumer.disconnect()


async def test_an_emergency_stop_reaches_all(url: str, room: str) -> None:
    """The sender gets it, too, as in a joint room."""
    stops: list[str] = []
    async with camera(url, room) as producer, viewer(url, room) as viewing:
        producer.on_emergency_stop(lambda stop: stops.append(str(stop.reason)))
        viewing.consumer.on_emergency_stop(lambda stop: stops.append(str(stop.reason)))
        await viewing.consumer.send_emergency_stop('enough')
        await wait_until(lambda: stops == ['enough', 'enough'], 'both')


async def test_a_factory_makes_the_room_but_does_not_reset_one(url: str, room: str) -> None:
    """A second producer is refused with an error, as by the public factory."""
    producer = await create_producer_client(url, WORKSPACE, room)
    with pytest.raises(ValueError, match='Failed to connect as video producer'):
        await create_producer_client(url, WORKSPACE, room)

    assert producer.current_room_id == room
    assert producer.get_connection_info().connected
    await producer.disconnect()


async def test_a_stream_needs_a_room(url: str) -> None:
    """The error is that of the public client."""
    with pytest.raises(ValueError, match='Must be connected'):
        await VideoProducer(url).stop_streaming()
    with pytest.raises(ValueError, match='Must be connected'):
        await VideoConsumer(url).start_receiving()


async def test_a_camera_that_is_not_there_is_an_error(url: str, room: str) -> None:
    """The error names the device, and what was sent before goes on."""
    async with camera(url, room) as producer, viewer(url, room) as viewing:
        with pytest.raises(MediaError, match='/dev/video999'):
            await producer.start_camera(999)
        await viewing.more()
        assert producer.api_base == f'{url}/video'
        assert isinstance(await producer.get_camera_devices(), list)


def test_ice_servers_of_the_options_are_checked() -> None:
    """By default there is none, and an invalid one is refused when the client is made."""
    assert VideoConsumer()._ice == IceServers()
    for config, error in (
        (WebRTCConfig(ice_servers=[{'urls': ['http://x']}]), 'ICE server'),
        (WebRTCConfig(ice_transport_policy='none'), "'all' or 'relay', got 'none'"),
        (WebRTCConfig(ice_transport_policy='relay'), 'expected a TURN server'),
    ):
        with pytest.raises(ValueError, match=error):
            VideoConsumer(options=ClientOptions(webrtc_config=config))
