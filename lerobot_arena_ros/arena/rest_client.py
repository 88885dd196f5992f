# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The REST client for rooms."""

from __future__ import annotations

import asyncio
import builtins
import ssl
from typing import Any
import uuid

import httpx

from .access import Access, certificate_hint, proxy_tls
from .address import Address
from .errors import (
    AccessDenied,
    ArenaError,
    ConnectError,
    InvalidAddress,
    ProtocolError,
    RequestRejected,
    RoomNotFound,
    TransportError,
)
from .fields import is_text, printable
from .proxies import Proxy, through
from .within import within

__all__ = ['Rooms', 'translate_http']

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""The maximum size of a reply; a list of a thousand crowded rooms fits."""


class Rooms:
    """
    The rooms of one server. Usable from any event loop.

    Every method may raise :class:`ConnectError` or :class:`TransportError` if the network fails,
    :class:`ProtocolError` if the reply is invalid, :class:`RequestRejected` if the server refuses
    the request, and :class:`InvalidAccess` if the token must not be sent.

    :param address: the server.
    :param access: None sends no token and trusts the system's certificate authorities.
    :param timeout_s: the timeout of each step of a request; the whole request may take twice as
        long.
    """

    def __init__(
        self, address: Address, *, access: Access | None = None, timeout_s: float = 5.0
    ) -> None:
        self.address = address
        self._access = access or Access()
        self._timeout_s = timeout_s

    async def list(self, workspace_id: str) -> list[dict[str, Any]]:
        """Return the rooms of a workspace; an unknown workspace has none."""
        reply = await self._request('GET', self.address.rooms(workspace_id))
        return _list(reply, 'rooms')

    async def create(
        self, workspace_id: str | None = None, room_id: str | None = None, **settings: object
    ) -> tuple[str, str]:
        """
        Create a room and return its workspace id and room id.

        The public server resets a room that already exists; :meth:`ensure` does not.

        :param workspace_id: None creates a new workspace.
        :param room_id: None lets the server choose an id.
        :param settings: other keys of the request; None leaves one to the server. For a room of
            joints ``control``: how a driver gets control while another one has it; for a video
            room ``config`` and ``recovery_config``.
        """
        url = self.address.rooms(workspace_id or str(uuid.uuid4()))
        body = {key: value for key, value in settings.items() if value is not None}
        if room_id is not None:
            body['room_id'] = room_id
        reply = await self._request('POST', url, json=body)
        return _text(reply, 'workspace_id'), _text(reply, 'room_id')

    async def ensure(self, workspace_id: str, room_id: str) -> None:
        """Create a room unless it exists, so that an existing room is not reset."""
        try:
            await self.info(workspace_id, room_id)
        except RoomNotFound:
            await self.create(workspace_id, room_id)

    async def delete(self, workspace_id: str, room_id: str) -> None:
        """
        Delete a room.

        :raises RoomNotFound: the room does not exist.
        """
        await self._request('DELETE', self.address.room(workspace_id, room_id))

    async def info(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Return the participants of a room; :func:`messages.room_info` decodes them.

        :raises RoomNotFound: the room does not exist.
        """
        reply = await self._request('GET', self.address.room(workspace_id, room_id))
        return _dict(reply, 'room')

    async def state(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Return the stored state of a room; :func:`messages.room_state` decodes it.

        :raises RoomNotFound: the room does not exist.
        """
        reply = await self._request('GET', self.address.room(workspace_id, room_id, '/state'))
        return _dict(reply, 'state')

    async def robots(self, workspace_id: str, room_id: str) -> builtins.list[dict[str, Any]]:
        """
        Return the robots in a room that report their state, each with the newest state.

        :raises RoomNotFound: the room does not exist.
        """
        reply = await self._request('GET', self.address.room(workspace_id, room_id, '/robots'))
        return _list(reply, 'robots')

    async def _request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        options['headers'] = {**self._access.headers(self.address), 'Accept-Encoding': 'identity'}
        where = through(self._access.proxy(self.address), url)
        request = self._read_response(method, url, where, options)
        limit_s = 2 * self._timeout_s
        try:
            # httpx restarts its timeout with each byte.
            response = await within(limit_s, request)
        except asyncio.TimeoutError:
            text = f'{where}: no complete response within {limit_s:g} s'
            raise TransportError(text) from None
        if response.status_code != 200:
            raise _rejected(response, method, where)
        try:
            reply = response.json()
        except (ValueError, RecursionError) as exc:
            raise ProtocolError(f'{method} {where}: the reply is not JSON', reason='json') from exc
        if not isinstance(reply, dict):
            text = f'{method} {where}: the reply is not a JSON object'
            raise ProtocolError(text, reason='shape')
        return reply

    async def _read_response(
        self, method: str, url: str, where: str, options: dict[str, Any]
    ) -> httpx.Response:
        """Read a response without decompression, because its result could be of any size."""
        body = bytearray()
        try:
            async with self._client() as client, client.stream(method, url, **options) as response:
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > MAX_REPLY_BYTES:
                        raise ProtocolError(
                            f'{where}: the reply has more than {MAX_REPLY_BYTES} bytes',
                            reason='shape',
                        )
        except ArenaError:
            raise
        except Exception as exc:  # Includes errors that httpx itself does not translate.
            raise translate_http(exc, where) from exc
        # Without its headers, because httpx would decode the content that they describe.
        reason = {'reason_phrase': response.reason_phrase.encode('ascii', 'replace')}
        return httpx.Response(response.status_code, content=bytes(body), extensions=reason)

    def _client(self) -> httpx.AsyncClient:
        """
        Return a client for one request.

        It is not shared, because a kept-alive connection belongs to one event loop and every
        caller would have to close it. It follows no redirects, because a redirect could send the
        token to any server.
        """
        proxy = self._access.proxy(self.address)
        return httpx.AsyncClient(
            timeout=self._timeout_s,
            verify=self._access.tls() if self.address.is_encrypted else _no_tls(),
            proxy=None if proxy is None else _proxy(proxy),
            trust_env=False,
            follow_redirects=False,
        )


def _proxy(proxy: Proxy) -> httpx.Proxy:
    # With both schemes httpx lets the proxy resolve names; version 0.26 accepts only socks5.
    url = proxy.url.replace('socks5h://', 'socks5://', 1)
    return httpx.Proxy(url, ssl_context=proxy_tls() if proxy.is_encrypted else None)


def _no_tls() -> ssl.SSLContext:
    """Return empty settings for plain HTTP, because loading certificates takes too long."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def translate_http(exc: Exception, url: str) -> ArenaError:
    """Return the error of this package for an error of httpx or of the layers below it."""
    if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return InvalidAddress(f'{url}: {exc}')
    why = str(exc) or type(exc).__name__
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout):
        return ConnectError(f'{url}: cannot connect: {why}{certificate_hint(why)}')
    return TransportError(f'{url}: {why}')


