# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A SOCKS 5 proxy (RFC 1928, RFC 1929), which forwards every name to one arena."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from .forward_proxy import pump

__all__ = ['SocksProxy', 'socks_proxy']

HOST = '127.0.0.1'
VERSION, LOGIN_VERSION = 5, 1
NO_LOGIN, LOGIN = 0, 2
CONNECT, NAME = 1, 3
GRANTED = bytes((VERSION, 0, 0, 1, 0, 0, 0, 0, 0, 0))


class SocksProxy:
    """
    A running proxy and a record of its connections.

    :ivar place: the host and port of the proxy.
    :ivar targets: the host name and port of each connection.
    :ivar logins: the user and password of each connection; may be empty.
    """

    def __init__(self, target_url: str) -> None:
        self.place = ''
        self.targets: list[str] = []
        self.logins: list[str] = []
        target = urlsplit(target_url)
        self._target = (target.hostname, target.port)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._log_in(reader, writer)
            _, command, _, kind = await reader.readexactly(4)
            assert (command, kind) == (CONNECT, NAME), 'expected CONNECT to a name'
            name = await _text(reader)
            port = int.from_bytes(await reader.readexactly(2), 'big')
            self.targets.append(f'{name}:{port}')
            there_reader, there_writer = await asyncio.open_connection(*self._target)
            writer.write(GRANTED)
            ways = [pump(reader, there_writer), pump(there_reader, writer)]
            await asyncio.wait(
                [asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
            )
            there_writer.transport.abort()
        writer.transport.abort()

    async def _log_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        if LOGIN not in offered:
            writer.write(bytes((VERSION, NO_LOGIN)))
            self.logins.append('')
            return
        writer.write(bytes((VERSION, LOGIN)))
        await reader.readexactly(1)
        self.logins.append(f'{await _text(reader)}:{await _text(reader)}')
        writer.write(bytes((LOGIN_VERSION, 0)))


async def _text(reader: asyncio.StreamReader) -> str:
    (length,) = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()


@asynccontextmanager
async def socks_proxy(target_url: str) -> AsyncIterator[SocksProxy]:
    """Run a proxy in the event loop of the test."""
    proxy = SocksProxy(target_url)
    server = await asyncio.start_server(proxy.serve, HOST, 0)
    proxy.place = f'{HOST}:{server.sockets[0].getsockname()[1]}'
    try:
        yield proxy
    finally:
        server.close()
