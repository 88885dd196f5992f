# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of a DTLS session, in memory: who may open one, and what an attacker cannot do to it."""

from __future__ import annotations

import contextlib

from OpenSSL import SSL
import pytest
from support.lanes import (
    ADDRESS,
    CLIENT,
    OTHER,
    SERVER,
    accept_all,
    exchange,
    greeted,
    opened_sessions,
    record,
    sealed,
)
from support.waiting import wait_for

from lerobot_arena_ros.arena.lane.channel import MAX_OCTETS
from lerobot_arena_ros.arena.lane.dtls import (
    DtlsServer,
    DtlsSession,
    DtlsState,
    client_session,
    identify,
)
from lerobot_arena_ros.arena.lane.records import DATAGRAM_OCTETS

PLAIN_ALERT = bytes.fromhex('15fefd 0000 00000000ffff 0002 0228')


def test_both_ends_know_each_other() -> None:
    """After the handshake each end has the fingerprint of the other, and no timer runs."""
    client, server = opened_sessions()

    assert client.peer_fingerprint == SERVER.fingerprint
    assert server.peer_fingerprint == CLIENT.fingerprint
    assert client.timeout_s() is server.timeout_s() is None


def test_messages_of_full_length_fit_into_a_datagram() -> None:
    """The longest message makes a datagram of DTLS 1.2 that is not fragmented."""
    client, server = opened_sessions()

    datagram = sealed(client, b'x' * MAX_OCTETS)

    assert len(datagram) <= DATAGRAM_OCTETS
    assert datagram[:3] == b'\x17\xfe\xfd'
    assert server.receive(datagram) == [b'x' * MAX_OCTETS]
    assert client.receive(sealed(server, b'back')) == [b'back']


def test_each_message_arrives_at_most_once_and_in_any_order() -> None:
    """A late datagram is passed on, and a repeated one is not."""
    client, server = opened_sessions()
    datagrams = [sealed(client, b'%d' % number) for number in range(5)]

    received = [server.receive(datagrams[index]) for index in (3, 0, 3, 4, 0, 1)]

    assert received == [[b'3'], [b'0'], [], [b'4'], [], [b'1']]


def test_records_of_another_session_are_dropped() -> None:
    """A record that another session encrypted is no message, and does no harm."""
    client, server = opened_sessions()
    other, _ = opened_sessions()

    assert server.receive(sealed(other, b'foreign')) == []
    assert server.receive(sealed(client, b'ours')) == [b'ours']


@pytest.mark.parametrize('length', range(40))
def test_a_short_record_does_not_end_an_open_session(length: int) -> None:
    """A record that is too short for its encryption is dropped; OpenSSL 3.1 would fail."""
    client, server = opened_sessions()

    assert server.receive(record(23, 1, 2**40, bytes(length))) == []
    assert server.receive(sealed(client, b'next')) == [b'next']


def test_an_alert_in_clear_does_not_end_an_open_session() -> None:
    """An attacker cannot end a session with an alert that is not encrypted."""
    client, server = opened_sessions()

    assert server.receive(PLAIN_ALERT) == []

    assert server.receive(sealed(client, b'next')) == [b'next']


def test_a_client_refuses_another_server() -> None:
    """A client does not open a session with a certificate that it was not told."""
    client = client_session(CLIENT, lambda found: found == OTHER.fingerprint)
    server = greeted(client)

    exchange(client, server)

    assert client.state is server.state is DtlsState.CLOSED
    assert 'verify failed' in client.reason


def test_a_server_refuses_another_client() -> None:
    """A server does not open a session with a certificate that it does not expect."""
    client = client_session(CLIENT, accept_all)
    server = greeted(client, lambda found: found == OTHER.fingerprint)

    exchange(client, server)

    assert client.state is server.state is DtlsState.CLOSED
    assert 'verify failed' in server.reason


def foreign(*, has_certificate: bool) -> SSL.Connection:
    """Return a client with the options of OpenSSL, which can renegotiate."""
    context = SSL.Context(SSL.DTLS_METHOD)
    if has_certificate:
        identify(context, CLIENT)
    connection = SSL.Connection(context, None)
    connection.set_connect_state()
    connection.set_ciphertext_mtu(DATAGRAM_OCTETS)
    return connection


def test_a_client_needs_a_certificate() -> None:
    """A client without a certificate opens nothing."""
    client = DtlsSession(foreign(has_certificate=False))
    server = greeted(client)

    exchange(client, server)

    assert server.state is DtlsState.CLOSED
    assert 'did not return a certificate' in server.reason


