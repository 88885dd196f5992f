# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Opens the WebSocket of a room and translates errors into those of this package."""

from __future__ import annotations

import asyncio

from websockets.exceptions import InvalidURI

from .access import Access, certificate_hint
from .address import Address
from .client_socket import ClientSocket
from .errors import AccessDenied, ArenaError, ConnectError, InvalidAddress
from .proxies import through
from .tunnel import ProxyRefused, open_socks, open_tunnel

__all__ = ['open_socket']


async def open_socket(
    address: Address, workspace_id: str, room_id: str, access: Access, timeout_s: float
) -> ClientSocket:
    """
    Open the WebSocket of a room.

    :raises InvalidAccess: see :meth:`Access.check`.
    :raises AccessDenied: the server requires a token, and it is missing or wrong.
    :raises ConnectError: the server was not reached, or is not an arena.
    """
    url = address.socket(workspace_id, room_id)
    headers = access.headers(address)
    target = through(access.proxy(address), url)
    opening = asyncio.ensure_future(_open(address, access, url, headers))
    try:
        # Not wait_for: before Python 3.12 it can swallow a cancellation.
        await asyncio.wait([opening], timeout=timeout_s)
        if not opening.done():
            raise ConnectError(f'{target}: cannot connect: no response within {timeout_s:g} s')
        return await opening
    except ArenaError:
        raise
    except asyncio.CancelledError:
        _abort_if_opened(opening)
        raise
    except InvalidURI as exc:
        raise InvalidAddress(f'{url}: {exc}') from exc
    except Exception as exc:  # Any error of the libraries below counts as retryable.
        raise _connect_error(exc, target) from exc
    finally:
        if not opening.done():
            opening.cancel()
            await asyncio.wait([opening])


def _abort_if_opened(opening: asyncio.Future[ClientSocket]) -> None:
    """Abort a connection that was opened in the same loop iteration as the cancellation."""
    if opening.done() and not opening.cancelled() and opening.exception() is None:
        opening.result().abort()


async def _open(
    address: Address, access: Access, url: str, headers: dict[str, str]
) -> ClientSocket:
    loop = asyncio.get_running_loop()
    tls = access.tls() if address.is_encrypted else None
    proxy = access.proxy(address)
    socket = ClientSocket(url, headers)
    try:
        if proxy is None:
            await loop.create_connection(lambda: socket, address.host, address.port, ssl=tls)
        elif proxy.is_socks:
            sock, name = await open_socks(proxy, address), address.host if tls else None
            await loop.create_connection(lambda: socket, sock=sock, ssl=tls, server_hostname=name)
        else:
            transport = await open_tunnel(proxy, address)
            if tls is None:
                transport.set_protocol(socket)
                socket.connection_made(transport)
            else:
                encrypted = await loop.start_tls(
                    transport, socket, tls, server_hostname=address.host
                )
                socket.connection_made(encrypted)
        await socket.opened()
    except BaseException:
        socket.abort()
        raise
    return socket


def _connect_error(exc: Exception, target: str) -> ArenaError:
    status = getattr(getattr(exc, 'response', None), 'status_code', None)
    if status == 401:
        text = f'{target}: HTTP 401: access denied: the token is missing or wrong'
        return AccessDenied(text, status=401)
    if isinstance(exc, ProxyRefused):
        return ConnectError(f'{target}: cannot connect: {exc}')
    why = f'HTTP {status}' if status else str(exc) or type(exc).__name__
    return ConnectError(f'{target}: cannot connect: {why}{certificate_hint(why)}', status=status)
