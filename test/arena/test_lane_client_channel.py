# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that a client opens a lane over UDP, or raises an error that has the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
import os
import socket
from typing import Any

import pytest
from support.lanes import CLIENT, OTHER, SERVER, End, listener
from support.waiting import PATIENCE_S, wait_in_each_iteration, wait_until

from lerobot_arena_ros.arena.lane.channel import Channel
from lerobot_arena_ros.arena.lane.client_channel import open_channel
from lerobot_arena_ros.arena.lane.dtls_channel import DtlsChannel
from lerobot_arena_ros.arena.lane.errors import LaneError


def dial(
    address: tuple[str, int], *, expected: str = SERVER.fingerprint, timeout_s: float = PATIENCE_S
) -> Awaitable[Channel]:
    """Open a channel as the client."""
    return open_channel(*address, CLIENT, expected, timeout_s=timeout_s)


def descriptors() -> int:
    """Return the number of open files and sockets of this process."""
    return len(os.listdir('/proc/self/fd'))


async def test_a_channel_carries_texts_both_ways() -> None:
    """Texts arrive at both ends, and closing one end ends the other."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        before = descriptors()

        client = End(await dial(udp.addresses[0]))
        assert client.channel is not None
        assert client.channel.send('there')
        await wait_until(lambda: server.texts == ['there'], 'the text at the server')
        assert server.channel is not None
        assert server.channel.send('back')
        await wait_until(lambda: client.texts == ['back'], 'the text at the client')
        client.channel.close()

        await wait_until(lambda: server.reasons, 'the end at the server')
        assert not server.channel.is_open
        assert not client.channel.send('late')
        assert descriptors() == before


async def test_another_server_is_refused() -> None:
    """A server with another certificate is refused, and the error has both fingerprints."""
    async with listener() as udp:
        udp.expect(CLIENT.fingerprint, End().open, PATIENCE_S)
        before = descriptors()

        with pytest.raises(LaneError) as raised:
            await dial(udp.addresses[0], expected=OTHER.fingerprint)

        assert f'is {SERVER.fingerprint}, expected {OTHER.fingerprint}' in str(raised.value)
        assert descriptors() == before


async def test_a_refusal_of_the_server_is_an_error() -> None:
    """A client whose certificate the server does not expect gets an error at once."""
    async with listener() as udp:
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)

        with pytest.raises(LaneError, match='the server expects each client once; join again'):
            await dial(udp.addresses[0])

        assert udp.counters.refused == 1


async def test_a_closed_port_is_an_error() -> None:
    """A port without a server raises an error with the address and what to check."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        address = sock.getsockname()
    before = descriptors()

    with pytest.raises(LaneError, match=f'127.0.0.1:{address[1]}: Connection refused; check'):
        await dial(address)

    assert descriptors() == before


async def test_a_server_that_does_not_answer_is_an_error() -> None:
    """Without an answer the attempt ends after its timeout, and leaves no socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        before = descriptors()

        with pytest.raises(LaneError, match=r'no answer in 0\.2 s; check that firewalls'):
            await dial(sock.getsockname(), timeout_s=0.2)

        assert descriptors() == before


async def test_a_name_that_does_not_resolve_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without an address raises an error with its name."""

    async def fail(*_args: Any, **_options: Any) -> list[Any]:
        raise socket.gaierror(-2, 'Name or service not known')

    monkeypatch.setattr(asyncio.get_running_loop(), 'getaddrinfo', fail)

    with pytest.raises(LaneError, match='arena.invalid:1: Name or service not known; check'):
        await dial(('arena.invalid', 1))


async def test_a_name_server_that_does_not_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The time for the name is limited too."""

    async def hang(*_args: Any, **_options: Any) -> list[Any]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(asyncio.get_running_loop(), 'getaddrinfo', hang)

    with pytest.raises(LaneError, match='the name was not resolved in 0.1 s; check'):
        await dial(('arena.invalid', 1), timeout_s=0.1)


async def test_each_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the first address of a host does not answer, the next one is tried."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(('127.0.0.1', 0))
        async with listener() as udp:
            udp.expect(CLIENT.fingerprint, End().open, PATIENCE_S)
            addresses = [silent.getsockname(), udp.addresses[0]]

            async def resolve(*_args: Any, **_options: Any) -> list[Any]:
                return [(socket.AF_INET, socket.SOCK_DGRAM, 17, '', each) for each in addresses]

            monkeypatch.setattr(asyncio.get_running_loop(), 'getaddrinfo', resolve)

            channel = await dial(('arena', 1), timeout_s=10.0)

            assert channel.is_open
            channel.close()


async def test_a_text_that_the_kernel_does_not_take_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full buffer of the kernel loses the text, and blocks nothing."""

    class Full:
        def send(self, _datagram: bytes) -> int:
            raise BlockingIOError

    async with listener() as udp:
        udp.expect(CLIENT.fingerprint, End().open, PATIENCE_S)
        channel = await dial(udp.addresses[0])
        assert isinstance(channel, DtlsChannel)
        with monkeypatch.context() as patch:
            patch.setattr(channel._transmit.__self__, '_socket', Full())  # type: ignore[attr-defined]
            assert not channel.send('lost')

        assert (channel.sent, channel.dropped, channel.is_open) == (0, 1, True)
        channel.close()


