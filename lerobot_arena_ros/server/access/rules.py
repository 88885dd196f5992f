# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The checks of each request: its ``Host`` header, its ``Origin`` header and its token. No I/O.

What the holder of a token may *do* is in :mod:`.tokens`.

Each path needs a token, except the health checks and the files of the console, which contain no
secret and are needed to ask the user for the token. The token is sent in the header
``Authorization: Bearer``, or in the query of a WebSocket's URL, because a browser cannot set
headers there. In the query of a REST request it is ignored, because URLs are stored in histories
and logs.

The ``Host`` header is checked because of DNS rebinding: a web page can make its own host name
resolve to this machine, and the browser then treats the server as part of the page's origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import ipaddress
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from .tokens import Access, Grant, Tokens

__all__ = [
    'NO_TOKEN',
    'Actor',
    'Denial',
    'Rules',
    'bearer',
    'checked_token',
    'is_host_name',
    'is_open',
    'is_origin',
    'split_query',
]

_PREFIXES = ('', '/api')
_OPEN = frozenset(
    prefix + path
    for prefix in _PREFIXES
    for path in ('', '/', '/health', '/robotics/health', '/video/health')
)
# These folders contain only static files.
_OPEN_FOLDERS = tuple(f'{prefix}/console/' for prefix in _PREFIXES)
_PORTS = {'http': 80, 'https': 443}


class Actor(NamedTuple):
    """
    The sender of a request or a frame.

    :param address: IP address of the peer.
    :param grant: what the sender may do; None on a path that needs no token.
    """

    address: str
    grant: Grant | None

    def require(self, access: Access, workspace: str | None) -> None:
        """
        Raise NotAllowed if the sender does not have this access.

        :param workspace: the workspace to access; None for the whole server.
        :raises NotAllowed: the token does not allow it.
        """
        self.granted.require(access, workspace)

    @property
    def granted(self) -> Grant:
        """What the sender may do, on a path that needs a token."""
        assert self.grant is not None, 'the path needs no token, so there is no grant'
        return self.grant

    @property
    def token(self) -> str:
        """The name of the token; empty without a token."""
        return '' if self.grant is None else self.grant.name

    @property
    def log_fields(self) -> dict[str, str]:
        """The fields ``peer`` and ``token`` of log lines."""
        return {'peer': self.address, 'token': self.token}


class Denial(NamedTuple):
    """
    The refusal of a request.

    :param status: the HTTP status.
    :param code: the error code, for metrics and logs.
    :param detail: a text without double quotes that explains what to do.
    :param is_guess: whether the client sent a wrong token.
    """

    status: int
    code: str
    detail: str
    is_guess: bool = False


NO_TOKEN = Denial(401, 'access_denied', 'this server requires a valid bearer token')
"""The refusal of a request without a valid token."""

_BAD_ORIGIN = Denial(
    403,
    'bad_origin',
    'web pages of this origin may not use this server; to allow them, start it with --allow-origin'
    ' and the origin of the page',
)
_BAD_HOST = Denial(
    421,
    'bad_host',
    'the host name in the request is not a name of this server; use localhost or an IP address,'
    ' or start the server with --server-name and that name',
)


@dataclass(frozen=True)
class Rules:
    """
    The access rules for requests.

    :param tokens: the valid tokens; if it is empty, no token is needed.
    :param origins: other origins that may use the server, such as ``https://example.org``; ``*``
        allows all.
    :param hosts: host names of this server, in addition to ``localhost`` and all IP addresses.
    """

    tokens: Tokens = field(default_factory=Tokens, repr=False)
    origins: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()

    def admit(
        self,
        path: str,
        headers: Mapping[str, str],
        *,
        scheme: str = 'http',
        query_token: str | None = None,
    ) -> Grant | Denial | None:
        """
        Return the grant of a request, or its refusal.

        :param headers: with names in lower case.
        :param scheme: ``http`` or ``https``, the scheme of the request.
        :param query_token: the token in the query, if the request may have it there.
        :returns: None if the path needs no token; a token is ignored there, so that such a path
            cannot be used to guess tokens.
        """
        host = headers.get('host', '')
        if not self._knows_host(host):
            return _BAD_HOST
        origin = headers.get('origin')
        if origin is not None and not self._allows_origin(origin, host, scheme):
            return _BAD_ORIGIN
        if is_open(path):
            return None
        given = bearer(headers) or query_token or ''
        grant = self.tokens.grant_of(given)
        return NO_TOKEN._replace(is_guess=bool(given)) if grant is None else grant

    def _knows_host(self, host: str) -> bool:
        parts = _split('http', host)
        if parts is None or not parts.hostname:
            return False
        # A trailing dot marks a fully qualified name.
        name = parts.hostname.rstrip('.')
        return name == 'localhost' or name in self.hosts or _is_address(name)

    def _allows_origin(self, origin: str, host: str, scheme: str) -> bool:
        return bool({'*', origin.lower()}.intersection(self.origins)) or _is_same(
            origin, host, scheme
        )


def is_open(path: str) -> bool:
    """Return whether a path needs no token."""
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def checked_token(text: str) -> str:
    """
    Return a token without surrounding white space.

    :raises ValueError: the token cannot be part of a header; the message does not contain it.
    """
    token = text.strip()
    if not token:
        raise ValueError('it is empty')
    if not token.isascii() or not token.isprintable() or ' ' in token:
        raise ValueError('expected visible ASCII characters without spaces')
    return token


def is_origin(text: str) -> bool:
    """Return whether a text is an origin in the format of browsers, or ``*``."""
    if text in ('*', 'null'):
        return True
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and text == f'{parts.scheme}://{parts.netloc}'


def is_host_name(text: str) -> bool:
    """Return whether a text is a host name without a scheme, port or path."""
    parts = _split('http', text)
    return (
        parts is not None and bool(text) and parts.hostname == text.lower() == parts.netloc.lower()
    )


def split_query(query: str) -> tuple[str, str | None]:
    """Remove the token from a query; return the rest of the query, and the token or None."""
    kept, given = [], None
    for part in query.split('&'):
        if part.partition('=')[0] == 'token':
            given = (parse_qs(part).get('token') or [''])[0]
        else:
            kept.append(part)
    return '&'.join(kept), given


def bearer(headers: Mapping[str, str]) -> str:
    """
    Return the bearer token of a request; empty if there is none.

    :param headers: with names in lower case.
    """
    kind, _, token = headers.get('authorization', '').partition(' ')
    return token.strip() if kind.lower() == 'bearer' else ''


def _split(scheme: str, host: str) -> SplitResult | None:
    """Parse a ``Host`` header; return None if it is not valid."""
    try:
        parts = urlsplit(f'{scheme}://{host}')
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.netloc == host and '@' not in host else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_same(origin: str, host: str, scheme: str) -> bool:
    """
    Return whether an origin is that of this server.

    A page loaded over TLS is accepted by a server without TLS, because a proxy in front of the
    server may terminate TLS. A page loaded without TLS is refused by a server with TLS.
    """
    if not is_origin(origin):
        return False
    page = urlsplit(origin)
    here = _split(page.scheme, host)
    if here is None or page.scheme not in (scheme, 'https'):
        return False
    default = _PORTS[page.scheme]
    return (page.hostname, page.port or default) == (here.hostname, here.port or default)
