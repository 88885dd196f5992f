# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An HTTP proxy, as companies have them, which forwards every name to one arena."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
import ssl
from urllib.parse import urlsplit

from lerobot_arena_ros.server.serving import Certificate

__all__ = ['ForwardProxy', 'forward_proxy']

HOST = '127.0.0.1'


class ForwardProxy:
    """
    A running proxy and a record of its requests.

    :ivar place: the host and port of the proxy.
    :ivar requests: the method and target of each request.
    :ivar logins: the ``Proxy-Authorization`` of each request; empty where there was none.
    :ivar refusal: the reply to each request; None = forward all requests.
    """

    def __init__(self, target_url: str) -> None:
        self.place = ''
        self.requests: list[tuple[str, str]] = []
        self.logins: list[str] = []
        self.refusal: str | None = None
        target = urlsplit(target_url)
        self._target = (target.hostname, target.port)
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._pass_on(reader, writer)
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def close(self) -> None:
        """End all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b'\r\n\r\n')).decode()
        first, *lines = head.split('\r\n')
        method, target, version = first.split(' ')
        self.requests.append((method, target))
        logins = [line for line in lines if line.lower().startswith('proxy-authorization:')]
        self.logins.append(logins[0].split(': ')[1] if logins else '')
        if self.refusal is not None:
            writer.write(f'HTTP/1.1 {self.refusal}\r\nContent-Length: 0\r\n\r\n'.encode())
            await writer.drain()
            return
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        try:
            if method == 'CONNECT':
                writer.write(b'HTTP/1.1 200 Connection established\r\n\r\n')
            else:
                own = '/' + target.split('://', 1)[1].partition('/')[2]
                rest = '\r\n'.join(line for line in lines if line not in logins)
                there_writer.write(f'{method} {own} {version}\r\n{rest}'.encode())
            ways = [pump(reader, there_writer), pump(there_reader, writer)]
            await asyncio.wait(
                [asyncio.ensure_future(way) for way in ways],
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            there_writer.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forward a stream to its end."""
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def forward_proxy(
    target_url: str, certificate: Certificate | None = None
) -> AsyncIterator[ForwardProxy]:
    """Run a proxy in the event loop of the test; with a certificate, it requires TLS."""
    proxy = ForwardProxy(target_url)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certfile, certificate.keyfile)
    server = await asyncio.start_server(proxy.serve, HOST, 0, ssl=context)
    proxy.place = f'{HOST}:{server.sockets[0].getsockname()[1]}'
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
