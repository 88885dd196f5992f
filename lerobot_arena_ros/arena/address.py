"""Where an arena is: a base URL, perhaps with a path, and the URLs of its rooms below it."""

from __future__ import annotations

from dataclasses import dataclass
import ipaddress
from urllib.parse import quote, urlsplit

from .errors import InvalidAddress

__all__ = ['DEFAULT_URL', 'Address']

DEFAULT_URL = 'http://localhost:8000'
"""Where the public Python client looks for a server that was not named."""


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
        expected = f'server URL {url.rpartition("@")[2]!r}: expected http(s)://host[:port][/path]'
        if ' ' in url or not url.isprintable():
            raise InvalidAddress(f'{expected}, without spaces or control characters')
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or '', parts.port
            host.encode('idna')
        except ValueError as exc:
            raise InvalidAddress(f'{expected}; {exc}') from exc
        if parts.scheme not in ('http', 'https') or not host:
            raise InvalidAddress(f'{expected}, such as {DEFAULT_URL}')
        if '?' in url or '#' in url or '@' in parts.netloc:
            raise InvalidAddress(f'{expected}, without query, fragment or credentials')
        return cls(f'{parts.scheme}{url[len(parts.scheme) :].rstrip("/")}')

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS protects what is sent there."""
        return self.base_url.startswith('https')

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, so that nothing goes over a network."""
        host = urlsplit(self.base_url).hostname or ''
        # Not *.localhost: whether such a name is this machine is up to its resolver.
        if host == 'localhost':
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def rooms(self, workspace_id: str) -> str:
        """Give the REST URL of a workspace's rooms."""
        return f'{self.base_url}/robotics/workspaces/{_escape(workspace_id)}/rooms'

    def room(self, workspace_id: str, room_id: str, below: str = '') -> str:
        """Give the REST URL of a room, or of ``below`` in it, such as ``/state``."""
        return f'{self.rooms(workspace_id)}/{_escape(room_id)}{below}'

    def socket(self, workspace_id: str, room_id: str) -> str:
        """Give the WebSocket URL of a room, below the same path as REST."""
        scheme, rest = self.room(workspace_id, room_id, '/ws').split('://', 1)
        return f'{"wss" if scheme == "https" else "ws"}://{rest}'


def _escape(identifier: str) -> str:
    # Nothing is safe in an id: a slash in it would otherwise name another room.
    return quote(identifier, safe='')