async def test_an_address_that_cannot_be_used_is_an_error() -> None:
    """An address to which the kernel sends nothing raises an error, and leaves no socket."""
    before = descriptors()

    with pytest.raises(LaneError, match='255.255.255.255:1: Permission denied; check the network'):
        await dial(('255.255.255.255', 1))

    assert descriptors() == before


async def test_a_burst_arrives_and_ends_where_the_client_closes() -> None:
    """Many texts at once are read in pieces, and none is passed after the client has closed."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        channel = await dial(udp.addresses[0])
        texts: list[str] = []

        def close_at_30(text: str) -> None:
            texts.append(text)
            if text == '30':
                channel.close()

        channel.listen(close_at_30, texts.append)
        await wait_until(lambda: server.channel, 'the channel of the server')
        assert server.channel is not None
        for number in range(40):
            server.channel.send(str(number))

        await wait_until(lambda: server.reasons, 'the end at the server')
        assert texts == [str(number) for number in range(31)]


async def test_a_cancelled_attempt_leaves_no_socket() -> None:
    """An attempt that is cancelled closes its socket."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(('127.0.0.1', 0))
        before = descriptors()
        attempt = asyncio.ensure_future(dial(sock.getsockname()))
        await wait_until(lambda: descriptors() == before + 1, 'the socket of the attempt')

        attempt.cancel()

        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert descriptors() == before


async def test_an_attempt_whose_channel_has_ended_can_be_cancelled() -> None:
    """The server closes it at once, and the attempt is cancelled before it returns."""
    closed: list[Channel] = []

    def close(channel: Channel) -> None:
        channel.close()
        closed.append(channel)

    async with listener() as udp:
        udp.expect(CLIENT.fingerprint, close, PATIENCE_S)
        attempt = asyncio.ensure_future(dial(udp.addresses[0]))
        await wait_in_each_iteration(lambda: closed, 'the channel at the server')
        before = descriptors()
        await wait_in_each_iteration(lambda: descriptors() < before, 'the end at the client')

        assert attempt.cancel()

        with pytest.raises(asyncio.CancelledError):
            await attempt


async def test_lost_datagrams_of_the_handshake_are_repeated() -> None:
    """A handshake succeeds although the first datagram of each end is lost."""
    async with listener() as udp:
        udp.expect(CLIENT.fingerprint, End().open, PATIENCE_S)
        async with Relay(udp.addresses[0], losses=1) as relay:
            channel = await dial(relay.address)

            assert channel.is_open
            assert relay.lost == 2
            channel.close()


async def test_errors_of_the_network_end_no_open_channel() -> None:
    """An error of the network loses no later text, because the heartbeats above decide."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        async with Relay(udp.addresses[0]) as relay:
            channel = await dial(relay.address)
            client = End(channel)
            relay.close_port()
            assert [channel.send('lost') for _ in range(3)] == [True] * 3

            relay.open_port()
            assert server.channel is not None
            server.channel.send('back')
            await wait_until(lambda: client.texts == ['back'], 'the text at the client')
            channel.send('next')

            await wait_until(lambda: server.texts == ['next'], 'the text at the server')
            assert channel.is_open
            assert client.reasons == []
            channel.close()


class Relay:
    """
    Passes datagrams between one client and a server.

    :param losses: the number of first datagrams of each end that are lost.
    :ivar lost: the number of datagrams that were lost.
    :ivar address: the address for the client.
    """

    def __init__(self, server: tuple[str, int], *, losses: int = 0) -> None:
        self.lost = 0
        self._left = {True: losses, False: losses}
        self._loop = asyncio.get_running_loop()
        self._to_server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._to_server.connect(server)
        self.address = ('127.0.0.1', 0)

    async def __aenter__(self) -> Relay:
        self._loop.add_reader(self._to_server, self._pass, False)
        self.open_port()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close_port()
        self._loop.remove_reader(self._to_server)
        self._to_server.close()

    def open_port(self) -> None:
        """Open the port for the client, the same one again."""
        self._port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._port.bind(self.address)
        self.address = self._port.getsockname()
        self._loop.add_reader(self._port, self._pass, True)

    def close_port(self) -> None:
        """Close the port for the client, so that the kernel refuses datagrams."""
        self._loop.remove_reader(self._port)
        self._port.close()

    def _pass(self, is_from_client: bool) -> None:
        datagram, address = (self._port if is_from_client else self._to_server).recvfrom(2048)
        if is_from_client:
            self._client = address
        if self._left[is_from_client] > 0:
            self._left[is_from_client] -= 1
            self.lost += 1
        elif is_from_client:
            self._to_server.send(datagram)
        else:
            self._port.sendto(datagram, self._client)
