"""The frames that the server makes itself, and the line below ASGI that takes them."""

from __future__ import annotations

import asyncio

from lerobot_arena_ros.server.line import Line, close_frame, text_frame
import pytest


class Open(asyncio.Transport):
    """A transport that leads nowhere."""

    aborted = 0

    def abort(self) -> None:
        """Count it."""
        self.aborted += 1

    def is_closing(self) -> bool:
        """Say that there may still be something to be read."""
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing."""

    def write(self, data: object) -> None:
        """Do nothing."""


class HalfClosed(Open):
    """A transport after ``write_eof``, which refuses whatever comes later."""

    def write(self, data: object) -> None:
        """Refuse."""
        raise RuntimeError('Cannot call write() after write_eof()')


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
def test_a_text_frame_says_how_long_it_is(length: int, head: bytes) -> None:
    """RFC 6455, 5.2: in one, three or nine bytes, unmasked from the server."""
    assert text_frame('x' * length) == head + b'x' * length


def test_a_text_frame_counts_bytes_not_characters() -> None:
    """The payload is UTF-8."""
    assert text_frame('é') == b'\x81\x02\xc3\xa9'


def test_a_close_frame_holds_code_and_reason() -> None:
    """RFC 6455, 5.5.1."""
    assert close_frame(1013, 'too slow') == b'\x88\x0a\x03\xf5too slow'


def test_a_peer_that_is_going_is_written_to_in_vain() -> None:
    """A half-closed connection is no failure of whoever sends to all."""
    line = Line(HalfClosed())

    line.write(b'first')
    line.write(b'second')


def test_a_connection_that_has_ended_is_not_hung_up_on() -> None:
    """Its transport would fail; one that is only half closed is."""
    transport = HalfClosed()
    line = Line(transport)
    line.write(b'in vain')
    line.abort()
    line.lost()
    line.abort()

    assert transport.aborted == 1


async def test_a_connection_that_ends_answers_no_probe() -> None:
    """Whoever asks knows at once instead of waiting for the timeout."""
    line = Line(Open())
    asking = asyncio.ensure_future(line.answers(timeout_s=1000.0))
    asyncio.get_running_loop().call_soon(line.lost)

    assert await asyncio.wait_for(asking, 10.0) is False


async def test_a_connection_that_is_ending_is_not_even_asked() -> None:
    """No answer could come."""
    assert await Line(HalfClosed()).answers(timeout_s=1000.0) is False
