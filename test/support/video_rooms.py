# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Video rooms of a running arena: made, joined and signalled to, with bare requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
import uuid

import httpx

from .peers import Json, Peer, connect, join, ws_path

__all__ = [
    'CANDIDATE',
    'DROPPED',
    'WORKSPACE',
    'answer',
    'forwarded',
    'ice',
    'make_video_room',
    'offer',
    'post_signal',
    'video_peer',
    'video_room',
    'video_rooms',
]

WORKSPACE = 'lab'
CANDIDATE = {'candidate': 'candidate:1 1 udp 1 10.0.0.1 9 typ host', 'sdpMid': '0'}
DROPPED = {'success': True, 'workspace_id': WORKSPACE, 'message': 'Signal processed'}
"""The reply to a signal that reaches no participant."""


def video_rooms(url: str, workspace_id: str = WORKSPACE) -> str:
    """Return the address of the video rooms of a workspace."""
    return f'{url}/video/workspaces/{workspace_id}/rooms'


def make_video_room(url: str, name: str = '', **headers: str) -> str:
    """Create a video room and return its id; without a name it has one that no other has."""
    body = {'room_id': name or str(uuid.uuid4())}
    reply = httpx.post(video_rooms(url), json=body, headers=headers)
    return str(reply.raise_for_status().json()['room_id'])


def video_room(url: str, room: str) -> Json:
    """Return what REST knows of a video room."""
    info = httpx.get(f'{video_rooms(url)}/{room}').raise_for_status().json()['room']
    assert isinstance(info, dict)
    return info


@asynccontextmanager
async def video_peer(
    url: str, room: str, participant_id: str, role: str, *features: str, token: str = ''
) -> AsyncIterator[Peer]:
    """Join a video room; ``joined`` has been read."""
    query = f'?token={token}' if token else ''
    async with connect(url, ws_path(WORKSPACE, room, kind='video') + query) as peer:
        await peer.send(join(participant_id, role, *features))
        await peer.recv_type('joined')
        yield peer


async def post_signal(
    url: str, room: str, client_id: object, message: object, **headers: str
) -> httpx.Response:
    """Post a signal of a participant."""
    body = {'client_id': client_id, 'message': message}
    # Without the certificates of the system, which take longer to read than a request.
    async with httpx.AsyncClient(headers=headers, verify=False) as http:
        return await http.post(f'{video_rooms(url)}/{room}/webrtc/signal', json=body)


def forwarded(what: str) -> Json:
    """Return the reply to a signal that was forwarded."""
    response = {'success': True, 'message': what}
    return {'success': True, 'workspace_id': WORKSPACE, 'response': response}


def offer(target: object, sdp: object = 'v=0 offer') -> Json:
    """Return an offer to a consumer."""
    return {'type': 'offer', 'sdp': sdp, 'target_consumer': target}


def answer(target: object, sdp: object = 'v=0 answer') -> Json:
    """Return an answer to a producer."""
    return {'type': 'answer', 'sdp': sdp, 'target_producer': target}


def ice(candidate: object = None, **targets: Any) -> Json:
    """Return a candidate, with ``target_consumer`` or ``target_producer``."""
    return {'type': 'ice', 'candidate': candidate or CANDIDATE, **targets}
