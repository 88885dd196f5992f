# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One WebSocket of the server, without a network."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.frames import HANDSHAKE, PING, client_frame

from lerobot_arena_ros.arena.sansio import text_frame
from lerobot_arena_ros.server.net import web_socket
from lerobot_arena_ros.server.net.fair_reader import FairReader
from lerobot_arena_ros.server.net.rate_limiter import Verdict
from lerobot_arena_ros.server.net.web_socket import WebSocket

HEADERS = [
    (name.lower().encode(), value.encode())
    for name, value in {'Host': 'localhost', **HANDSHAKE}.items()
]


class Transport(asyncio.Transport):
    """A transport that records what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = 0
        self.has_closed = False

    def abort(self) -> None:
        """Count the abort."""
        self.aborted += 1

    def close(self) -> None:
        """Record the close."""
        self.has_closed = True

    def is_closing(self) -> bool:
        """Return whether the transport was closed."""
        return self.has_closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing."""

    def write(self, data: object) -> None:
        """Record the data."""
        assert isinstance(data, bytes)
        self.written.append(data)


class Reader:
    """A reader that is never paused."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""


class End:
    """An accepted WebSocket, and the data that it wrote."""

    def __init__(self, **options: Any) -> None:
        self.transport = Transport()
        reader = cast(FairReader, Reader(self.transport))
        self.socket = WebSocket(
            HEADERS,
            lambda socket: socket.connection_made(reader),
            **{'max_bytes': 1000, 'rate_hz': 1000.0, **options},
        )
        assert self.socket.accept()
        self.transport.written.clear()


@pytest.fixture(name='end')
async def fixture_end() -> End:
    """Return an accepted WebSocket."""
    return End()


@pytest.mark.parametrize(
    ('length', 'head'),
    [
        (0, b'\x81\x00'),
        (125, b'\x81\x7d'),
        (126, b'\x81\x7e\x00\x7e'),
        (65535, b'\x81\x7e\xff\xff'),
        (65536, b'\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00'),
    ],
)
def test_a_text_frame_begins_with_its_length(length: int, head: bytes) -> None:
    """The length has one, three or nine bytes (RFC 6455, 5.2), and there is no mask."""
    assert text_frame('x' * length) == head + b'x' * length


def test_a_text_frame_counts_bytes_not_characters() -> None:
    """The length counts the bytes of the UTF-8 payload."""
    assert text_frame('é') == b'\x81\x02\xc3\xa9'


async def test_messages_are_buffered_in_order_until_listen(end: End) -> None:
    """Messages that arrive with the join are kept and delivered in order."""
    for text in (b'join', b'one', b'two'):
        end.socket.data_received(client_frame(text))
    taken: list[str | bytes] = [await end.socket.receive() or '']
    asyncio.get_running_loop().call_soon(end.socket.connection_lost)
    await end.socket.listen(lambda message, _: taken.append(message))

    assert taken == ['join', 'one', 'two']


async def test_fragments_are_joined(end: End) -> None:
    """The fragments of a message are joined, even with a ping between them."""
    for frame in (
        client_frame(b'on', fin=False),
        client_frame(b'?', PING),
        client_frame(b'e', opcode=0),
    ):
        end.socket.data_received(frame)

    assert await end.socket.receive() == 'one'
    assert end.transport.written == [b'\x8a\x01?']


async def test_a_close_frame_holds_code_and_reason(end: End) -> None:
    """A close frame has a code and a reason (RFC 6455, 5.5.1), and ends all writing."""
    end.socket.close(1013, 'too slow')
    end.socket.write(text_frame('late'))
    end.socket.ping()

    assert end.transport.written == [b'\x88\x0a\x03\xf5too slow']


async def test_nothing_is_written_to_a_connection_that_is_closing(end: End) -> None:
    """A write to a closing connection does nothing."""
    end.transport.close()
    end.socket.write(b'in vain')

    assert end.transport.written == []


async def test_a_connection_that_has_ended_is_not_aborted(end: End) -> None:
    """An ended connection is not aborted, because its transport would raise."""
    end.socket.abort()
    end.socket.connection_lost()
    end.socket.abort()

    assert end.transport.aborted == 1


async def test_pings_of_a_peer_that_does_not_read_are_not_answered(end: End) -> None:
    """No pongs accumulate for a slow peer; they continue when its buffer is drained."""
    end.socket.pause_writing()
    end.socket.data_received(client_frame(b'1', PING))
    end.socket.resume_writing()
    end.socket.data_received(client_frame(b'2', PING))

    assert end.transport.written == [b'\x8a\x012']


async def test_a_probe_fails_when_the_connection_ends(end: End) -> None:
    """A probe returns when the connection ends, without waiting for the timeout."""
    asking = asyncio.ensure_future(end.socket.probe(timeout_s=1000.0))
    asyncio.get_running_loop().call_soon(end.socket.connection_lost)

    assert await asyncio.wait_for(asking, 10.0) is False
    assert await end.socket.probe(timeout_s=1000.0) is False


async def test_the_close_code_is_known_after_the_end(end: End) -> None:
    """The close code is set after the end; None if the peer closed without one."""
    end.socket.data_received(client_frame(b'x' * 2000))
    assert end.socket.close_code is None
    end.socket.connection_lost()
    assert end.socket.close_code == 1009

    gone = End()
    gone.socket.connection_lost()
    assert gone.socket.close_code is None


async def test_control_frames_count_less_than_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings within the message rate are allowed, but their number is limited."""
    # On a slow machine, time would add tokens as fast as the frames take them.
    monkeypatch.setattr(web_socket, 'time', SimpleNamespace(monotonic=lambda: 0.0))
    end = End(rate_hz=1.0)
    noted: list[str | bytes | Verdict] = []
    end.socket.on_flood = lambda: noted.append('flood')

    def send() -> None:
        for count in (1000, 30_000):
            for _ in range(count):
                end.socket.data_received(client_frame(b'', PING))
            end.socket.data_received(client_frame(b'message'))
        end.socket.connection_lost()

    asyncio.get_running_loop().call_soon(send)
    await end.socket.listen(lambda message, verdict: noted.extend((message, verdict)))

    assert noted == ['message', Verdict.PASS, 'flood', 'message', Verdict.CLOSE]
