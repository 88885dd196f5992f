"""Rooms full of cheap participants: in each, one leads at a steady rate and some follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
import json
import time

import httpx

from .light_client import CheapPeer, enter, text_frame

__all__ = ['Follower', 'Load', 'Room', 'loaded']

WORKSPACE = 'soak'
JOINTS = ('Rotation', 'Pitch', 'Elbow', 'Wrist_Pitch', 'Wrist_Roll', 'Jaw')
SENT_S = 'sent_s'
"""The joint whose value is when it was sent, in seconds of the steady clock."""


class Follower:
    """
    What one consumer knows.

    :param taken_s: where it notes how long each update took; None for a load that lasts.
    :ivar state: the last value of each joint.
    :ivar updates: how many updates have come.
    :ivar latest_s: how late the latest of them came since :meth:`forget`, in seconds.
    """

    def __init__(self, taken_s: list[float] | None = None) -> None:
        self._taken_s = taken_s
        self.state: dict[str, float] = {}
        self.updates = 0
        self.latest_s = 0.0
        self.errors: list[str] = []

    def hear(self, payload: bytes) -> None:
        """Take one text of the server."""
        message = json.loads(payload)
        if message['type'] == 'joint_update':
            self.updates += 1
            self.state.update((entry['name'], entry['value']) for entry in message['data'])
            late_s = time.monotonic() - self.state[SENT_S]
            self.latest_s = max(self.latest_s, late_s)
            if self._taken_s is not None:
                self._taken_s.append(late_s)
        elif message['type'] == 'error':
            self.errors.append(message['message'])


class Room:
    """One leader and its followers."""

    def __init__(self, workspace_id: str, room_id: str) -> None:
        self.workspace_id = workspace_id
        self.room_id = room_id
        self.sent: dict[str, float] = {}
        self.count = 0
        self.leader_heard = Follower()
        self.followers: list[Follower] = []
        self.peers: list[CheapPeer] = []

    def lead(self) -> None:
        """Move every joint."""
        self.count += 1
        self.sent = {name: self.count * 0.25 + index for index, name in enumerate(JOINTS)}
        self.sent[SENT_S] = time.monotonic()
        data = [{'name': name, 'value': value} for name, value in self.sent.items()]
        self.peers[0].send(text_frame(json.dumps({'type': 'joint_update', 'data': data})))


class Load:
    """All rooms together."""

    def __init__(self, rooms: list[Room]) -> None:
        self.rooms = rooms

    @property
    def sent(self) -> int:
        """Updates that were sent."""
        return sum(room.count for room in self.rooms)

    @property
    def received(self) -> int:
        """Updates that came, at all followers together."""
        return sum(follower.updates for follower in self._followers())

    @property
    def behind(self) -> int:
        """Followers that do not know what their leader said last."""
        return sum(
            follower.state != room.sent for room in self.rooms for follower in room.followers
        )

    @property
    def faults(self) -> list[str]:
        """What went wrong: connections that were lost, errors that were told."""
        lost = [peer.lost for room in self.rooms for peer in room.peers if peer.lost is not None]
        heard = [*self._followers(), *(room.leader_heard for room in self.rooms)]
        return lost + [error for follower in heard for error in follower.errors]

    def take_latest_s(self) -> float:
        """Say how late the latest update came since this was last asked."""
        latest_s = max(follower.latest_s for follower in self._followers())
        for follower in self._followers():
            follower.latest_s = 0.0
        return latest_s

    async def run(self, rate_hz: float, seconds: float) -> None:
        """Lead all rooms for so long, one after the other within each period."""
        pause_s = 1.0 / rate_hz / len(self.rooms)
        due = time.monotonic()
        end = due + seconds
        while due < end:
            for room in self.rooms:
                room.lead()
                due += pause_s
                # Who is late catches up: the load is what was asked for, or the figures tell.
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _followers(self) -> list[Follower]:
        return [follower for room in self.rooms for follower in room.followers]


@asynccontextmanager
async def loaded(
    url: str,
    rooms: int,
    consumers: int,
    *,
    workspaces: Sequence[str] = (WORKSPACE,),
    taken_s: list[float] | None = None,
) -> AsyncIterator[Load]:
    """
    Fill rooms, in each workspace in turn; at the end everybody leaves and the rooms are deleted.

    :param taken_s: where all consumers note how long each update took.
    """
    load = Load([])
    async with httpx.AsyncClient(trust_env=False) as rest:
        try:
            for number in range(rooms):
                room = Room(workspaces[number % len(workspaces)], f'room-{number}')
                load.rooms.append(room)
                path = f'{url}/robotics/workspaces/{room.workspace_id}/rooms'
                (await rest.post(path, json={'room_id': room.room_id})).raise_for_status()
                room.followers = [Follower(taken_s) for _ in range(consumers)]
                await _fill(url, room)
            yield load
        finally:
            for room in load.rooms:
                for peer in room.peers:
                    peer.close()
                path = f'{url}/robotics/workspaces/{room.workspace_id}/rooms'
                await rest.delete(f'{path}/{room.room_id}')


async def _fill(url: str, room: Room) -> None:
    for role, heard in (
        ('producer', room.leader_heard),
        *(('consumer', follower) for follower in room.followers),
    ):
        join = {'participant_id': f'{role}-{len(room.peers)}', 'role': role}
        place = (room.workspace_id, room.room_id)
        room.peers.append(await enter(url, place, json.dumps(join), heard.hear))
