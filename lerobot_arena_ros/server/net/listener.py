# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Accepts connections, and counts each one before TLS and before reading from it.

A connection that exceeds a limit or is evicted by another one is closed at once, so that silent
connections cannot use up the file descriptors of this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
import socket
import ssl
import time
from typing import Any

from ..access.admission import Admission, Entry
from .fair_reader import FairReader

__all__ = ['Listener']

ACCEPTS_PER_ITERATION = 8
"""Connections accepted per loop iteration, so that participants are served in between."""

PAUSE_S = 0.1
"""How long to pause accepting when no file descriptor is left, in seconds."""


class Listener:
    """
    The listening sockets of one server.

    :param sockets: open, listening sockets; closed by :meth:`close`.
    :param make_protocol: creates the protocol of a connection.
    :param admission: decides which connections are accepted.
    :param tls: the TLS settings; None for no TLS.
    :param handshake_s: timeout of the TLS handshake, in seconds.
    :param report: called with an error code and an address when a connection is refused.
    """

    def __init__(
        self,
        sockets: list[socket.socket],
        make_protocol: Callable[[Entry], FairReader],
        admission: Admission,
        *,
        tls: ssl.SSLContext | None,
        handshake_s: float,
        report: Callable[[str, str], object],
    ) -> None:
        self._admission = admission
        self._make_protocol = make_protocol
        self._tls = tls
        self._handshake_s = handshake_s
        self._report = report
        self._sockets = sockets
        # Keep references, because the event loop does not.
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Start accepting connections."""
        for sock in self._sockets:
            sock.setblocking(False)
            self._resume(sock)

    def close(self) -> None:
        """Close the listening sockets."""
        for sock in self._sockets:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def _resume(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            asyncio.get_running_loop().add_reader(sock, self._accept, sock)

    def _accept(self, sock: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_ITERATION):
            try:
                accepted, address = sock.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as exc:
                # Accept waiting clients later, because retrying at once would use a whole core.
                loop = asyncio.get_running_loop()
                loop.remove_reader(sock)
                loop.call_later(PAUSE_S, self._resume, sock)
                self._report('no_descriptors', exc.strerror or str(exc))
                return
            accepted.setblocking(False)
            self._admit(accepted, str(address[0]))

    def _admit(self, accepted: socket.socket, address: str) -> None:
        connection = _Connection(accepted)
        entry, victim = self._admission.arrive(address, connection.end, time.monotonic())
        if victim is not None:
            victim.end()
            self._report('connections_full', victim.client)
        if entry is None:
            accepted.close()
            self._report('connections_full', address)
            return
        task = asyncio.get_running_loop().create_task(self._serve(connection, entry, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: _Connection, entry: Entry, address: str) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection.transport, _ = await loop.connect_accepted_socket(
                lambda: self._make_protocol(entry),
                connection.sock,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else self._handshake_s,
            )
        except (OSError, asyncio.TimeoutError):
            if not connection.is_ended:
                self._report('tls_failed', address)
            self._admission.leave(entry)


class _Connection:
    """An accepted socket, and its transport once it is connected."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.transport: Any = None
        self.is_ended = False

    def end(self) -> None:
        """Abort the connection."""
        self.is_ended = True
        if self.transport is not None:
            self.transport.abort()
            return
        # During the handshake the event loop owns the socket, and notices the shutdown.
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
