# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of which clients may open a lane on a server, and of its end."""

from __future__ import annotations

import asyncio
import os

import pytest
from support.lanes import CLIENT, OTHER, SERVER, End, RawClient, listener
from support.waiting import PATIENCE_S, wait_until

from lerobot_arena_ros.arena.lane.dtls import DtlsState
from lerobot_arena_ros.server.net.lane_port import open_udp
from lerobot_arena_ros.server.net.udp_listener import UdpListener


async def test_an_expected_client_opens_one_channel() -> None:
    """A client with an expected certificate opens a channel, but not a second one."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as client, RawClient(udp.addresses[0]) as again:
            await client.open()
            client.transmit(client.record('there'))
            await wait_until(lambda: server.texts == ['there'], 'the text')
            with pytest.raises(AssertionError, match='alert'):
                await again.open()

            assert server.reasons == []
            assert (udp.channels, udp.counters.opened, udp.counters.refused) == (1, 1, 1)


async def test_without_an_expected_client_nothing_is_answered() -> None:
    """While no client is expected, a first message gets no answer, which would cost the CPU."""
    async with listener() as udp:
        with RawClient(udp.addresses[0]) as client:
            client.session.start()
            client.transmit(*client.session.take_datagrams())

            await wait_until(lambda: udp.counters.unexpected == 1, 'the first message')
            assert (udp.counters.sent, udp.counters.greeted) == (0, 0)


async def test_a_forgotten_client_is_refused() -> None:
    """A client that left before it opened its lane is not expected any more."""
    async with listener() as udp:
        udp.expect(CLIENT.fingerprint, End().open, PATIENCE_S)
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
        udp.forget(CLIENT.fingerprint)
        udp.forget(CLIENT.fingerprint)
        with RawClient(udp.addresses[0]) as client:
            with pytest.raises(AssertionError, match='alert'):
                await client.open()

            assert udp.counters.opened == 0


async def test_a_client_is_expected_for_a_limited_time() -> None:
    """After its timeout a client is not expected any more."""
    async with listener() as udp:
        udp.expect(CLIENT.fingerprint, End().open, 0.01)
        with RawClient(udp.addresses[0]) as client:
            client.session.start()
            (hello,) = client.session.take_datagrams()

            def is_unexpected() -> bool:
                client.transmit(hello)
                return udp.counters.unexpected > 0

            await wait_until(is_unexpected, 'the end of the timeout')


async def test_a_second_handshake_replaces_nothing_before_it_is_complete() -> None:
    """A handshake of another address with the same certificate does not disturb the first."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as slow, RawClient(udp.addresses[0]) as client:
            slow.transmit(await slow.hello())
            await client.open()
            slow.session.receive(await slow.read())
            slow.transmit(*slow.session.take_datagrams())
            await wait_until(lambda: udp.counters.failed == 1, 'the failure of the slow one')

            client.transmit(client.record('there'))
            await wait_until(lambda: server.texts == ['there'], 'the text')
            assert (server.reasons, udp.counters.opened) == ([], 1)


async def test_a_client_may_start_again_on_the_same_port() -> None:
    """A client that restarted on its old port opens a new channel, which ends the old one."""
    async with listener() as udp:
        old, new = End(), End()
        udp.expect(CLIENT.fingerprint, old.open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as client:
            await client.open()
            client.restart()
            udp.expect(CLIENT.fingerprint, new.open, PATIENCE_S)
            await client.open()
            client.transmit(client.record('there'))

            await wait_until(lambda: new.texts == ['there'], 'the text on the new channel')
            assert old.reasons == ['the client has started again']
            assert udp.channels == 1


async def test_an_unfinished_new_start_leaves_the_old_channel() -> None:
    """A new handshake of the same address ends nothing until it is complete."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as client:
            await client.open()
            session = client.session
            client.restart()
            client.transmit(await client.hello())
            await client.read()
            client.session = session
            client.transmit(client.record('there'))

            await wait_until(lambda: server.texts == ['there'], 'the text on the old channel')
            assert server.reasons == []


async def test_a_client_that_closes_frees_its_place() -> None:
    """The server gets the end of a client once, with the reason."""
    async with listener() as udp:
        server = End()
        udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
        with RawClient(udp.addresses[0]) as client:
            await client.open()
            client.session.close()
            client.transmit(*client.session.take_datagrams())

            await wait_until(lambda: server.reasons, 'the end')
            assert server.reasons == ['the other end closed the lane']
            assert udp.channels == 0


async def test_closing_notifies_clients_and_leaves_nothing() -> None:
    """The end of a server ends the channels of its clients, and closes its sockets."""
    before = len(os.listdir('/proc/self/fd'))
    udp = UdpListener(SERVER)
    udp.open(open_udp([('127.0.0.1', 0), ('127.0.0.1', 0)]))
    server = End()
    udp.expect(CLIENT.fingerprint, server.open, PATIENCE_S)
    udp.expect(OTHER.fingerprint, End().open, PATIENCE_S)
    with RawClient(udp.addresses[1]) as client, RawClient(udp.addresses[0]) as unfinished:
        await client.open()
        unfinished.transmit(await unfinished.hello())
        await unfinished.read()

        await udp.aclose()
        client.session.receive(await client.read())

        assert client.session.state is DtlsState.CLOSED
        assert server.reasons == ['the server shuts down']
    assert (udp.addresses, udp.channels) == ([], 0)
    assert len(os.listdir('/proc/self/fd')) == before
    assert len(asyncio.all_tasks()) == 1
