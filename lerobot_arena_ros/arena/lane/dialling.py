# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Opens a lane as a client: one connected UDP socket, and the handshake over it.

Errors of the network end an attempt, but not a channel that is open, because the heartbeats above
decide whether it works.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from .certificate import Certificate
from .channel import Channel
from .dtls import DtlsSession, DtlsState, client_session
from .dtls_channel import DtlsChannel
from .errors import LaneError

__all__ = ['open_channel']

READS_PER_ITERATION = 16
"""Datagrams that are read per iteration of the event loop, so that the others are served too."""

READ_OCTETS = 2048


async def open_channel(
    host: str, port: int, certificate: Certificate, server_fingerprint: str, *, timeout_s: float
) -> Channel:
    """
    Open a lane to a server.

    Each address of the host is tried in turn, for an equal part of the time that is left.

    :param certificate: that of this process, whose fingerprint the server expects.
    :param server_fingerprint: SHA-256 of the server's certificate, lower-case hexadecimal.
    :param timeout_s: the maximum time for all of it, in seconds.
    :raises LaneError: the host has no address, does not answer in time, refuses the port or the
        certificate, or has another certificate.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    addresses = await _resolve(host, port, timeout_s)
    for left in range(len(addresses), 0, -1):
        family, address = addresses[-left]
        dial = _Dial(certificate, server_fingerprint, f'{host}:{port}')
        try:
            return await dial.run(family, address, (deadline - loop.time()) / left)
        except LaneError:
            if left == 1:
                raise
    raise LaneError(f'cannot open a lane to {host}:{port}: the host has no address')


async def _resolve(host: str, port: int, timeout_s: float) -> list[tuple[int, Any]]:
    lookup = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    try:
        found = await asyncio.wait_for(lookup, timeout_s)
    except asyncio.TimeoutError:
        raise LaneError(
            f'cannot open a lane to {host}:{port}: the name was not resolved in {timeout_s:g} s; '
            'check the name server'
        ) from None
    except OSError as exc:
        raise LaneError(
            f'cannot open a lane to {host}:{port}: {exc.strerror or exc}; check the name'
        ) from None
    return [(family, address) for family, _, _, _, address in found]


class _Dial:
    """One attempt, and the socket of the channel that it opens."""

    def __init__(self, certificate: Certificate, expected: str, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._session: DtlsSession = client_session(certificate, self._accept)
        self._expected = expected
        self._found: str | None = None
        self._name = name
        self._channel: DtlsChannel | None = None
        self._opened: asyncio.Future[DtlsChannel] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._socket: socket.socket | None = None

    async def run(self, family: int, address: Any, timeout_s: float) -> DtlsChannel:
        """Return the open channel; otherwise leave no socket, also if cancelled."""
        try:
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.connect(address)
        except OSError as exc:
            self._release()
            raise self._error(exc.strerror or str(exc), 'check the network') from None
        self._loop.add_reader(self._socket, self._on_readable, self._socket)
        limit = self._loop.call_later(timeout_s, self._on_deadline, timeout_s)
        try:
            self._session.start()
            self._advance([])
            return await self._opened
        except BaseException:
            if self._channel is not None:
                self._channel.close()
            self._release()
            raise
        finally:
            limit.cancel()
            self._stop_timer()

    def _accept(self, fingerprint: str) -> bool:
        self._found = fingerprint
        return fingerprint == self._expected

    def _on_readable(self, sock: socket.socket) -> None:
        for _ in range(READS_PER_ITERATION):
            try:
                datagram = sock.recv(READ_OCTETS)
            except BlockingIOError:
                return
            except OSError as exc:
                self._on_network_error(exc)
            else:
                self._on_datagram(datagram)
            if self._socket is None:
                return

    def _on_datagram(self, datagram: bytes) -> None:
        if self._channel is not None:
            self._channel.receive(datagram)
        elif not self._opened.done():
            self._advance(self._session.receive(datagram))

    def _advance(self, messages: list[bytes]) -> None:
        self._stop_timer()
        for datagram in self._session.take_datagrams():
            self._transmit(datagram)
        if self._opened.done():
            return
        if self._session.state is DtlsState.OPEN:
            self._channel = DtlsChannel(self._session, self._transmit, self._release)
            self._channel.deliver(messages)
            self._opened.set_result(self._channel)
        elif self._session.state is DtlsState.CLOSED:
            self._opened.set_exception(self._refusal())
        elif (timeout_s := self._session.timeout_s()) is not None:
            self._timer = self._loop.call_later(timeout_s, self._on_timer)

    def _on_timer(self) -> None:
        self._session.on_timeout()
        self._advance([])

    def _transmit(self, datagram: bytes) -> bool:
        if self._socket is None:
            return False
        try:
            try:
                self._socket.send(datagram)
            except ConnectionRefusedError:
                # The kernel reports the loss of an earlier datagram, and has not sent this one.
                self._socket.send(datagram)
        except BlockingIOError:
            return False
        except OSError as exc:
            self._on_network_error(exc)
            return False
        return True

    def _on_network_error(self, exc: OSError) -> None:
        if not self._opened.done():
            remedy = 'check that the server has a lane on this UDP port, and firewalls'
            self._opened.set_exception(self._error(exc.strerror or str(exc), remedy))

    def _on_deadline(self, timeout_s: float) -> None:
        if not self._opened.done():
            why = f'no answer in {timeout_s:.1f} s'
            remedy = 'check that firewalls and NAT let this UDP port through'
            self._opened.set_exception(self._error(why, remedy))

    def _refusal(self) -> LaneError:
        if self._found is not None and self._found != self._expected:
            why = f'its certificate is {self._found}, expected {self._expected}'
            return self._error(why, 'check that no other server has this UDP port')
        return self._error(self._session.reason, 'the server expects each client once; join again')

    def _error(self, why: str, remedy: str) -> LaneError:
        return LaneError(f'cannot open a lane to {self._name}: {why}; {remedy}')

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            # The last datagram is already in the kernel.
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None
