# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Hostile peers of a real arena server, and participants that must not be affected by them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
import json
from pathlib import Path
import struct
import time

import httpx

from .arena_server import Server
from .frames import CLOSE, TEXT
from .peers import Peer, RawPeer, enter, joints, ws_path
from .waiting import ticks

__all__ = [
    'MEMORY_KB',
    'attacker',
    'bystanders',
    'replies_to',
    'send_repeatedly',
    'refusals',
    'undisturbed',
]

MEMORY_KB = 32 * 1024
"""The memory that a server may use during an attack beyond what it used before, in kB."""

MOST_DELAY_S = 1.5
"""The latest that an update may arrive on a busy machine; above it a bridge sees a lost link."""

RATE_HZ = 50.0
PATH = ws_path('lab', 'arm')


@contextmanager
def attacker(url: str, role: str = 'producer', *features: str) -> Iterator[RawPeer]:
    """Join the room ``arm`` as a hostile participant."""
    peer = RawPeer.enter(url, PATH, 'attacker', role, *features)
    try:
        yield peer
    finally:
        peer.close()


def replies_to(peer: RawPeer, *, to_the_end: bool = False) -> list[str]:
    """Return the messages to a peer, up to the answer to a heartbeat or the end."""
    words: list[str] = []
    with suppress(ConnectionError):
        while True:
            opcode, payload = peer.frame()
            if opcode == CLOSE:
                code = struct.unpack('!H', payload[:2])[0] if payload else 'without a code'
                return [*words, f'close {code}']
            if opcode == TEXT:
                message = json.loads(payload)
                words.append(' '.join(filter(None, (message['type'], message.get('code')))))
                if message['type'] == 'heartbeat_ack' and not to_the_end:
                    return words
    return [*words, 'hung up']


def send_repeatedly(peer: RawPeer, data: bytes, most_bytes: int) -> int:
    """Send the same bytes repeatedly without reading; return how many bytes were sent."""
    sent = 0
    with suppress(OSError):  # The server has closed the connection or stopped reading.
        while sent < most_bytes:
            sent += peer.sock.send(data[sent % len(data) :])
    return sent


def refusals(url: str, reason: str) -> float:
    """Return the number of refusals with a reason that the server has counted."""
    start = f'lerobot_arena_refusals_total{{reason="{reason}"}} '
    lines = httpx.get(f'{url}/metrics').text.splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


@asynccontextmanager
async def undisturbed(server: Server) -> AsyncIterator[None]:
    """Check that another room is not affected, and that the server's memory stays in bounds."""
    before_kb = _begin_peak(server.pid)
    async with bystanders(server.url):
        yield
    grown_kb = _peak(server.pid) - before_kb
    assert grown_kb < MEMORY_KB, f'the server took {grown_kb} kB more than before'


@asynccontextmanager
async def bystanders(url: str) -> AsyncIterator[None]:
    """Exchange updates in the room ``quiet``; check that each one arrives in time."""
    async with (
        enter(url, 'lab', 'quiet', 'leader', 'producer') as producer,
        enter(url, 'lab', 'quiet', 'ros', 'consumer') as consumer,
    ):
        done = asyncio.Event()
        leading = asyncio.create_task(_lead(producer, done), name='lead')
        following = asyncio.create_task(_follow(consumer), name='follow')
        try:
            yield
            done.set()
            await leading
            latest_s = await following
        finally:
            leading.cancel()
            following.cancel()
    assert latest_s < MOST_DELAY_S, f'an update came {latest_s:.3f} s late'


async def _lead(producer: Peer, done: asyncio.Event) -> None:
    async for step in ticks(RATE_HZ):
        is_last = done.is_set()
        await producer.send(joints(step=step, at=time.monotonic(), last=int(is_last)))
        if is_last:
            return


async def _follow(consumer: Peer) -> float:
    """Receive each step; return the longest delay, in seconds."""
    latest_s, expected, is_last = 0.0, 0, 0
    while not is_last:
        update = await consumer.recv_type('joint_update')
        values = {entry['name']: entry['value'] for entry in update['data']}
        assert values.get('step', expected) == expected, 'an update was lost'
        latest_s = max(latest_s, time.monotonic() - values['at'])
        expected, is_last = expected + 1, values.get('last', is_last)
    return latest_s


def _begin_peak(pid: int) -> int:
    """Reset the peak of a process's memory and return its present memory, in kB."""
    with suppress(OSError):  # Not permitted everywhere; then the old peak is the start value.
        Path(f'/proc/{pid}/clear_refs').write_text('5')
    return _peak(pid)


def _peak(pid: int) -> int:
    status = Path(f'/proc/{pid}/status').read_text()
    return int(status.partition('VmHWM:')[2].split()[0])
