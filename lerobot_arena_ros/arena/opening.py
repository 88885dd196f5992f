"""Opens WebSockets to an arena and says in our own terms why that failed."""

from __future__ import annotations

from collections.abc import Callable
import inspect
import logging
from typing import TYPE_CHECKING, Any

import websockets
from websockets.exceptions import InvalidURI, SecurityError

from .access import Access, proxy_tls, refused_certificate
from .address import Address
from .errors import AccessDenied, ArenaError, ConnectError, InvalidAddress
from .proxies import through

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

try:
    from .direct import DirectConnection
except ImportError:  # websockets before 13.
    DirectConnection = None  # type: ignore[assignment, misc]

__all__ = ['CLOSE_TIMEOUT_S', 'hear_directly', 'open_socket']

CLOSE_TIMEOUT_S = 1.0
"""How long saying goodbye may take; after that the socket is dropped."""

MAX_FRAME_BYTES = 1 << 20
"""Largest frame taken from a server, as in the public Python client."""

_PROXY_STATUS: Any = getattr(websockets.exceptions, 'InvalidProxyStatus', ())
"""What a proxy answers that does not let us through; newer releases have it."""

_OPTIONS = inspect.signature(websockets.connect.__init__).parameters

_log = logging.getLogger(__name__)


class _Connect(websockets.connect):
    """Follows no redirect: it could lead the token, or a robot, anywhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Let the redirect be the failure that it is; called by newer releases."""
        return exc

    def handle_redirect(self, _uri: str) -> None:
        """Refuse; called by older releases."""
        raise SecurityError('redirected, which is not followed')


async def open_socket(
    address: Address, workspace_id: str, room_id: str, access: Access, timeout_s: float
) -> ClientConnection:
    """
    Open the WebSocket of a room.

    :raises InvalidAccess: see :meth:`Access.check`.
    :raises AccessDenied: the server wants a token, or another one.
    :raises ConnectError: the server was not reached, or is no arena.
    """
    url = address.socket(workspace_id, room_id)
    options = _options(address, access)
    try:
        return await _Connect(
            url,
            open_timeout=timeout_s,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_FRAME_BYTES,
            compression=None,  # Costs more than it saves on frames of a few hundred bytes.
            ping_interval=None,  # The heartbeat does this and more: it notices an eviction.
            logger=_log,
            **options,
        )
    except InvalidURI as exc:
        raise InvalidAddress(f'{url}: {exc}') from exc
    except Exception as exc:  # Whatever the library below raises, the way may work later.
        raise _not_connected(exc, through(access.proxy(address), url)) from exc


def hear_directly(websocket: ClientConnection, on_text: Callable[[str], None] | None) -> None:
    """
    Have texts heard in the turn of the loop in which they come, where ``websockets`` can do that.

    :param on_text: as in :class:`.DirectConnection`; None has all of them given by ``recv`` again.
    """
    if DirectConnection is not None and isinstance(websocket, DirectConnection):
        websocket.on_text = on_text


def _options(address: Address, access: Access) -> dict[str, Any]:
    # The name changed with websockets 14, and proxies came with 15.
    name = 'additional_headers' if 'additional_headers' in _OPTIONS else 'extra_headers'
    options: dict[str, Any] = {name: access.headers(address)}
    if address.is_encrypted:
        options['ssl'] = access.tls()
    # From 14 on, connect() is that of the newer implementation.
    if DirectConnection is not None and 'create_connection' in _OPTIONS:
        options['create_connection'] = DirectConnection
    proxy = access.proxy(address)
    if 'proxy' in _OPTIONS:
        options['proxy'] = None if proxy is None else proxy.url
    if proxy is not None and proxy.is_encrypted:
        options['proxy_ssl'] = proxy_tls()
    return options


def _not_connected(exc: Exception, url: str) -> ArenaError:
    # websockets puts the status in one place before 14 and in another from there on.
    status = getattr(exc, 'status_code', None)
    status = getattr(getattr(exc, 'response', None), 'status_code', status)
    if status == 401 and not isinstance(exc, _PROXY_STATUS):
        return AccessDenied(
            f'{url}: HTTP 401: access denied: the token is missing or wrong', status=401
        )
    why = f'HTTP {status}' if status else str(exc) or type(exc).__name__
    text = f'{url}: cannot connect: {why}{refused_certificate(why)}'
    return ConnectError(text, status=None if isinstance(exc, _PROXY_STATUS) else status)


def _is_harmless(record: logging.LogRecord) -> bool:
    """Leave out the header with the token, which websockets would log with all the others."""
    return 'authorization' not in str(record.args).lower()


_log.addFilter(_is_harmless)