def _rejected(response: httpx.Response, method: str, url: str) -> RequestRejected:
    status = response.status_code
    text = f'{method} {url}: HTTP {status}'
    if status == 401:
        return AccessDenied(f'{text}: access denied: the token is missing or wrong', status=status)
    detail = _detail(response)
    if status == 403:
        return AccessDenied(f'{text}: access denied: {detail}', status=status)
    # Any other 404 is a wrong path; creating the room would not help.
    if status == 404 and detail == 'Room not found':
        return RoomNotFound(f'{text}: room not found', status=status)
    return RequestRejected(f'{text}: {detail}', status=status)


def _detail(response: httpx.Response) -> str:
    try:
        return printable(str(response.json()['detail'])[:200])
    except (ValueError, KeyError, TypeError, RecursionError):
        return response.text[:200] or response.reason_phrase


def _text(reply: dict[str, Any], key: str) -> str:
    value = reply.get(key)
    if not is_text(value):
        raise ProtocolError(f'the reply has no text {key!r}', reason='shape')
    return value


def _dict(reply: dict[str, Any], key: str) -> dict[str, Any]:
    value = reply.get(key)
    if not isinstance(value, dict):
        raise ProtocolError(f'the reply has no object {key!r}', reason='shape')
    return value


def _list(reply: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = reply.get(key)
    if not isinstance(value, list):
        raise ProtocolError(f'the reply has no list {key!r}', reason='shape')
    return value
