# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The REST interface of video rooms, with the paths and replies of the public server."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StrictStr

from ...arena.errors import ProtocolError, RoomNotFound
from ...arena.stream_config import DEFAULT_CONFIG, VideoEncoding, read_config, write_config
from ...arena.video_messages import decode_signal
from ..participants.clock import now
from ..rooms.limits import MAX_PARTICIPANT_ID_CHARS
from ..rooms.registry import Place
from ..rooms.video_room import VideoRoom
from .rest_access import ADMIN, DRIVE, WATCH, Json, ManagerHere, Sender
from .rest_rooms import NewRoom, add_upkeep, cleanup_settings, participants_of, presence_of

__all__ = ['router']

router = APIRouter()

POLICIES = [
    'freeze_last_frame',
    'connection_info',
    'black_screen',
    'fade_to_black',
    'overlay_status',
]
"""The recovery policies of the public clients; the server only checks their names."""

Policy = Literal[
    'freeze_last_frame', 'connection_info', 'black_screen', 'fade_to_black', 'overlay_status'
]
Colour = tuple[int, int, int]


class Recovery(BaseModel):
    """What a viewer shows if no picture comes; checked as by the public server, and not used."""

    frame_timeout_ms: int = Field(default=100, ge=10, le=1000)
    max_frame_reuse_count: int = Field(default=3, ge=1, le=10)
    recovery_policy: Policy = 'freeze_last_frame'
    fallback_policy: Policy = 'connection_info'
    show_hold_indicators: bool = True
    info_frame_bg_color: Colour = (20, 30, 60)
    info_frame_text_color: Colour = (200, 200, 200)
    fade_intensity: float = Field(default=0.7, ge=0, le=1)
    overlay_opacity: float = Field(default=0.3, ge=0, le=1)


class CreateVideoRoom(NewRoom):
    """The settings of a new video room; all of them are optional."""

    config: dict[str, Any] | None = Field(
        default=None,
        description='encoding (jpeg, h264, vp8, vp9), resolution (width, height), framerate'
        ' (1 to 120), bitrate (from 100000), quality (1 to 100): for people, not enforced',
    )
    recovery_config: Recovery | None = Field(default=None, description='checked, and not used')


class PostedSignal(BaseModel):
    """A signal of WebRTC to another participant of the room."""

    client_id: StrictStr = Field(min_length=1, description='the participant that sends it')
    message: dict[str, Any] = Field(
        description='type offer with sdp and target_consumer, answer with sdp and target_producer,'
        ' or ice with candidate and one of these targets'
    )


@router.get('/video/', dependencies=WATCH)
async def service() -> Json:
    """Describe the video service."""
    rooms = '/video/workspaces/{workspace_id}/rooms'
    return {
        'status': 'active',
        'service': 'video',
        'message': 'Video rooms relay the signals of WebRTC; media does not pass the server',
        'version': '2.0.0',
        'architecture': 'workspace/producer/consumer rooms',
        'endpoints': [
            f'{rooms} - List all video rooms in workspace',
            f'{rooms}/{{room_id}} - Get room details',
            f'{rooms}/{{room_id}}/webrtc/signal - WebRTC signaling',
            f'{rooms}/{{room_id}}/ws - WebSocket connection',
            '/video/status - Service status',
            '/video/cleanup/status - Cleanup system status',
            '/video/cleanup/manual - Manual cleanup trigger',
        ],
    }


@router.get('/video/status', dependencies=WATCH)
async def status(manager: ManagerHere) -> Json:
    """Return counts and settings of the video service."""
    return {
        'service': 'video',
        'status': 'active',
        'workspaces_count': manager.video.workspace_count,
        'rooms_count': len(manager.video.rooms),
        # Media connects the participants directly, so the server has none of these connections.
        'webrtc_connections_count': 0,
        'websocket_connections_count': manager.video.member_count,
        'version': '2.0.0',
        'supported_roles': ['producer', 'consumer'],
        'supported_encodings': [each.value for each in VideoEncoding],
        'recovery_policies': POLICIES,
        'cleanup': cleanup_settings(manager),
    }


