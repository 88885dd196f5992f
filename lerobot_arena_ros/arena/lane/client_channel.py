# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Opens the channel of a lane as a client: one connected UDP socket, and the handshake over it.

Errors of the network end an attempt, but not a channel that is open, because the pings of the lane
decide whether it works.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from ..within import within
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
    Open a channel to a server.

    Each address of the host is tried in turn, for an equal part of the time that is left.

    :param certificate: of the client, whose fingerprint the server expects.
    :param server_fingerprint: SHA-256 of the server's certificate, lower-case hexadecimal.
    :param timeout_s: the maximum time for all of it, in seconds.
    :raises LaneError: the host has no address, does not answer in time, refuses the port or the
        certificate, or has another certificate.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    addresses = await _resolve(host, port, timeout_s)

    async def attempt(address: tuple[int, Any], left_s: float) -> Channel:
        sock = _connect(*address, f'{host}:{port}')
        made = _Attempt(sock, certificate, server_fingerprint, f'{host}:{port}')
        return await made.run(left_s)

    for left in range(len(addresses), 1, -1):
        with contextlib.suppress(LaneError):
            return await attempt(addresses[-left], (deadline - loop.time()) / left)
    return await attempt(addresses[-1], deadline - loop.time())


async def _resolve(host: str, port: int, timeout_s: float) -> list[tuple[int, Any]]:
    lookup = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    try:
        found = await within(timeout_s, lookup)
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


def _connect(family: int, address: Any, name: str) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(address)
    except OSError as exc:
        sock.close()
        raise _error(name, exc.strerror or str(exc), 'check the network') from None
    return sock


def _error(name: str, why: str, remedy: str) -> LaneError:
    return LaneError(f'cannot open a lane to {name}: {why}; {remedy}')


class _Attempt:
    """
    One attempt, and then the owner of the socket of the channel.

    :param sock: a connected UDP socket that does not block.
    :param expected: the fingerprint of the server.
    :param name: the host and port, for errors.
    """

    def __init__(
        self, sock: socket.socket, certificate: Certificate, expected: str, name: str
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = sock
        self._session: DtlsSession = client_session(certificate, self._accept)
        self._expected = expected
        self._found: str | None = None
        self._name = name
        self._channel: DtlsChannel | None = None
        self._opened: asyncio.Future[DtlsChannel] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, timeout_s: float) -> DtlsChannel:
        """Return the open channel; otherwise leave no socket, also if cancelled."""
        self._loop.add_reader(self._socket, self._on_readable)
        limit = self._loop.call_later(timeout_s, self._on_deadline, timeout_s)
        try:
            self._session.start()
            self._advance([])
            return await self._opened
        except BaseException:
            self._session.close()
            self._flush()
            self._release()
            raise
        finally:
            limit.cancel()
            self._stop_timer()

    def _accept(self, fingerprint: str) -> bool:
        self._found = fingerprint
        return fingerprint == self._expected

    def _on_readable(self) -> None:
        for _ in range(READS_PER_ITERATION):
            try:
                datagram = self._socket.recv(READ_OCTETS)
            except BlockingIOError:
                return
            except OSError as exc:
                remedy = 'check that the server has a lane on this UDP port, and firewalls'
                self._fail(exc.strerror or str(exc), remedy)
            else:
                self._on_datagram(datagram)
            if self._socket.fileno() < 0:
                return

    def _on_datagram(self, datagram: bytes) -> None:
        if self._channel is not None:
            self._channel.receive(datagram)
        else:
            self._advance(self._session.receive(datagram))

    def _advance(self, messages: list[bytes]) -> None:
        self._stop_timer()
        self._flush()
        if self._session.state is DtlsState.CLOSED:
            self._refuse()
        elif self._session.state is DtlsState.HANDSHAKE:
            self._timer = self._loop.call_later(self._session.timeout_s() or 1.0, self._on_timer)
        else:
            self._channel = DtlsChannel(self._session, self._transmit, self._release)
            self._channel.deliver(messages)
            # It may have failed or been cancelled just before.
            with contextlib.suppress(asyncio.InvalidStateError):
                self._opened.set_result(self._channel)

    def _on_timer(self) -> None:
        self._session.on_timeout()
        self._advance([])

    def _flush(self) -> None:
        for datagram in self._session.take_datagrams():
            self._transmit(datagram)

    def _transmit(self, datagram: bytes) -> bool:
        try:
            try:
                self._socket.send(datagram)
            except ConnectionRefusedError:
                # The kernel reports the loss of an earlier datagram, and has not sent this one.
                self._socket.send(datagram)
        except OSError:
            return False
        return True

    def _on_deadline(self, timeout_s: float) -> None:
        remedy = 'check that firewalls and NAT let this UDP port through'
        self._fail(f'no answer in {timeout_s:.1f} s', remedy)

    def _refuse(self) -> None:
        if self._found is not None and self._found != self._expected:
            why = f'its certificate is {self._found}, expected {self._expected}'
            self._fail(why, 'check that no other server has this UDP port')
        else:
            self._fail(self._session.reason, 'the server expects each client once; join again')

    def _fail(self, why: str, remedy: str) -> None:
        if not self._opened.done():
            self._opened.set_exception(_error(self._name, why, remedy))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self) -> None:
        """Close the socket; idempotent, because the channel may have ended during the attempt."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
