"""
Who may talk to the server, sans I/O: a token to be known, and web pages to come from.

The token opens everything but the health checks and the files of the console, which hold no secret
and have to be there to ask for it. It comes in the header ``Authorization: Bearer``,
or in the query of a WebSocket's URL, for a browser can set no header there; over REST it can, and
a query ends up in histories and logs, so there it does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import hmac
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

__all__ = ['Denial', 'Rules', 'checked_token', 'is_origin', 'split_query']

_PREFIXES = ('', '/api')
_OPEN = frozenset(
    prefix + path for prefix in _PREFIXES for path in ('', '/', '/health', '/robotics/health')
)
# Below these there are files alone.
_OPEN_FOLDERS = tuple(f'{prefix}/console/' for prefix in _PREFIXES)
_PORTS = {'http': 80, 'https': 443}


class Denial(NamedTuple):
    """
    Why somebody is not let in.

    :param status: the HTTP status.
    :param code: the reason as one word, for counting.
    :param detail: a sentence.
    """

    status: int
    code: str
    detail: str


_NO_TOKEN = Denial(401, 'access_denied', 'this server wants a bearer token, and the right one')
_BAD_ORIGIN = Denial(403, 'bad_origin', 'pages of this origin may not use this server')


@dataclass(frozen=True)
class Rules:
    """
    What a request must bring.

    :param token: what everybody must know; None lets everybody in.
    :param origins: web pages of other hosts that may use the server, such as
        ``https://example.org``; ``*`` stands for all of them.
    :param checks_origin: refuse web pages of any other host but the server's own.
    """

    token: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] = ()
    checks_origin: bool = False

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Which origins a browser is told that it may ask from."""
        return self.origins if self.checks_origin else ('*',)

    def denial(
        self, path: str, headers: Mapping[str, str], query_token: str | None = None
    ) -> Denial | None:
        """
        Say why a request is refused, None where it is not.

        :param headers: by their names in lower case.
        :param query_token: the token that came in the query, where one may.
        """
        origin = headers.get('origin')
        if self.checks_origin and origin is not None:
            allowed = {'*', origin.lower()}.intersection(self.origins)
            if not allowed and not _is_same(origin, headers.get('host', '')):
                return _BAD_ORIGIN
        if self.token is None or path in _OPEN or path.startswith(_OPEN_FOLDERS):
            return None
        given = _bearer(headers.get('authorization', '')) or query_token or ''
        # The comparison takes as long for a good guess as for a bad one.
        is_known = hmac.compare_digest(given.encode(), self.token.encode())
        return None if is_known else _NO_TOKEN


def checked_token(text: str) -> str:
    """
    Take a token as it was handed over.

    :raises ValueError: it cannot stand in a header; the text does not tell the token.
    """
    token = text.strip()
    if not token:
        raise ValueError('it is empty')
    if not token.isascii() or not token.isprintable() or ' ' in token:
        raise ValueError('expected visible ASCII characters without spaces')
    return token


def is_origin(text: str) -> bool:
    """Say whether a text is an origin as browsers write them, or ``*``."""
    if text in ('*', 'null'):
        return True
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and text == f'{parts.scheme}://{parts.netloc}'


def split_query(query: str) -> tuple[str, str | None]:
    """Take the token out of a query; return what is left, and the token or None."""
    kept, given = [], None
    for part in query.split('&'):
        if part.partition('=')[0] == 'token':
            given = (parse_qs(part).get('token') or [''])[0]
        else:
            kept.append(part)
    return '&'.join(kept), given


def _bearer(header: str) -> str:
    kind, _, token = header.partition(' ')
    return token.strip() if kind.lower() == 'bearer' else ''


def _is_same(origin: str, host: str) -> bool:
    """Say whether a page comes from this server, by the name that the request calls it."""
    try:
        page = urlsplit(origin)
        port = page.port or _PORTS.get(page.scheme)
        here = urlsplit(f'{page.scheme}://{host}')
        return bool(page.hostname) and (page.hostname, port) == (
            here.hostname,
            here.port or _PORTS.get(page.scheme),
        )
    except ValueError:
        return False
