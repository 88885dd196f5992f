# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Hostile WebSocket frames cause one error or a close, and do not affect others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
import struct
import zlib

import pytest
from support.arena_server import Server, arena_server
from support.attacks import attacker, refusals, replies_to, send_repeatedly, undisturbed
from support.corpus import cases
from support.frames import CLOSE, MORE, PING, PONG, client_frame
from support.peers import RawPeer, enter, ws_path

from lerobot_arena_ros.server.rooms.limits import Timing

HEARTBEAT = client_frame(b'{"type":"heartbeat"}')
BIG = 100 * 1024 * 1024
BOMB = 16 * 1024 * 1024
BINARY, RESERVED = 2, 3
STATE = 'error invalid_robot_state'
PATH = ws_path('lab', 'arm')


def update(value: str, name: str = '"a"') -> bytes:
    """Return the frame of an update with this value as JSON text."""
    entry = f'{{"name":{name},"value":{value}}}'
    return client_frame(f'{{"type":"joint_update","data":[{entry}]}}'.encode())


def deflated(text: bytes) -> bytes:
    """Compress a payload as permessage-deflate does (RFC 7692, 7.2.1)."""
    deflate = zlib.compressobj(wbits=-15)
    return (deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
        b'\0\0\xff\xff'
    )


@pytest.fixture(scope='module')
def server() -> Iterator[Server]:
    """Run the executable with the room ``arm``."""
    with arena_server() as server:
        for room in ('arm', 'quiet'):
            server.make_room(room)
        yield server


def attack(url: str, *frames: bytes) -> list[str]:
    """Send frames and then a heartbeat; return what was received."""
    with attacker(url) as peer:
        for frame in (*frames, HEARTBEAT):
            try:
                peer.sock.sendall(frame)
            except OSError:
                break
        return replies_to(peer)


@pytest.mark.parametrize(
    ('frames', 'answer'),
    [
        pytest.param((client_frame(b'[' * 100_000),), ['error invalid_json'], id='deep JSON'),
        pytest.param((client_frame(b''),), ['error invalid_json'], id='empty'),
        pytest.param((update('NaN'),), ['error invalid_value'], id='NaN'),
        pytest.param((update('-Infinity'),), ['error invalid_value'], id='Infinity'),
        pytest.param((update('1e400'),), ['error invalid_value'], id='1e400'),
        pytest.param((update('1' + '0' * 9000),), ['error invalid_value'], id='9000 digits'),
        pytest.param((update('1', '"\\ud800"'),), ['error invalid_name'], id='lone surrogate'),
        pytest.param((update('1,"value":2'),), [], id='duplicate keys'),
        pytest.param(
            (client_frame(HEARTBEAT[6:9], fin=False), client_frame(HEARTBEAT[9:], MORE)),
            ['heartbeat_ack'],
            id='a message in two pieces',
        ),
        pytest.param((client_frame(b'x' * 125, PING), client_frame(b'', PONG)), [], id='ping'),
    ],
)
async def test_an_invalid_message_gets_an_error_and_the_connection_stays(
    server: Server, frames: tuple[bytes, ...], answer: list[str]
) -> None:
    """At most one error is sent, and heartbeats are still answered."""
    async with undisturbed(server):
        told = await asyncio.to_thread(attack, server.url, *frames)

    assert told == [*answer, 'heartbeat_ack'] if answer != ['heartbeat_ack'] else answer


@pytest.mark.parametrize(
    ('data', 'answer'),
    [
        pytest.param('[' * 100_000, 'error invalid_json', id='deep JSON'),
        pytest.param('{"gate":"active","joints":[' + '{},' * 80_000 + '{}]}', STATE, id='joints'),
        pytest.param('{"gate":"active","joints":[{"name":"a","max":NaN}]}', STATE, id='NaN'),
        pytest.param('{"gate":"active","joints":[{"name":"\\ud800"}]}', STATE, id='surrogate'),
        pytest.param('{"gate":' + '9' * 200_000 + '}', STATE, id='200000 digits'),
        pytest.param('7', STATE, id='a number'),
    ],
)
async def test_a_hostile_robot_state_affects_no_other(
    server: Server, data: str, answer: str
) -> None:
    """Each invalid robot state is refused without a cost for others."""
    frame = client_frame(f'{{"type":"robot_state","data":{data}}}'.encode())

    def send() -> list[str]:
        with attacker(server.url, 'consumer', 'robot_state') as peer:
            peer.sock.sendall(frame * 20 + HEARTBEAT)
            return replies_to(peer)

    async with (
        undisturbed(server),
        enter(server.url, 'lab', 'arm', 'viewer', 'consumer', 'robot_state') as viewer,
    ):
        told = await asyncio.to_thread(send)
        await viewer.expect_silence()

    assert told == [answer] * 20 + ['heartbeat_ack']


async def test_100000_joints_of_a_robot_exceed_the_message_limit(server: Server) -> None:
    """A message of this size closes the connection."""
    data = '{"gate":"active","joints":[' + '{},' * 100_000 + '{}]}'
    frame = client_frame(f'{{"type":"robot_state","data":{data}}}'.encode())

    async with undisturbed(server):
        told = await asyncio.to_thread(attack, server.url, frame)

    assert told[-1] == 'close 1009'


