# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The choice of the proxy for a server from the environment variables, before any connection.

REST and WebSocket both use the proxy that :meth:`Environment.proxy_for` returns. The libraries
below them do not read the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
import fnmatch
from importlib.util import find_spec
import ipaddress
import logging
import re
from urllib.parse import quote, unquote, urlsplit

from .address import Address
from .errors import InvalidProxy
from .hosts import address_of, ascii_host

__all__ = ['ENVIRONMENT_NAMES', 'Environment', 'Proxy', 'through']

_logger = logging.getLogger(__name__)

_PORTS = {'http': 80, 'https': 443, 'socks5': 1080, 'socks5h': 1080}
_EXPECTED = 'expected [http|https|socks5|socks5h://][user:password@]host[:port]'
_REMEDY = 'or unset the variable, or add the server to NO_PROXY to connect without a proxy'
_SOCKS = {'socksio': 'httpx[socks]', 'python_socks': 'python-socks[asyncio]'}
"""The modules that SOCKS needs, each with its pip requirement."""

_NAMES = ('http_proxy', 'https_proxy', 'all_proxy', 'socks_proxy', 'no_proxy')

ENVIRONMENT_NAMES = (*_NAMES, *(name.upper() for name in _NAMES))
"""The variables that are read; lower case takes precedence if both are set."""


