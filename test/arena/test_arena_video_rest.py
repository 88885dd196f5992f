# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.arena.video_rest: video rooms over REST, and signals."""

from __future__ import annotations

import httpx
import pytest
from support.fake_arena import answering
from support.video_rooms import WORKSPACE, make_video_room, video_peer

from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.errors import RequestRejected, RoomNotFound
from lerobot_arena_ros.arena.video_messages import Answer, IceCandidate, Offer
from lerobot_arena_ros.arena.video_rest import VideoRooms

pytestmark = pytest.mark.usefixtures('no_task_left')


@pytest.fixture
def rooms(own_server_url: str) -> VideoRooms:
    """Return the video rooms of our own server."""
    return VideoRooms(Address.parse(own_server_url, 'video'))


async def test_a_room_has_the_configuration_that_it_was_created_with(rooms: VideoRooms) -> None:
    """A joint room of the same name is another room."""
    workspace, room = await rooms.create(config={'encoding': 'h264', 'framerate': 15})
    try:
        info = await rooms.info(workspace, room)
        assert (info['config']['encoding'], info['config']['framerate']) == ('h264', 15)
        joints = f'{rooms.address.base_url}/robotics/workspaces/{workspace}/rooms/{room}'
        assert httpx.get(joints).status_code == 404
    finally:
        await rooms.delete(workspace, room)
    with pytest.raises(RoomNotFound):
        await rooms.info(workspace, room)


async def test_a_signal_reaches_its_target(rooms: VideoRooms, own_server_url: str) -> None:
    """The result says whether the server passed it on."""
    room = make_video_room(own_server_url)
    async with (
        video_peer(own_server_url, room, 'camera', 'producer') as camera,
        video_peer(own_server_url, room, 'viewer', 'consumer') as viewer,
    ):
        await camera.recv_type('participant_joined')
        assert await rooms.signal(WORKSPACE, room, 'camera', Offer('v=0', 'viewer'))
        assert (await viewer.recv_type('webrtc_offer'))['offer']['sdp'] == 'v=0'
        assert await rooms.signal(WORKSPACE, room, 'viewer', Answer('v=1', 'camera'))
        assert (await camera.recv_type('webrtc_answer'))['answer']['sdp'] == 'v=1'
        candidate = IceCandidate({'candidate': 'x', 'sdpMid': '0'}, target_producer='camera')
        assert await rooms.signal(WORKSPACE, room, 'viewer', candidate)
        assert (await camera.recv_type('webrtc_ice'))['candidate']['candidate'] == 'x'

        assert not await rooms.signal(WORKSPACE, room, 'stranger', Answer('v=1', 'camera'))


async def test_a_signal_to_a_room_that_does_not_exist_is_an_error(rooms: VideoRooms) -> None:
    """Its status is 400, as that of the public server."""
    with pytest.raises(RoomNotFound, match='/webrtc/signal') as caught:
        await rooms.signal(WORKSPACE, 'nowhere', 'camera', Offer('v=0', 'viewer'))
    assert caught.value.status == 400


async def test_another_refusal_of_a_signal_is_not_that_error() -> None:
    """A signal that the server finds invalid is the fault of the sender."""
    body = b'{"detail": "too long"}'
    head = b'HTTP/1.1 422 Whatever\r\nContent-Type: application/json\r\nContent-Length: '
    reply = head + str(len(body)).encode() + b'\r\nConnection: close\r\n\r\n' + body
    async with answering(reply) as url:
        rooms = VideoRooms(Address.parse(url, 'video'))
        with pytest.raises(RequestRejected, match='too long') as caught:
            await rooms.signal(WORKSPACE, 'room', 'camera', Offer('v=0', 'viewer'))
    assert not isinstance(caught.value, RoomNotFound)
