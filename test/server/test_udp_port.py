# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that nothing that strangers send harms a lane, or is kept without a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
import socket

from hypothesis import given
from hypothesis import strategies as st
import pytest
from support.corpus import FUZZ
from support.lanes import CLIENT, OTHER, End, RawClient, listener
from support.waiting import PATIENCE_S, wait_until

from lerobot_arena_ros.server.net import udp_handshakes, udp_port
from lerobot_arena_ros.server.net.udp_handshakes import MAX_HANDSHAKES, MAX_HANDSHAKES_PER_HOST
from lerobot_arena_ros.server.net.udp_listener import UdpListener
from lerobot_arena_ros.server.net.udp_port import READS_PER_ITERATION

PLAIN_ALERT = bytes.fromhex('15fefd 0000 00000000ffff 0002 0228')


class Lane:
    """An open lane: its client, the end at the server, and the listener."""

    def __init__(self, udp: UdpListener, client: RawClient, server: End) -> None:
        self.udp = udp
        self.client = client
        self.server = server
        self._count = 0

    async def works(self) -> None:
        """Wait until a text went to the server, behind all that was sent before."""
        self._count += 1
        text = f'text {self._count}'
        self.client.transmit(self.client.record(text))
        await wait_until(lambda: self.server.texts[-1:] == [text], text)
        assert self.server.reasons == []


@pytest.fixture(name='lane')
async def fixture_lane() -> AsyncIterator[Lane]:
    """Open a lane; another client stays expected, so that first messages are answered."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as client:
            await client.open()
            yield Lane(udp, client, server)


async def test_datagrams_of_strangers_are_dropped(lane: Lane) -> None:
    """Garbage, records of others and copies from other addresses change nothing."""
    record = lane.client.record('once')
    lane.client.transmit(record)
    with RawClient(lane.udp.addresses[0]) as stranger:
        stranger.transmit(record, b'', b'\0', b'garbage' * 20, PLAIN_ALERT, bytes(1500))
        await lane.works()

    assert lane.server.texts == ['once', 'text 1']
    counters = lane.udp.counters
    assert (counters.unknown, counters.invalid) == (3, 3)


async def test_datagrams_with_a_spoofed_address_are_dropped(lane: Lane) -> None:
    """Repetitions, cut records, garbage and alerts in clear from the client's address are lost."""
    record = lane.client.record('once')
    late = lane.client.record('late')
    lane.client.transmit(record, record, late[:-1], late + b'x', PLAIN_ALERT, b'x' * 200)
    await lane.works()

    assert lane.server.texts[0] == 'once'
    assert lane.server.texts.count('once') == 1


@FUZZ
@given(garbage=st.lists(st.binary(max_size=300), max_size=5))
def test_garbage_reaches_the_port_without_harm(garbage: list[bytes]) -> None:
    """No bytes from any address raise an error, or end a lane."""

    async def run() -> None:
        async with listener() as udp:
            server = End()
            udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
            udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
            address = udp.addresses[0]
            with RawClient(address) as client, RawClient(address, OTHER) as unfinished:
                await client.open()
                unfinished.transmit(await unfinished.hello())
                await unfinished.read()
                for sender in (client, unfinished):
                    sender.transmit(*garbage)
                    sender.transmit(*[b'\x16\xfe\xfd' + datagram for datagram in garbage])
                await Lane(udp, client, server).works()

    asyncio.run(run())


async def test_first_messages_are_answered_and_forgotten(lane: Lane) -> None:
    """A flood of first messages keeps nothing, and gets shorter answers."""
    with RawClient(lane.udp.addresses[0]) as stranger:
        stranger.session.start()
        (hello,) = stranger.session.take_datagrams()
        for _ in range(50):
            stranger.transmit(hello)
        await lane.works()
        answer = await stranger.read()

    assert lane.udp.counters.greeted == 50 + 1
    assert len(answer) < len(hello)


async def test_first_messages_have_a_limited_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of first messages does not use up the CPU, and open lanes work on."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as client, RawClient(udp.addresses[0]) as stranger:
            await client.open()
            monkeypatch.setattr(udp._handshakes.hellos, '_tokens', 5.0)
            monkeypatch.setattr(udp._handshakes.hellos, '_rate_hz', 0.0)
            stranger.session.start()
            (hello,) = stranger.session.take_datagrams()
            for _ in range(50):
                stranger.transmit(hello)
            await Lane(udp, client, server).works()

        assert (udp.counters.greeted, udp.counters.full) == (1 + 5, 45)


async def test_a_cookie_of_another_address_starts_nothing(lane: Lane) -> None:
    """A first message with the cookie of another address gets a new cookie only."""
    with RawClient(lane.udp.addresses[0]) as one, RawClient(lane.udp.addresses[0]) as other:
        hello = await one.hello()
        other.transmit(hello)
        answer = await other.read()

    # A HelloVerifyRequest.
    assert answer[13] == 3