@pytest.mark.parametrize(
    ('frames', 'code'),
    [
        pytest.param((client_frame(b'"\xff\xfe"'),), 1007, id='text that is no UTF-8'),
        pytest.param((client_frame(b'\x00', BINARY),), 1003, id='binary'),
        pytest.param((client_frame(b'x' * 126, PING),), 1002, id='ping too long'),
        pytest.param((client_frame(b'x', PING, fin=False),), 1002, id='ping in pieces'),
        pytest.param((client_frame(b'x', reserved=2),), 1002, id='reserved bit'),
        pytest.param((client_frame(b'x', RESERVED),), 1002, id='reserved opcode'),
        pytest.param((client_frame(b'{}', is_masked=False),), 1002, id='unmasked'),
        pytest.param((client_frame(b'x', MORE),), 1002, id='a piece of nothing'),
        pytest.param(
            (client_frame(b'x', fin=False), client_frame(b'x')), 1002, id='two messages at once'
        ),
        pytest.param((client_frame(struct.pack('!H', 1005), CLOSE),), 1002, id='close with 1005'),
        pytest.param((client_frame(struct.pack('!H', 999), CLOSE),), 1002, id='close with 999'),
        pytest.param((client_frame(b'\x03', CLOSE),), 1002, id='close with half a code'),
        pytest.param((client_frame(claimed=BIG),), 1009, id='100 MB claimed'),
        pytest.param((client_frame(claimed=1 << 62),), 1009, id='more than any machine has'),
        pytest.param(
            (client_frame(deflated(bytes(BOMB)), reserved=4),), 1002, id='a compressed bomb'
        ),
    ],
)
async def test_a_bad_frame_closes_the_connection(
    server: Server, frames: tuple[bytes, ...], code: int
) -> None:
    """An invalid frame closes the connection with the code of RFC 6455."""
    async with undisturbed(server):
        told = await asyncio.to_thread(attack, server.url, *frames)

    assert [word for word in told if not word.startswith('error')] == [f'close {code}']


async def test_compression_is_not_agreed_to(server: Server) -> None:
    """Compression is never negotiated, so a compressed frame is invalid."""
    offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'
    with closing(RawPeer.connect(server.url, PATH, offer, offer)) as peer:
        assert b'sec-websocket-accept:' in peer.head.lower()
        assert b'sec-websocket-extensions' not in peer.head.lower()


@pytest.mark.parametrize('is_one', [True, False], ids=['one frame', 'frames of 64 KB'])
async def test_100_megabytes_are_refused_early(server: Server, is_one: bool) -> None:
    """The server reads hardly more than the frame limit."""
    piece = bytes(64 * 1024)

    def send() -> int:
        with attacker(server.url) as peer:
            if is_one:
                peer.sock.sendall(client_frame(claimed=BIG))
                return send_repeatedly(peer, piece, BIG)
            peer.sock.sendall(client_frame(fin=False))
            return send_repeatedly(peer, client_frame(piece, MORE, fin=False), BIG)

    async with undisturbed(server):
        taken = await asyncio.to_thread(send)

    assert taken < BIG / 10


@pytest.mark.parametrize(
    'frames',
    [
        pytest.param(client_frame(b'', PING) * 10_000, id='pings'),
        pytest.param(client_frame(b'x' * 125, PING) * 1000, id='long pings'),
        pytest.param(client_frame(b'', PONG) * 10_000, id='pongs'),
        pytest.param(client_frame(b'', MORE, fin=False) * 10_000, id='pieces of nothing'),
        pytest.param(client_frame(b'x', MORE, fin=False) * 10_000, id='pieces of one byte'),
        pytest.param(client_frame(b'[') * 10_000, id='messages that are none'),
        pytest.param(HEARTBEAT * 1000, id='heartbeats'),
    ],
)
async def test_a_flood_of_frames_is_disconnected(server: Server, frames: bytes) -> None:
    """A flood of frames ends the connection, even without messages or reads."""

    def flood() -> list[str]:
        with attacker(server.url, 'consumer') as peer:
            # Longer than the timeout of the server, so that the client does not read before.
            peer.sock.settimeout(3 * Timing().stall_s)
            if frames[0] == MORE:
                peer.sock.sendall(client_frame(fin=False))
            send_repeatedly(peer, frames, BIG)
            return replies_to(peer, to_the_end=True)

    before = refusals(server.url, 'rate_limited') + refusals(server.url, 'too_slow')
    async with undisturbed(server):
        told = await asyncio.to_thread(flood)

    assert told[-1] in ('hung up', 'close 1008', 'close 1009', 'close 1013')
    if told[-1] != 'close 1009':
        assert refusals(server.url, 'rate_limited') + refusals(server.url, 'too_slow') > before


@pytest.mark.parametrize('data', cases('frames'))
async def test_the_corpus_of_frames_is_survived(server: Server, data: bytes) -> None:
    """Each frame of the corpus is handled as a first and as a later frame."""

    def send() -> tuple[list[str], list[str]]:
        with closing(RawPeer.connect(server.url, PATH)) as peer:
            peer.sock.sendall(client_frame(data) + HEARTBEAT)
            first = replies_to(peer)
        return first, attack(server.url, client_frame(data))

    async with undisturbed(server):
        first, later = await asyncio.to_thread(send)

    assert first[-1] in ('heartbeat_ack', 'close 1007', 'close 1008')
    assert later[-1] in ('heartbeat_ack', 'close 1007')
