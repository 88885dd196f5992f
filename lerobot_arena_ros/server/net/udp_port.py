# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One UDP socket of the lanes: reads datagrams, and finds the session of each by its address.

Nothing is kept for an address before it has returned a cookie. After that, the rate, the number
and the time of handshakes are limited, and only an expected certificate opens a channel.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from ...arena.lane.dtls import DtlsSession, DtlsState
from ...arena.lane.dtls_channel import DtlsChannel
from ...arena.lane.records import client_random, is_plain
from .udp_handshakes import Handshakes

__all__ = ['UdpPort']

READS_PER_ITERATION = 16
"""
Datagrams that are read per iteration of the event loop, so that the others are served too.

Fewer if one of them continues a handshake, because that may need 1 ms.
"""

READ_OCTETS = 2048
MAX_DATAGRAM_OCTETS = 1400
MIN_DATAGRAM_OCTETS = 14

HANDSHAKE_S = 5.0
"""The maximum time of a handshake, in seconds."""


class _Handshake:
    """
    An unfinished handshake of one address.

    :param random: the random number of the client, which identifies its attempt.
    """

    def __init__(self, session: DtlsSession, random: bytes, limit: asyncio.TimerHandle) -> None:
        self.session = session
        self.random = random
        self.limit = limit
        self.timer: asyncio.TimerHandle | None = None

    def stop_timer(self) -> None:
        """Cancel the repetition of unanswered datagrams."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class UdpPort:
    """
    One bound socket, which belongs to this object.

    :param sock: a bound UDP socket that does not block.
    """

    def __init__(self, sock: socket.socket, handshakes: Handshakes) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._shared = handshakes
        self._counters = handshakes.counters
        self._channels: dict[Any, DtlsChannel] = {}
        self._handshakes: dict[Any, _Handshake] = {}
        self._loop.add_reader(sock, self._on_readable)

    @property
    def address(self) -> tuple[str, int]:
        """The address and port that the socket is bound to."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    @property
    def channels(self) -> int:
        """The number of open channels."""
        return len(self._channels)

    def close(self, reason: str) -> None:
        """End all channels for this reason, and close the socket."""
        for address in list(self._handshakes):
            self._discard(address)
        for channel in list(self._channels.values()):
            channel.end(reason)
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _on_readable(self) -> None:
        for _ in range(READS_PER_ITERATION):
            try:
                datagram, address = self._socket.recvfrom(READ_OCTETS)
            except BlockingIOError:
                return
            except OSError:
                continue  # An error that ICMP reported for an earlier datagram.
            self._counters.received += 1
            if self._on_datagram(datagram, address) or self._socket.fileno() < 0:
                return

    def _on_datagram(self, datagram: bytes, address: Any) -> bool:
        """Handle a datagram, and return whether it continued a handshake."""
        channel = self._channels.get(address)
        handshake = self._handshakes.get(address)
        if channel is None and handshake is None and not self._shared.is_expecting():
            self._counters.unexpected += 1
        elif not MIN_DATAGRAM_OCTETS <= len(datagram) <= MAX_DATAGRAM_OCTETS:
            self._counters.invalid += 1
        elif (random := client_random(datagram)) and (
            handshake is None or handshake.random != random
        ):
            return self._on_hello(datagram, random, address)
        elif handshake is not None and (channel is None or is_plain(datagram)):
            return self._advance(address, handshake, handshake.session.receive(datagram))
        elif channel is not None:
            # The end of a new handshake is encrypted too, but the old session cannot decrypt it.
            if not channel.receive(datagram) and handshake is not None:
                return self._advance(address, handshake, handshake.session.receive(datagram))
        else:
            self._counters.unknown += 1
        return False

    def _on_hello(self, hello: bytes, random: bytes, address: Any) -> bool:
        if not self._shared.is_expecting():
            self._counters.unexpected += 1
            return False
        if not self._shared.may_greet():
            self._counters.full += 1
            return False
        session, replies = self._shared.dtls.greet(hello, repr(address).encode())
        if session is None:
            self._counters.greeted += bool(replies)
            self._counters.invalid += not replies
            for reply in replies:
                self._transmit(reply, address)
            return False
        # The client has started again on the same port.
        self._discard(address)
        if not self._shared.has_room(address[0]):
            self._counters.full += 1
            return False
        self._shared.add(address[0], 1)
        limit = self._loop.call_later(HANDSHAKE_S, self._on_limit, address)
        handshake = self._handshakes[address] = _Handshake(session, random, limit)
        session.start()
        return self._advance(address, handshake, [])

    def _advance(self, address: Any, handshake: _Handshake, messages: list[bytes]) -> bool:
        session = handshake.session
        handshake.stop_timer()
        for datagram in session.take_datagrams():
            self._transmit(datagram, address)
        if session.state is DtlsState.CLOSED:
            self._counters.failed += 1
            self._discard(address)
        elif session.state is DtlsState.OPEN:
            self._discard(address)
            self._open(address, session, messages)
        elif (timeout_s := session.timeout_s()) is not None:
            handshake.timer = self._loop.call_later(timeout_s, self._on_timer, address, handshake)
        return True

    def _on_timer(self, address: Any, handshake: _Handshake) -> None:
        handshake.session.on_timeout()
        self._advance(address, handshake, [])

    def _on_limit(self, address: Any) -> None:
        self._counters.failed += 1
        self._discard(address)

    def _discard(self, address: Any) -> None:
        handshake = self._handshakes.pop(address, None)
        if handshake is not None:
            handshake.stop_timer()
            handshake.limit.cancel()
            self._shared.add(address[0], -1)

    def _open(self, address: Any, session: DtlsSession, messages: list[bytes]) -> None:
        on_open = self._shared.take(session.peer_fingerprint or '')
        if on_open is None:
            # Another handshake of the same certificate was faster.
            session.close()
            for datagram in session.take_datagrams():
                self._transmit(datagram, address)
            return
        if (old := self._channels.get(address)) is not None:
            old.end('the client has started again')

        def release() -> None:
            del self._channels[address]

        def transmit(datagram: bytes) -> bool:
            return self._transmit(datagram, address)

        channel = self._channels[address] = DtlsChannel(session, transmit, release)
        self._counters.opened += 1
        channel.deliver(messages)
        on_open(channel)

    def _transmit(self, datagram: bytes, address: Any) -> bool:
        try:
            self._socket.sendto(datagram, address)
        except OSError:
            self._counters.unsent += 1
            return False
        self._counters.sent += 1
        return True