async def test_fragments_of_a_first_message_are_not_kept(lane: Lane) -> None:
    """The first fragment gets at most a cookie, and the others nothing."""
    with RawClient(lane.udp.addresses[0]) as stranger:
        stranger.session.start()
        (hello,) = stranger.session.take_datagrams()
        first, second = fragments(hello)
        stranger.transmit(second, first, second)
        await lane.works()

    counters = lane.udp.counters
    assert (counters.greeted, counters.invalid, counters.unknown) == (1 + 1, 2, 0)


def fragments(hello: bytes) -> tuple[bytes, bytes]:
    """Return two datagrams with half of a ClientHello each."""
    header, content = hello[:25], hello[25:]
    half = len(content) // 2
    parts = []
    for at, part in ((0, content[:half]), (half, content[half:])):
        octets = bytearray(header + part)
        octets[11:13] = (12 + len(part)).to_bytes(2, 'big')
        octets[19:22] = at.to_bytes(3, 'big')
        octets[22:25] = len(part).to_bytes(3, 'big')
        parts.append(bytes(octets))
    return parts[0], parts[1]


async def test_unfinished_handshakes_are_limited(lane: Lane) -> None:
    """One host has few unfinished handshakes, and the lanes that are open work on."""
    with ExitStack() as stack:
        for _ in range(MAX_HANDSHAKES_PER_HOST + 3):
            client = stack.enter_context(RawClient(lane.udp.addresses[0]))
            client.transmit(await client.hello())
        await wait_until(lambda: lane.udp.counters.full == 3, 'three handshakes too many')
        await lane.works()

    assert MAX_HANDSHAKES_PER_HOST < MAX_HANDSHAKES


async def test_unfinished_handshakes_end_in_time(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not continue its handshake is forgotten after a limited time."""
    monkeypatch.setattr(udp_port, 'HANDSHAKE_S', 0.01)
    with RawClient(lane.udp.addresses[0]) as client:
        client.transmit(await client.hello())
        await wait_until(lambda: lane.udp.counters.failed == 1, 'the end of the handshake')
        client.transmit(b'\x17' * 20)
        await wait_until(lambda: lane.udp.counters.unknown == 1, 'a datagram without a session')
        await lane.works()


async def test_handshakes_have_a_limited_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handshakes that fail, which cost the CPU, are started at a limited rate only."""
    monkeypatch.setattr(udp_handshakes, 'HANDSHAKES_HZ', 0.001)
    async with listener() as udp:
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as one, RawClient(udp.addresses[0]) as other:
            with pytest.raises(AssertionError, match='alert'):
                await one.open()
            other.transmit(await other.hello())

            await wait_until(lambda: udp.counters.full == 1, 'the handshake that is dropped')


async def test_a_lost_answer_of_the_server_is_repeated(lane: Lane) -> None:
    """The server repeats its part of a handshake if the client does not continue."""
    with RawClient(lane.udp.addresses[0], OTHER) as client:
        client.transmit(await client.hello())
        lost = await client.read()

        again = await client.read()

        assert len(again) == len(lost)
        client.session.receive(again)
        await client.finish()


async def test_a_repeated_end_of_the_handshake_is_answered(lane: Lane) -> None:
    """A client whose last answer was lost repeats its own, and gets the answer again."""
    with RawClient(lane.udp.addresses[0], OTHER) as client:
        client.transmit(await client.hello())
        client.session.receive(await client.read())
        client.transmit(*client.session.take_datagrams())
        await client.read()  # Lost.
        await wait_until(lambda: client.session.timeout_s() == 0, 'the timer of the client')

        client.session.on_timeout()
        client.transmit(*client.session.take_datagrams())

        await client.finish()


async def test_few_datagrams_are_read_in_one_iteration(lane: Lane) -> None:
    """A flood is read in pieces, so that the event loop serves others in between."""
    count = READS_PER_ITERATION * 5
    iterations: list[int] = []
    loop = asyncio.get_running_loop()

    def note() -> None:
        iterations.append(lane.udp.counters.received)
        if lane.server.texts[-1:] != ['last']:
            loop.call_soon(note)

    record = lane.client.record('last')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.connect(lane.udp.addresses[0])
        for _ in range(count):
            flood.send(b'garbage' * 10)
        lane.client.transmit(record)
        loop.call_soon(note)
        await wait_until(lambda: lane.server.texts[-1:] == ['last'], 'the text after the flood')

    steps = [later - before for before, later in zip(iterations, iterations[1:], strict=False)]
    assert sum(steps) >= count
    assert max(steps) <= READS_PER_ITERATION
