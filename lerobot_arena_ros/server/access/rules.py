"""
Who may connect: the host that a request names, the web page that it comes from, and its token.

Pure. What the holder of a token may *do* is in :mod:`.tokens`.

A token opens everything but the health checks and the files of the console, which hold no secret
and must be there to ask for it. It comes in the header ``Authorization: Bearer``, or in the query
of a WebSocket's URL, because a browser can set no header there. In the query of a REST request it
does not count, because a query ends up in histories and logs.

The ``Host`` header is checked because of DNS rebinding: a web page can make its own host name
resolve to this machine, and the browser then takes the server for the page's own.
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
    prefix + path for prefix in _PREFIXES for path in ('', '/', '/health', '/robotics/health')
)
# Below these there are files alone.
_OPEN_FOLDERS = tuple(f'{prefix}/console/' for prefix in _PREFIXES)
_PORTS = {'http': 80, 'https': 443}


class Actor(NamedTuple):
    """
    The sender of a request or a frame.

    :param address: IP address of its end of the connection.
    :param grant: what it may do; None where it sent no token to a path that needs none.
    """

    address: str
    grant: Grant | None

    def require(self, access: Access, workspace: str | None) -> None:
        """
        See that the sender may do something.

        :param workspace: where; None for what concerns the whole server.
        :raises NotAllowed: its token does not allow it.
        """
        self.granted.require(access, workspace)

    @property
    def granted(self) -> Grant:
        """What the sender may do, on a path that is not open to those without a token."""
        assert self.grant is not None, 'a path that is open to all needs no grant'
        return self.grant

    @property
    def token(self) -> str:
        """Name of the token; empty without one."""
        return '' if self.grant is None else self.grant.name

    @property
    def log_fields(self) -> dict[str, str]:
        """The address and the token as a log names them."""
        return {'peer': self.address, 'token': self.token}


class Denial(NamedTuple):
    """
    Why a client is refused.

    :param status: the HTTP status.
    :param code: the reason as one word, for counting.
    :param detail: a sentence without quotes, which says what to do.
    :param is_guess: whether a wrong token was sent.
    """

    status: int
    code: str
    detail: str
    is_guess: bool = False


NO_TOKEN = Denial(401, 'access_denied', 'this server wants a bearer token, and the right one')
"""The refusal of a request without a valid token."""

_BAD_ORIGIN = Denial(
    403,
    'bad_origin',
    'web pages of other hosts may not use this server; start it with --allow-origin and the'
    ' origin of the page, if the page may drive its robots',
)
_BAD_HOST = Denial(
    421,
    'bad_host',
    'this server is not known by the host name that was asked for; use localhost or an IP'
    ' address, or start the server with --server-name and that name',
)


@dataclass(frozen=True)
class Rules:
    """
    What a request must bring.

    :param tokens: those that the server knows; without any, no token is needed.
    :param origins: web pages of other hosts that may use the server, such as
        ``https://example.org``; ``*`` stands for all of them.
    :param hosts: names of this server, besides ``localhost`` and each IP address.
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
        Return what the sender of a request may do, or why the request is refused.

        :param headers: by their names in lower case.
        :param scheme: ``http`` or ``https``, as the server was asked.
        :param query_token: the token that came in the query, where one may.
        :returns: None where the path is open to those without a token; a token does not count
            there, so that nobody can find out at such a path whether it is right.
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
        # A trailing dot is the same name, written in full.
        name = parts.hostname.rstrip('.')
        return name == 'localhost' or name in self.hosts or _is_address(name)

    def _allows_origin(self, origin: str, host: str, scheme: str) -> bool:
        return bool({'*', origin.lower()}.intersection(self.origins)) or _is_same(
            origin, host, scheme
        )


def is_open(path: str) -> bool:
    """Tell whether a path needs no token."""
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def checked_token(text: str) -> str:
    """
    Return a token without the white space around it.

    :raises ValueError: it cannot stand in a header; the text does not tell the token.
    """
    token = text.strip()
    if not token:
        raise ValueError('it is empty')
    if not token.isascii() or not token.isprintable() or ' ' in token:
        raise ValueError('expected visible ASCII characters without spaces')
    return token


def is_origin(text: str) -> bool:
    """Tell whether a text is an origin as browsers write them, or ``*``."""
    if text in ('*', 'null'):
        return True
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and text == f'{parts.scheme}://{parts.netloc}'


def is_host_name(text: str) -> bool:
    """Tell whether a text is a host name, without a scheme, a port or a path."""
    parts = _split('http', text)
    return (
        parts is not None and bool(text) and parts.hostname == text.lower() == parts.netloc.lower()
    )


def split_query(query: str) -> tuple[str, str | None]:
    """Take the token out of a query; return what is left, and the token or None."""
    kept, given = [], None
    for part in query.split('&'):
        if part.partition('=')[0] == 'token':
            given = (parse_qs(part).get('token') or [''])[0]
        else:
            kept.append(part)
    return '&'.join(kept), given


def bearer(headers: Mapping[str, str]) -> str:
    """
    Return the token in the headers of a request; empty where there is none.

    :param headers: by their names in lower case.
    """
    kind, _, token = headers.get('authorization', '').partition(' ')
    return token.strip() if kind.lower() == 'bearer' else ''


def _split(scheme: str, host: str) -> SplitResult | None:
    """Take a ``Host`` header apart; None where it is none."""
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
    Tell whether a page comes from this server.

    A page that came over TLS is one of ours too where this server has no TLS of its own, because
    a proxy in front of it has. A page that did not is none of ours where this server has TLS.
    """
    if not is_origin(origin):
        return False
    page = urlsplit(origin)
    here = _split(page.scheme, host)
    if here is None or page.scheme not in (scheme, 'https'):
        return False
    default = _PORTS[page.scheme]
    return (page.hostname, page.port or default) == (here.hostname, here.port or default)
