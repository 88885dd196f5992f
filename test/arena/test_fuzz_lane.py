# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fuzz tests: no datagram ends the open session of others, or raises an error."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.corpus import FUZZ
from support.lanes import (
    ADDRESS,
    CLIENT,
    SERVER,
    accept_all,
    greeted,
    opened_sessions,
    record,
    sealed,
)

from lerobot_arena_ros.arena.lane.dtls import DtlsServer, DtlsState, client_session

SESSIONS = opened_sessions()
"""Two open ends, which all examples of a property share."""

RECORDS = st.builds(
    record,
    st.integers(19, 26),
    st.integers(0, 2),
    st.one_of(st.integers(0, 300), st.integers(0, 2**48 - 1)),
    st.binary(max_size=60),
)


@FUZZ
@given(st.data())
def test_changed_records_are_dropped(data: st.DataObject) -> None:
    """A datagram of which any octet was changed, or that was cut, is no message."""
    client, server = SESSIONS
    datagram = bytearray(sealed(client, b'message'))
    at = data.draw(st.integers(0, len(datagram) - 1))
    if data.draw(st.booleans()):
        datagram[at] ^= data.draw(st.integers(1, 255))
    else:
        del datagram[at:]

    assert server.receive(bytes(datagram)) == []
    assert server.state is DtlsState.OPEN
    assert server.receive(sealed(client, b'next')) == [b'next']


@FUZZ
@given(st.one_of(st.binary(max_size=300), st.lists(RECORDS, max_size=4).map(b''.join)))
def test_garbage_does_not_end_an_open_session(garbage: bytes) -> None:
    """What is not encrypted by the other end is dropped, and messages still arrive."""
    client, server = SESSIONS

    assert server.receive(garbage) == []
    assert client.receive(garbage) == []
    server.take_datagrams()
    assert server.receive(sealed(client, b'next')) == [b'next']
    assert client.receive(sealed(server, b'next')) == [b'next']


CHANGES = st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), min_size=1, max_size=4)


def changed(datagram: bytes, changes: list[tuple[int, int]], length: int) -> bytes:
    """Return a datagram with changed octets, cut to a length."""
    octets = bytearray(datagram)
    for at, change in changes:
        octets[at % len(octets)] ^= change
    return bytes(octets[:length])


@FUZZ
@given(CHANGES, st.integers(0, 2000))
def test_no_garbage_starts_a_session(changes: list[tuple[int, int]], length: int) -> None:
    """A first ClientHello that was changed or cut starts nothing, and raises nothing."""
    client = client_session(CLIENT, accept_all)
    client.start()
    (hello,) = client.take_datagrams()

    greeting = DtlsServer(SERVER, accept_all).greet(changed(hello, changes, length), ADDRESS)

    assert greeting[0] is None


@FUZZ
@given(CHANGES, st.integers(0, 2000))
def test_garbage_in_a_handshake_raises_nothing(
    changes: list[tuple[int, int]], length: int
) -> None:
    """Garbage may end a handshake, but opens no session with another certificate."""
    client = client_session(CLIENT, accept_all)
    server = greeted(client)
    for datagram in server.take_datagrams():
        client.receive(datagram)
    flight = b''.join(client.take_datagrams())

    assert server.receive(changed(flight, changes, length)) == []

    server.take_datagrams()
    assert server.peer_fingerprint in (None, CLIENT.fingerprint)
