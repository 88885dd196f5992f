"""What REST says of the rooms of a running arena, and what a peer sees of being refused."""

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
    """Make a room, of this name if any, and return its id."""
    body = {'room_id': name} if name else {}
    reply = httpx.post(f'{url}/robotics/workspaces/{WORKSPACE}/rooms', json=body)
    return str(reply.json()['room_id'])


def get(url: str, room: str, part: str = '') -> dict[str, object]:
    """Ask REST about a room."""
    reply = httpx.get(f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}{part}').json()
    answer = reply['state' if part else 'room']
    assert isinstance(answer, dict)
    return answer


def members(url: str, room: str) -> object:
    """List who is in a room."""
    return get(url, room)['participants']


def alone(producer: str) -> dict[str, object]:
    """Describe a room that has a producer and nobody else."""
    return {'producer': producer, 'consumers': [], 'total': 1}


async def has_producer(peer: Peer) -> object:
    """Ask by heartbeat."""
    await peer.send({'type': 'heartbeat'})
    return (await peer.recv_type('heartbeat_ack'))['has_producer']


async def assert_refused(peer: Peer) -> None:
    """See that the peer is told that it cannot join, and closed."""
    error = await peer.recv_type('error')
    assert error['message'] == 'Cannot join room'
    assert error['timestamp'].endswith('+00:00')
    assert await peer.close_code() == 1000
