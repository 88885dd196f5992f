"""Where an arena is: a base URL, perhaps with a path, and the URLs of its rooms below it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from .errors import InvalidAddress
from .hosts import address_of, ascii_host, is_loopback

__all__ = ['DEFAULT_URL', 'Address']

DEFAULT_URL = 'http://localhost:8000'
"""Where the public Python client looks for a server that was not named."""

MAX_LENGTH = 2000
"""Characters of a base URL; with a room below it, it is shorter than any library's limit."""


@dataclass(frozen=True)
class Address:
    """
    A checked base URL without a trailing slash, its scheme in lower case.

    :param base_url: as :meth:`parse` made it, such as ``https://example.org/api``.
    """

    base_url: str

    @classmethod
    def parse(cls, url: str) -> Address:
        """
        Check a server's URL.

        :raises InvalidAddress: it is not http or https, names no host or an impossible one, has a
            bad port, or has a query, a fragment or credentials.
        """
        url = url.strip()
        # What comes before an @ may be a password, which belongs in no log.
        shown = f'{url.rpartition("@")[2]!r:.200}'
        expected = f'server URL {shown}: expected http(s)://host[:port][/path]'
        if ' ' in url or not url.isprintable():
            raise InvalidAddress(f'{expected}, without spaces or control characters')
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or '', parts.port
            is_usable = parts.scheme in ('http', 'https') and bool(host)
            if is_usable:
                _check(ascii_host(host), port, is_bracketed='[' in parts.netloc)
        except ValueError as exc:
            raise InvalidAddress(f'{expected}; {exc}') from exc
        if not is_usable:
            raise InvalidAddress(f'{expected}, such as {DEFAULT_URL}')
        if len(url) > MAX_LENGTH:
            raise InvalidAddress(f'{expected}, at most {MAX_LENGTH} characters')
        if '?' in url or '#' in url or '@' in parts.netloc:
            raise InvalidAddress(f'{expected}, without query, fragment or credentials')
        return cls(f'{parts.scheme}{url[len(parts.scheme) :].rstrip("/")}')

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects what is sent there."""
        return self.base_url.startswith('https')

    @property
    def host(self) -> str:
        """The server's host as it is sent, without brackets."""
        return ascii_host(urlsplit(self.base_url).hostname or '')

    @property
    def port(self) -> int:
        """The server's port."""
        return urlsplit(self.base_url).port or (443 if self.is_encrypted else 80)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, so that nothing goes over a network."""
        return is_loopback(self.host)

    def rooms(self, workspace_id: str) -> str:
        """Give the REST URL of a workspace's rooms."""
        return f'{self.base_url}/robotics/workspaces/{_escape(workspace_id)}/rooms'

    def room(self, workspace_id: str, room_id: str, below: str = '') -> str:
        """Give the REST URL of a room, or of ``below`` in it, such as ``/state``."""
        return f'{self.rooms(workspace_id)}/{_escape(room_id)}{below}'

    def socket(self, workspace_id: str, room_id: str) -> str:
        """Give the WebSocket URL of a room, below the same path as REST."""
        url = urlsplit(self.room(workspace_id, room_id, '/ws'))
        host = f'[{self.host}]' if ':' in self.host else self.host
        port = '' if url.port is None else f':{url.port}'
        return f'{"wss" if self.is_encrypted else "ws"}://{host}{port}{url.path}'


def _check(host: str, port: int | None, *, is_bracketed: bool) -> None:
    if is_bracketed and address_of(host) is None:
        raise ValueError('an IPv6 address is expected in brackets')
    if port == 0:
        raise ValueError('a port is a number from 1 to 65535')


def _escape(identifier: str) -> str:
    # Nothing is safe in an id: a slash in it would otherwise name another room.
    return quote(identifier, safe='')
