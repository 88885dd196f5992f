# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of a channel over DTLS, in memory: what is sent, passed on, dropped and ended."""

from __future__ import annotations

import pytest
from support.lanes import End, opened_sessions

from lerobot_arena_ros.arena.lane.channel import MAX_OCTETS
from lerobot_arena_ros.arena.lane.dtls_channel import EARLY_MESSAGES, DtlsChannel


class Pair:
    """
    Two open channels.

    :ivar is_full: whether the kernel accepts no datagrams.
    :ivar released: which channels were released.
    """

    def __init__(self) -> None:
        client, server = opened_sessions()
        self.is_full = False
        self.released: list[str] = []
        self.sent: list[bytes] = []
        self.client = DtlsChannel(client, self.to_server, lambda: self.released.append('client'))
        self.server = DtlsChannel(server, self.to_client, lambda: self.released.append('server'))

    def to_server(self, datagram: bytes) -> bool:
        """Pass a datagram of the client to the server."""
        self.sent.append(datagram)
        if not self.is_full:
            self.server.receive(datagram)
        return not self.is_full

    def to_client(self, datagram: bytes) -> bool:
        """Pass a datagram of the server to the client."""
        self.client.receive(datagram)
        return True


def test_texts_go_both_ways_and_are_counted() -> None:
    """A message arrives as it was sent, and both ends count it."""
    pair = Pair()
    client, server = End(pair.client), End(pair.server)

    assert pair.client.send('there')
    assert pair.server.send('back')

    assert (server.texts, client.texts) == (['there'], ['back'])
    assert pair.client.sent == pair.client.received == 1
    assert pair.client.dropped == pair.server.dropped == 0


@pytest.mark.parametrize('text', ['x' * (MAX_OCTETS + 1), 'é', ''], ids=['long', 'é', 'empty'])
def test_a_text_that_does_not_fit_is_not_sent(text: str) -> None:
    """A message that is too long, not ASCII or empty is dropped, and the channel stays open."""
    pair = Pair()
    server = End(pair.server)

    assert not pair.client.send(text)

    assert pair.client.send('next')
    assert (pair.client.dropped, server.texts) == (1, ['next'])


@pytest.mark.parametrize('content', [b'x' * (MAX_OCTETS + 1), b'\xff'], ids=['long', 'not ASCII'])
def test_a_foreign_text_that_does_not_fit_is_dropped(content: bytes) -> None:
    """A message that another program sent is checked again by the end that gets it."""
    pair = Pair()
    server = End(pair.server)

    assert pair.client._session.send(content)
    pair.client._flush()

    assert pair.client.send('next')
    assert (pair.server.dropped, server.texts) == (1, ['next'])


def test_what_the_kernel_does_not_take_is_counted() -> None:
    """If the buffer of the kernel is full, the message is dropped and not queued."""
    pair = Pair()
    server = End(pair.server)
    pair.is_full = True
    assert not pair.client.send('lost')
    pair.is_full = False

    assert pair.client.send('next')

    assert (pair.client.sent, pair.client.dropped, server.texts) == (1, 1, ['next'])


def test_datagrams_that_are_not_accepted_are_counted() -> None:
    """Garbage and repetitions are dropped, and do not belong to the session."""
    pair = Pair()
    server = End(pair.server)
    pair.client.send('once')

    assert not pair.server.receive(pair.sent[-1])
    assert not pair.server.receive(b'garbage')

    assert (pair.server.received, pair.server.dropped, server.texts) == (1, 2, ['once'])


def test_the_newest_early_messages_are_kept() -> None:
    """Messages before there is a listener are passed when it comes; of many, the newest."""
    pair = Pair()
    for number in range(EARLY_MESSAGES + 5):
        pair.client.send(str(number))

    server = End(pair.server)

    assert server.texts == [str(number) for number in range(5, EARLY_MESSAGES + 5)]


def test_closing_ends_the_other_once() -> None:
    """The other end gets the reason once; the end that closed gets none."""
    pair = Pair()
    client, server = End(pair.client), End(pair.server)

    pair.client.close()
    pair.client.close()

    assert (client.reasons, server.reasons) == ([], ['the other end closed the lane'])
    assert sorted(pair.released) == ['client', 'server']
    assert not pair.client.is_open
    assert not pair.server.is_open
    assert not pair.server.send('late')
    assert not pair.client.send('late')


def test_an_end_before_there_is_a_listener_is_passed_on() -> None:
    """A listener that comes late gets the messages and the reason of the end."""
    pair = Pair()
    pair.client.send('last')
    pair.client.close()

    server = End(pair.server)

    assert (server.texts, server.reasons) == (['last'], ['the other end closed the lane'])


def test_a_listener_may_close_the_channel() -> None:
    """After the listener has closed the channel, it gets nothing more."""
    pair = Pair()
    texts: list[str] = []

    def close(text: str) -> None:
        texts.append(text)
        pair.server.close()

    pair.server.listen(close, texts.append)
    pair.client.send('first')
    pair.client.send('second')

    assert texts == ['first']


def test_an_end_with_a_reason_is_passed_to_both() -> None:
    """The listener of the end that closes gets the reason, and the other end a notice."""
    pair = Pair()
    client, server = End(pair.client), End(pair.server)

    pair.server.end('the server shuts down')

    assert server.reasons == ['the server shuts down']
    assert client.reasons == ['the other end closed the lane']