@dataclass(frozen=True)
class Proxy:
    """
    A valid proxy.

    :param variable: the environment variable that configures it.
    :param shown: its URL without user and password, for messages.
    :param url: its URL with user and password, percent-encoded.
    """

    variable: str
    shown: str
    url: str = field(repr=False)

    @property
    def place(self) -> tuple[str, int]:
        """The host and port of the proxy."""
        parts = urlsplit(self.url)
        return parts.hostname or '', parts.port or 0

    @property
    def login(self) -> tuple[str, str] | None:
        """The user and the password for the proxy; None if the variable has none."""
        parts = urlsplit(self.url)
        if parts.username is None:
            return None
        return unquote(parts.username), unquote(parts.password or '')

    @property
    def is_socks(self) -> bool:
        """Whether it is a SOCKS proxy."""
        return self.shown.startswith('socks')

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection to the proxy uses TLS."""
        return self.shown.startswith('https')

    def __str__(self) -> str:
        """Return the text for error messages, without user and password."""
        return f'the proxy {self.shown} of {self.variable}'


@dataclass(frozen=True)
class Environment:
    """
    The environment variables that configure proxies; none by default.

    :param values: those of :data:`ENVIRONMENT_NAMES` that are set. May contain passwords.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    _decided: dict[Address, Proxy | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def proxy_for(self, address: Address) -> Proxy | None:
        """
        Return the proxy for a server; None = connect directly.

        The first result is cached, so that a later change of the installed packages has no effect.

        :raises InvalidProxy: a variable that applies to this server is invalid.
        """
        if address not in self._decided:
            self._decided[address] = self._decide(address)
        return self._decided[address]

    def _decide(self, address: Address) -> Proxy | None:
        if address.is_loopback:
            return None
        variables = (f'{"https" if address.is_encrypted else "http"}_proxy', *_NAMES[2:4])
        for variable, value in map(self._value, variables):
            if value and not self._is_exception(address):
                proxy = _parse(variable, value)
                _check_libraries(proxy)
                return proxy
        return None

    def _value(self, name: str) -> tuple[str, str]:
        """Return the name of a variable as it is set, and its value; empty if it is not set."""
        name = name if name in self.values else name.upper()
        return name, self.values.get(name, '').strip()

    def _is_exception(self, address: Address) -> bool:
        """Return whether NO_PROXY matches a server."""
        variable, text = self._value('no_proxy')
        for entry in filter(None, re.split(r'[\s,]+', text)):
            try:
                if _matches(entry.lower(), address.host, address.port):
                    return True
            except ValueError:
                error = (
                    f'environment variable {variable} has the invalid entry {entry!r:.100}:'
                    ' expected a comma-separated list of names (example.org, *.local), addresses'
                    ' (10.0.0.7, [::1]) and networks (192.168.0.0/16), each optionally with :port'
                )
                if _resembles(entry.lower(), address.host):
                    # Never send traffic through a proxy that the entry was meant to exclude.
                    raise InvalidProxy(f'{error}; correct it') from None
                _logger.warning('%s; the entry is ignored', error)
        return False


def through(proxy: Proxy | None, url: str) -> str:
    """Return a URL for an error message, with the proxy that is used for it."""
    return url if proxy is None else f'{url} (through {proxy})'


def _resembles(entry: str, host: str) -> bool:
    """Return whether an invalid entry of NO_PROXY may be meant for a server."""
    return host in entry or host.startswith(entry.rstrip('.*') or ' ')


def _matches(entry: str, host: str, port: int) -> bool:
    """
    Return whether an entry of NO_PROXY matches a server.

    :raises ValueError: the entry is invalid.
    """
    name, colon, own_port = entry.rpartition(':')
    if not colon or (':' in name and not name.endswith(']')):  # Without a port.
        name, own_port = entry, str(port)
    name = name.replace('[', '').replace(']', '').strip('.')
    is_port = int(own_port) == port
    if '*' in name:
        if not re.fullmatch(r'[\w.*-]+', name):
            raise ValueError(name)
        return is_port and fnmatch.fnmatchcase(host, name)
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError:
        if not re.search('[^0-9.]', name):
            raise  # An incomplete address is not a network.
        name, host = ascii_host(name), host.rstrip('.')
        return is_port and (host == name or host.endswith(f'.{name}'))
    address = address_of(host)
    return is_port and address is not None and address in network


def _parse(variable: str, value: str) -> Proxy:
    scheme, separator, rest = value.partition('://')
    if not separator:
        scheme, rest = 'socks5h' if variable.lower() == 'socks_proxy' else 'http', value
    scheme = scheme.lower()
    credentials, at, place = rest.rpartition('@')
    host, port = _place(place)
    if scheme not in _PORTS or not host or port is None:
        raise InvalidProxy(
            f'environment variable {variable} = {_shown(value)!r:.200}: {_EXPECTED}; correct it,'
            f' {_REMEDY}'
        )
    shown = f'{f"[{host}]" if ":" in host else host}:{port or _PORTS[scheme]}'
    user, _, password = credentials.partition(':')
    login = f'{quote(unquote(user), safe="")}:{quote(unquote(password), safe="")}@' if at else ''
    # The proxy resolves names for REST and WebSocket, because httpx supports nothing else.
    used = 'socks5h' if scheme == 'socks5' else scheme
    return Proxy(variable, f'{scheme}://{shown}', f'{used}://{login}{shown}')


def _place(place: str) -> tuple[str, int | None]:
    """Return host and port, with port 0 = not given; an empty host or None if it is invalid."""
    try:
        parts = urlsplit(f'//{place.rstrip("/")}')
        host, port = ascii_host(parts.hostname or ''), parts.port
    except ValueError:
        return '', None
    is_more = parts.path or parts.query or parts.fragment or port == 0
    return host, None if is_more else port or 0


def _shown(value: str) -> str:
    """Return the value of a variable with everything masked that may be a password."""
    head, separator, rest = value.rpartition('://')
    place, slash, _ = rest.rpartition('@')[2].partition('/')
    host, colon, port = place.partition(':')
    if colon and not place.startswith('[') and not port.isdigit():
        place = f'{host}:***'  # This may be a user and a password without a host.
    login = '***@' if '@' in rest else ''
    return f'{head}{separator}{login}{place}{slash}'


def _check_libraries(proxy: Proxy) -> None:
    """
    Check that the installed libraries support a proxy.

    :raises InvalidProxy: a package for SOCKS is missing.
    """
    if proxy.is_socks and any(find_spec(name) is None for name in _SOCKS):
        raise InvalidProxy(
            f'{proxy} needs packages that are not installed: pip install'
            f' {" ".join(repr(name) for name in _SOCKS.values())}, {_REMEDY}'
        )
