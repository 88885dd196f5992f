"""Rooms over REST."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Coroutine
import ssl
from typing import Any
import uuid

import httpx

from .access import Access, proxy_tls, refused_certificate
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

__all__ = ['Rooms', 'translate_http']

MAX_REPLY_BYTES = 8 * 1024 * 1024
"""The longest reply that is read: a thousand crowded rooms, listed."""


class Rooms:
    """
    The rooms of one server.

    Every method may raise :class:`ConnectError` or :class:`TransportError` where the network
    failed, :class:`ProtocolError` where the reply is not the arena's,
    :class:`RequestRejected` where the server refused, and :class:`InvalidAccess` where the token
    must not be sent. Usable from any event loop.

    :param address: the server.
    :param access: None shows no token, and trusts the system's authorities.
    :param timeout_s: how long each step of a request may take; all of it, twice as long.
    """

    def __init__(
        self, address: Address, *, access: Access | None = None, timeout_s: float = 5.0
    ) -> None:
        self.address = address
        self._access = access or Access()
        self._timeout_s = timeout_s

    async def list(self, workspace_id: str) -> list[dict[str, Any]]:
        """List a workspace's rooms; an unknown workspace has none."""
        reply = await self._request('GET', self.address.rooms(workspace_id))
        return _list(reply, 'rooms')

    async def create(
        self, workspace_id: str | None = None, room_id: str | None = None
    ) -> tuple[str, str]:
        """
        Create a room and give its workspace and room id.

        The public server wipes a room that exists already; :meth:`ensure` does not.

        :param workspace_id: None makes up a new workspace.
        :param room_id: None lets the server choose.
        """
        url = self.address.rooms(workspace_id or str(uuid.uuid4()))
        body = {} if room_id is None else {'room_id': room_id}
        reply = await self._request('POST', url, json=body)
        return _text(reply, 'workspace_id'), _text(reply, 'room_id')

    async def ensure(self, workspace_id: str, room_id: str) -> None:
        """Create a room only where there is none, so that no living room is wiped."""
        try:
            await self.info(workspace_id, room_id)
        except RoomNotFound:
            await self.create(workspace_id, room_id)

    async def delete(self, workspace_id: str, room_id: str) -> None:
        """
        Delete a room.

        :raises RoomNotFound: there is none.
        """
        await self._request('DELETE', self.address.room(workspace_id, room_id))

    async def info(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Tell who is in a room; :func:`messages.room_info` reads it.

        :raises RoomNotFound: there is none.
        """
        reply = await self._request('GET', self.address.room(workspace_id, room_id))
        return _dict(reply, 'room')

    async def state(self, workspace_id: str, room_id: str) -> dict[str, Any]:
        """
        Tell what a room remembers; :func:`messages.room_state` reads it.

        :raises RoomNotFound: there is none.
        """
        reply = await self._request('GET', self.address.room(workspace_id, room_id, '/state'))
        return _dict(reply, 'state')

    async def robots(self, workspace_id: str, room_id: str) -> builtins.list[dict[str, Any]]:
        """
        List the robots in a room that tell their state, each with the newest one.

        :raises RoomNotFound: there is no such room.
        """
        reply = await self._request('GET', self.address.room(workspace_id, room_id, '/robots'))
        return _list(reply, 'robots')

    async def _request(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        options['headers'] = {**self._access.headers(self.address), 'Accept-Encoding': 'identity'}
        where = through(self._access.proxy(self.address), url)
        answer = self._answer(method, url, where, options)
        response = await _within(2 * self._timeout_s, answer, where)
        if response.status_code != 200:
            raise _rejected(response, method, where)
        try:
            reply = response.json()
        except (ValueError, RecursionError) as exc:
            raise ProtocolError(f'{method} {where}: the reply is no JSON', reason='json') from exc
        if not isinstance(reply, dict):
            raise ProtocolError(f'{method} {where}: the reply is no JSON object', reason='shape')
        return reply

    async def _answer(
        self, method: str, url: str, where: str, options: dict[str, Any]
    ) -> httpx.Response:
        """Read an answer to its end, as it is: what was compressed could be of any size."""
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
        except Exception as exc:  # Also what httpx itself does not translate.
            raise translate_http(exc, where) from exc
        # Without its headers: they may tell of an encoding.
        reason = {'reason_phrase': response.reason_phrase.encode('ascii', 'replace')}
        return httpx.Response(response.status_code, content=bytes(body), extensions=reason)

    def _client(self) -> httpx.AsyncClient:
        """
        Make a client for one request.

        A kept-alive connection would belong to one event loop and would have to be closed by
        callers who only ever asked a question. It follows no redirect, which could lead the token
        anywhere.
        """
        proxy = self._access.proxy(self.address)
        return httpx.AsyncClient(
            timeout=self._timeout_s,
            verify=self._access.tls() if self.address.is_encrypted else _trusting_nobody(),
            proxy=None if proxy is None else _proxy(proxy),
            trust_env=False,
            follow_redirects=False,
        )


def _proxy(proxy: Proxy) -> httpx.Proxy:
    # With either name of the scheme httpx has names resolved by the proxy; 0.26 knows only one.
    url = proxy.url.replace('socks5h://', 'socks5://', 1)
    return httpx.Proxy(url, ssl_context=proxy_tls() if proxy.is_encrypted else None)


def _trusting_nobody() -> ssl.SSLContext:
    """Give settings for where there is no TLS: certificates take longer than a whole request."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _within(
    seconds: float, answer: Coroutine[Any, Any, httpx.Response], url: str
) -> httpx.Response:
    """Wait so long: httpx counts anew with each byte, and wait_for may swallow a cancellation."""
    task = asyncio.create_task(answer, name=f'ask {url}')
    try:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise TransportError(f'{url}: no whole answer within {seconds:g} s')
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # Looked at, or the loop would print one that nobody waits for.


def translate_http(exc: Exception, url: str) -> ArenaError:
    """Say an error of httpx, or of what is below it, in our own terms."""
    if isinstance(exc, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return InvalidAddress(f'{url}: {exc}')
    why = str(exc) or type(exc).__name__
    if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout):
        return ConnectError(f'{url}: cannot connect: {why}{refused_certificate(why)}')
    return TransportError(f'{url}: {why}')


def _rejected(response: httpx.Response, method: str, url: str) -> RequestRejected:
    status = response.status_code
    text = f'{method} {url}: HTTP {status}'
    if status == 401:
        return AccessDenied(f'{text}: access denied: the token is missing or wrong', status=status)
    detail = _detail(response)
    if status == 403:
        return AccessDenied(f'{text}: access denied: {detail}', status=status)
    # Any other 404 is a wrong path, which creating the room would not cure.
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
