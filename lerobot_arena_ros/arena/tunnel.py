# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Connections through a proxy: HTTP CONNECT with h11, SOCKS with python-socks."""

from __future__ import annotations

import asyncio
from base64 import b64encode
import socket
from typing import Any

import h11

from .access import proxy_tls
from .address import Address
from .proxies import Proxy

__all__ = ['ProxyRefused', 'open_socks', 'open_tunnel']


class ProxyRefused(Exception):
    """The proxy refused to connect to the server; the text contains its HTTP status."""


async def open_tunnel(proxy: Proxy, address: Address) -> asyncio.Transport:
    """
    Connect to a server through an HTTP proxy.

    :returns: a transport to the server on which nothing has been sent yet.
    :raises ProxyRefused: the proxy refused to connect to the server.
    :raises OSError: the proxy was not reached.
    """
    tls = proxy_tls() if proxy.is_encrypted else None
    loop = asyncio.get_running_loop()
    _, tunnel = await loop.create_connection(
        lambda: _Tunnel(_request(proxy, address)), *proxy.place, ssl=tls
    )
    try:
        status = await tunnel.status
        if not 200 <= status < 300:
            raise ProxyRefused(f'HTTP {status}')
    except BaseException:
        tunnel.transport.abort()
        raise
    return tunnel.transport


async def open_socks(proxy: Proxy, address: Address) -> socket.socket:
    """
    Connect to a server through a SOCKS proxy, which resolves the server's name.

    :raises Exception: an error of python-socks.
    """
    # Optional dependency: proxies.py has checked that it is installed.
    from python_socks import ProxyType
    from python_socks.async_.asyncio import Proxy as Socks

    user, password = proxy.login or (None, None)
    socks = Socks(ProxyType.SOCKS5, *proxy.place, user, password, rdns=True)
    opened: socket.socket = await socks.connect(address.host, address.port)
    return opened


class _Tunnel(asyncio.Protocol):
    """
    Sends a CONNECT request to a proxy.

    :ivar status: the HTTP status of the response.
    """

    transport: asyncio.Transport

    def __init__(self, request: h11.Request) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._request = request
        self._http = h11.Connection(h11.CLIENT)

    def connection_made(self, transport: Any) -> None:
        """Send the request. Called by the event loop."""
        self.transport = transport
        data = self._http.send(self._request) or b''
        transport.write(data + (self._http.send(h11.EndOfMessage()) or b''))

    def data_received(self, data: bytes) -> None:
        """Parse the response. Called by the event loop."""
        # A second TLS record of a proxy may arrive in the same iteration of the event loop.
        if self.status.done():  # pragma: no cover
            return
        self._http.receive_data(data)
        try:
            event = self._http.next_event()
            while isinstance(event, h11.InformationalResponse):
                event = self._http.next_event()
        except h11.RemoteProtocolError as exc:
            self.status.set_exception(ProxyRefused(f'invalid HTTP response: {exc}'))
            return
        if isinstance(event, h11.Response):
            self.status.set_result(event.status_code)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report that there is no response. Called by the event loop."""
        if not self.status.done():
            error = exc or ConnectionResetError('the proxy closed the connection')
            self.status.set_exception(error)


def _request(proxy: Proxy, address: Address) -> h11.Request:
    host = f'[{address.host}]' if ':' in address.host else address.host
    target = f'{host}:{address.port}'
    headers = [('Host', target)]
    if proxy.login is not None:
        login = b64encode(':'.join(proxy.login).encode()).decode()
        headers.append(('Proxy-Authorization', f'Basic {login}'))
    return h11.Request(method='CONNECT', target=target, headers=headers)
