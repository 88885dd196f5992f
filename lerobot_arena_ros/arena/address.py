# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The address of an arena: a base URL, optionally with a path, and the URLs of its rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from .errors import InvalidAddress
from .hosts import address_of, ascii_host, is_loopback

__all__ = ['DEFAULT_URL', 'Address', 'Service']

Service = Literal['robotics', 'video']
"""The kinds of rooms: joint rooms and video rooms."""

DEFAULT_URL = 'http://localhost:8000'
"""The default server URL of the public Python client."""

MAX_LENGTH = 2000
"""The maximum length of a base URL; with the path of a room it stays below all library limits."""


@dataclass(frozen=True)
class Address:
    """
    A valid base URL without a trailing slash and with its scheme in lower case.

    :param base_url: the result of :meth:`parse`, for example ``https://example.org/api``.
    :param service: the kind of rooms.
    """

    base_url: str
    service: Service = 'robotics'

    @classmethod
    def parse(cls, url: str, service: Service = 'robotics') -> Address:
        """
        Parse and check a server's URL.

        :raises InvalidAddress: it is not http or https, its host is missing or invalid, its port
            is invalid, or it has a query, a fragment or credentials.
        """
        url = url.strip()
        # The part before an @ may contain a password, which must not be logged.
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
            raise InvalidAddress(f'{expected}, for example {DEFAULT_URL}')
        if len(url) > MAX_LENGTH:
            raise InvalidAddress(f'{expected}, at most {MAX_LENGTH} characters')
        if '?' in url or '#' in url or '@' in parts.netloc:
            raise InvalidAddress(f'{expected}, without query, fragment or credentials')
        return cls(f'{parts.scheme}{url[len(parts.scheme) :].rstrip("/")}', service)

    @property
    def is_encrypted(self) -> bool:
        """Whether connections to the server use TLS."""
        return self.base_url.startswith('https')

    @property
    def host(self) -> str:
        """The server's host in ASCII, without brackets."""
        return ascii_host(urlsplit(self.base_url).hostname or '')

    @property
    def port(self) -> int:
        """The server's port."""
        return urlsplit(self.base_url).port or (443 if self.is_encrypted else 80)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, so that no data crosses a network."""
        return is_loopback(self.host)

    def rooms(self, workspace_id: str) -> str:
        """Return the REST URL of a workspace's rooms."""
        return f'{self.base_url}/{self.service}/workspaces/{_escape(workspace_id)}/rooms'

    def room(self, workspace_id: str, room_id: str, below: str = '') -> str:
        """Return the REST URL of a room, with ``below`` appended, for example ``/state``."""
        return f'{self.rooms(workspace_id)}/{_escape(room_id)}{below}'

    def socket(self, workspace_id: str, room_id: str) -> str:
        """Return the WebSocket URL of a room, below the same path as REST."""
        url = urlsplit(self.room(workspace_id, room_id, '/ws'))
        host = f'[{self.host}]' if ':' in self.host else self.host
        port = '' if url.port is None else f':{url.port}'
        return f'{"wss" if self.is_encrypted else "ws"}://{host}{port}{url.path}'


def _check(host: str, port: int | None, *, is_bracketed: bool) -> None:
    if is_bracketed and address_of(host) is None:
        raise ValueError('brackets must contain an IPv6 address')
    if port == 0:
        raise ValueError('the port must be from 1 to 65535')


def _escape(identifier: str) -> str:
    # Escape every reserved character, because an unescaped slash would address another room.
    return quote(identifier, safe='')
