"""One WebSocket of the server, without a network."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from support.frames import PING, client_frame

from lerobot_arena_ros.arena.sansio import text_frame
from lerobot_arena_ros.server.net.fair_reader import FairReader
from lerobot_arena_ros.server.net.rate_limiter import Verdict
from lerobot_arena_ros.server.net.web_socket import WebSocket

HANDSHAKE = [
    (b'host', b'localhost'),
    (b'upgrade', b'websocket'),
    (b'connection', b'Upgrade'),
    (b'sec-websocket-key', b'AAAAAAAAAAAAAAAAAAAAAA=='),
    (b'sec-websocket-version', b'13'),
]


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.aborted = 0
        self.has_closed = False

    def abort(self) -> None:
        """Count it."""
        self.aborted += 1

    def close(self) -> None:
        """Write nothing more."""
        self.has_closed = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.has_closed

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing."""

    def write(self, data: object) -> None:
        """Keep it."""
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
    """A WebSocket that was accepted, and what is on its other side."""

    def __init__(self, **options: Any) -> None:
        self.transport = Transport()
        reader = cast(FairReader, Reader(self.transport))
        self.socket = WebSocket(
            HANDSHAKE,
            lambda socket: socket.connection_made(reader),
            **{'max_bytes': 1000, 'rate_hz': 1000.0, **options},
        )
        assert self.socket.accept()
        self.transport.written.clear()


@pytest.fixture(name='end')
async def fixture_end() -> End:
    """Make a WebSocket that was accepted."""
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
    """RFC 6455, 5.2: in one, three or nine bytes, unmasked from the server."""
    assert text_frame('x' * length) == head + b'x' * length


def test_a_text_frame_counts_bytes_not_characters() -> None:
    """The payload is UTF-8."""
    assert text_frame('é') == b'\x81\x02\xc3\xa9'


async def test_messages_wait_in_order_until_they_are_listened_to(end: End) -> None:
    """Those that came with the join included."""
    for text in (b'join', b'one', b'two'):
        end.socket.data_received(client_frame(text))
    taken: list[str | bytes] = [await end.socket.receive() or '']
    asyncio.get_running_loop().call_soon(end.socket.connection_lost)
    await end.socket.listen(lambda message, _: taken.append(message))

    assert taken == ['join', 'one', 'two']


async def test_a_message_in_parts_is_one(end: End) -> None:
    """A ping may come between its parts."""
    for frame in (
        client_frame(b'on', fin=False),
        client_frame(b'?', PING),
        client_frame(b'e', opcode=0),
    ):
        end.socket.data_received(frame)

    assert await end.socket.receive() == 'one'
    assert end.transport.written == [b'\x8a\x01?']


async def test_a_close_frame_holds_code_and_reason(end: End) -> None:
    """RFC 6455, 5.5.1; after it nothing is written."""
    end.socket.close(1013, 'too slow')
    end.socket.write(text_frame('late'))
    end.socket.ping()

    assert end.transport.written == [b'\x88\x0a\x03\xf5too slow']


async def test_nothing_is_written_to_a_connection_that_is_closing(end: End) -> None:
    """A sender to many recipients need not know."""
    end.transport.close()
    end.socket.write(b'in vain')

    assert end.transport.written == []


async def test_a_connection_that_has_ended_is_not_aborted(end: End) -> None:
    """Its transport would fail."""
    end.socket.abort()
    end.socket.connection_lost()
    end.socket.abort()

    assert end.transport.aborted == 1


async def test_pings_of_a_peer_that_does_not_read_are_not_answered(end: End) -> None:
    """The answers would pile up; they go on as soon as it has caught up."""
    end.socket.pause_writing()
    end.socket.data_received(client_frame(b'1', PING))
    end.socket.resume_writing()
    end.socket.data_received(client_frame(b'2', PING))

    assert end.transport.written == [b'\x8a\x012']


async def test_a_connection_that_ends_answers_no_probe(end: End) -> None:
    """The caller knows at once instead of waiting for the timeout."""
    asking = asyncio.ensure_future(end.socket.answers(timeout_s=1000.0))
    asyncio.get_running_loop().call_soon(end.socket.connection_lost)

    assert await asyncio.wait_for(asking, 10.0) is False
    assert await end.socket.answers(timeout_s=1000.0) is False


async def test_the_close_code_tells_why_a_connection_was_ended(end: End) -> None:
    """As soon as it has ended; there is none where the peer just went."""
    end.socket.data_received(client_frame(b'x' * 2000))
    assert end.socket.close_code is None
    end.socket.connection_lost()
    assert end.socket.close_code == 1009

    gone = End()
    gone.socket.connection_lost()
    assert gone.socket.close_code is None


async def test_control_frames_count_less_than_messages() -> None:
    """A participant that keeps to its rate may send pings, but not without end."""
    end = End(rate_hz=1.0)
    noted: list[str | bytes | Verdict] = []
    end.socket.on_flood = lambda: noted.append('flood')

    def send() -> None:
        for count in (1000, 60_000):
            for _ in range(count):
                end.socket.data_received(client_frame(b'', PING))
            end.socket.data_received(client_frame(b'message'))
        end.socket.connection_lost()

    asyncio.get_running_loop().call_soon(send)
    await end.socket.listen(lambda message, verdict: noted.extend((message, verdict)))

    assert noted == ['message', Verdict.PASS, 'flood', 'message', Verdict.CLOSE]