def test_a_cookie_belongs_to_one_address() -> None:
    """A ClientHello with the cookie of another address gets another cookie, and no session."""
    server = DtlsServer(SERVER, accept_all)
    client = client_session(CLIENT, accept_all)
    client.start()
    client.receive(server.greet(client.take_datagrams()[0], b'one address')[1][0])
    (hello,) = client.take_datagrams()

    assert server.greet(hello, b'another address')[0] is None
    assert server.greet(hello, b'one address')[0] is not None
    assert DtlsServer(SERVER, accept_all).greet(hello, b'one address')[0] is None


def test_the_answer_to_a_first_message_is_shorter() -> None:
    """A server cannot be used to send more to a victim than the attacker sends."""
    client = client_session(CLIENT, accept_all)
    client.start()
    (hello,) = client.take_datagrams()

    _, (cookie,) = DtlsServer(SERVER, accept_all).greet(hello, ADDRESS)

    assert len(cookie) < len(hello)


def test_a_lost_datagram_of_the_handshake_is_repeated() -> None:
    """Each end of a handshake repeats what was not answered, after the time of its timer."""
    client = client_session(CLIENT, accept_all)
    server = greeted(client)
    lost = server.take_datagrams()
    wait_for(lambda: server.timeout_s() == 0, 'the timer of the server')

    server.on_timeout()

    assert sum(map(len, server.take_datagrams())) >= sum(map(len, lost)) > 0


def test_a_closed_session_ends_the_other() -> None:
    """The other end gets a notice that an attacker cannot forge; after that nothing is sent."""
    client, server = opened_sessions()

    client.close()
    exchange(client, server)

    assert client.state is server.state is DtlsState.CLOSED
    assert (client.reason, server.reason) == ('', 'the other end closed the lane')
    assert not client.send(b'late')
    assert not server.send(b'late')
    assert server.receive(b'late') == []
    server.on_timeout()
    assert server.timeout_s() is None


def test_a_dropped_fragment_leaves_no_error_for_others() -> None:
    """The errors of OpenSSL belong to the thread, so a stranger's must not end other sessions."""
    client, server = opened_sessions()
    stranger = client_session(OTHER, accept_all)
    stranger.start()
    (hello,) = stranger.take_datagrams()
    listener = DtlsServer(SERVER, accept_all)
    # The second half of the message, from octet 60.
    fragment = hello[:19] + (60).to_bytes(3, 'big') + (len(hello) - 85).to_bytes(3, 'big')
    fragment = fragment[:11] + (len(hello) - 73).to_bytes(2, 'big') + fragment[13:] + hello[85:]

    assert listener.greet(fragment, ADDRESS) == (None, [])

    assert server.receive(sealed(client, b'next')) == [b'next']
    assert server.receive(PLAIN_ALERT) == []
    assert server.state is DtlsState.OPEN


def test_an_error_that_another_session_left_does_no_harm() -> None:
    """A call that fails only once has met an error that another session had left."""
    datagram = record(23, 1, 1, bytes(24))
    connection = ForgetfulConnection([SSL.Error([('lib', '', 'of another')])])
    session = DtlsSession(connection)
    session.state = DtlsState.OPEN

    assert session.receive(datagram) == []
    assert session.state is DtlsState.OPEN

    connection.errors = [SSL.Error([('lib', '', 'the reason')]), SSL.SysCallError(-1, 'EOF')]
    assert session.receive(datagram) == []
    assert (session.state, session.reason) == (DtlsState.CLOSED, 'DTLS failed: the reason')


class ForgetfulConnection(SSL.Connection):
    """A connection whose calls raise some errors, and then find no data."""

    def __init__(self, errors: list[SSL.Error]) -> None:
        super().__init__(SSL.Context(SSL.DTLS_METHOD), None)
        self.errors = errors

    def recv(self, *_args: object, **_options: object) -> bytes:
        """Raise the next error."""
        raise self.errors.pop(0) if self.errors else SSL.WantReadError()


def test_a_renegotiation_is_refused() -> None:
    """A client cannot start another handshake in an open session, which would cost the CPU."""
    connection = foreign(has_certificate=True)
    client = DtlsSession(connection)
    server = greeted(client)
    exchange(client, server)
    connection.renegotiate()
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()
    (hello,) = client.take_datagrams()

    assert server.receive(hello) == []

    # An encrypted alert, and no message of a handshake.
    (refusal,) = server.take_datagrams()
    assert refusal[0] == 21
    assert server.state is DtlsState.OPEN