@router.get('/video/workspaces/{workspace_id}/rooms', dependencies=WATCH)
async def list_rooms(workspace_id: str, manager: ManagerHere) -> Json:
    """List the video rooms of a workspace; an unknown workspace has none."""
    rooms = []
    for room in manager.video.rooms_of(workspace_id):
        item = _info(room)
        del item['config']['encoding']  # As the public server, whose list does not have it.
        rooms.append(item)
    return {'success': True, 'workspace_id': workspace_id, 'rooms': rooms, 'total': len(rooms)}


@router.post('/video/workspaces/{workspace_id}/rooms', dependencies=DRIVE)
async def create_room(
    workspace_id: str, manager: ManagerHere, sender: Sender, wanted: CreateVideoRoom | None = None
) -> Json:
    """Create a video room; an existing room stays unchanged."""
    wanted = wanted or CreateVideoRoom()
    config = DEFAULT_CONFIG if wanted.config is None else read_config(wanted.config)
    room = manager.create(
        manager.video,
        workspace_id,
        wanted.room_id,
        sender,
        max_consumers=wanted.max_consumers,
        prepare=lambda room: room.configure(config),
    )
    message = f'Video room {room.room_id} created successfully in workspace {workspace_id}'
    named = {'workspace_id': workspace_id, 'room_id': room.room_id}
    return {'success': True, **named, 'message': message}


@router.get('/video/workspaces/{workspace_id}/rooms/{room_id}', dependencies=WATCH)
async def get_room(workspace_id: str, room_id: str, manager: ManagerHere) -> Json:
    """Return a video room and its participants."""
    room = manager.video.room(workspace_id, room_id)
    return {'success': True, 'workspace_id': workspace_id, 'room': _info(room)}


@router.delete('/video/workspaces/{workspace_id}/rooms/{room_id}', dependencies=ADMIN)
async def delete_room(
    workspace_id: str, room_id: str, manager: ManagerHere, sender: Sender
) -> Json:
    """Delete a video room and close the connections of its participants."""
    manager.delete(Place(manager.video, workspace_id, room_id), sender)
    message = f'Room {room_id} deleted successfully from workspace {workspace_id}'
    return {'success': True, 'workspace_id': workspace_id, 'message': message}


@router.get('/video/workspaces/{workspace_id}/rooms/{room_id}/state', dependencies=WATCH)
async def get_state(workspace_id: str, room_id: str, manager: ManagerHere) -> Json:
    """Return the participants and the configuration of a video room."""
    room = manager.video.room(workspace_id, room_id)
    state = {
        'room_id': room_id,
        'workspace_id': workspace_id,
        'participants': participants_of(room),
        'frame_count': 0,
        'last_frame_time': None,
        'current_config': _config(room),
        'timestamp': now().stamp,
    }
    return {'success': True, 'workspace_id': workspace_id, 'state': state}


@router.post('/video/workspaces/{workspace_id}/rooms/{room_id}/webrtc/signal', dependencies=WATCH)
async def signal(
    workspace_id: str, room_id: str, posted: PostedSignal, manager: ManagerHere, sender: Sender
) -> Json:
    """Forward a signal of WebRTC; one that reaches no participant is not an error."""
    if len(posted.client_id) > MAX_PARTICIPANT_ID_CHARS:
        raise ProtocolError(
            f'client_id has at most {MAX_PARTICIPANT_ID_CHARS} characters', reason='signal'
        )
    message = decode_signal(posted.message)
    try:
        text = manager.signals.relay(workspace_id, room_id, posted.client_id, message, sender)
    except RoomNotFound:
        raise RoomNotFound('Bad Request', status=400) from None
    # A public client refuses a reply with any other key.
    reply: Json = {'success': True, 'workspace_id': workspace_id}
    if text is None:
        return {**reply, 'message': 'Signal processed'}
    return {**reply, 'response': {'success': True, 'message': text}}


add_upkeep(router, 'video', lambda manager: manager.video)


def _info(room: VideoRoom) -> Json:
    return {
        'id': room.room_id,
        'workspace_id': room.workspace_id,
        'participants': participants_of(room),
        # Always 0: media does not pass the server.
        'frame_count': 0,
        'config': _config(room),
        **presence_of(room),
    }


def _config(room: VideoRoom) -> Json:
    config = write_config(room.config)
    return {**config, 'encoding': config['encoding'] or 'vp8'}
