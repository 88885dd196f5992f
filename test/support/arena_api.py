# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rooms of a running arena over REST, and the refusal that a peer receives."""

from __future__ import annotations

import httpx

from .peers import Peer

__all__ = [
    'WORKSPACE',
    'alone',
    'assert_refused',
    'get',
    'has_producer',
    'make_room',
    'members',
]

WORKSPACE = 'lab'


def make_room(url: str, name: str = '') -> str:
    """Create a room, with this name if any, and return its id."""
    body = {'room_id': name} if name else {}
    reply = httpx.post(f'{url}/robotics/workspaces/{WORKSPACE}/rooms', json=body)
    return str(reply.json()['room_id'])


def get(url: str, room: str, part: str = '') -> dict[str, object]:
    """Return a room, or a part of it, over REST."""
    reply = httpx.get(f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}{part}').json()
    answer = reply['state' if part else 'room']
    assert isinstance(answer, dict)
    return answer


def members(url: str, room: str) -> object:
    """Return the participants of a room."""
    return get(url, room)['participants']


def alone(producer: str) -> dict[str, object]:
    """Return the participants of a room with a producer only."""
    return {'producer': producer, 'consumers': [], 'total': 1}


async def has_producer(peer: Peer) -> object:
    """Return whether the room has a producer, as the answer to a heartbeat states it."""
    await peer.send({'type': 'heartbeat'})
    return (await peer.recv_type('heartbeat_ack'))['has_producer']


async def assert_refused(peer: Peer) -> None:
    """Check that the peer receives the error for a refused join, and a normal close frame."""
    error = await peer.recv_type('error')
    assert error['message'] == 'Cannot join room'
    assert error['timestamp'].endswith('+00:00')
    assert await peer.close_code() == 1000
