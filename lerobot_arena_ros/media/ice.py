# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The STUN and TURN servers of a connection, and their credentials.

By default there are none: two machines on one network need none, and a robot contacts no machine
that its user did not name. Each server costs time while candidates are gathered, and one that does
not answer delays every connection by five seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import os
import re

from .errors import InvalidIceServer

__all__ = ['PASSWORD_VARIABLE', 'USERNAME_VARIABLE', 'IceServer', 'IceServers']

USERNAME_VARIABLE = 'LEROBOT_ARENA_TURN_USERNAME'
"""The environment variable with the user name for TURN servers."""

PASSWORD_VARIABLE = 'LEROBOT_ARENA_TURN_PASSWORD'
"""The environment variable with the password for TURN servers; it is never logged."""

_URL = re.compile(
    r'(?P<kind>stuns?|turns?):'
    r'(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])'
    r'(?::(?P<port>[0-9]{1,5}))?'
    r'(?P<transport>\?transport=(?:udp|tcp))?'
)


@dataclass(frozen=True)
class IceServer:
    """
    One STUN or TURN server.

    :param url: ``stun:host[:port]`` or ``turn:host[:port][?transport=udp|tcp]``, or with ``stuns``
        or ``turns``.
    :param username: for TURN; None without.
    :param password: for TURN; None without.
    :raises InvalidIceServer: the URL is invalid, or a TURN server has no credentials.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        found = _URL.fullmatch(self.url)
        if found is None or int(found['port'] or 1) not in range(1, 65536):
            raise InvalidIceServer(
                f'ICE server {self.url!r:.100}: expected stun:host[:port] or'
                ' turn:host[:port][?transport=udp|tcp]'
            )
        if found['transport'] and not self.is_turn:
            raise InvalidIceServer(f'ICE server {self.url!r:.100}: a STUN URL has no transport')
        if self.is_turn and not (self.username and self.password):
            raise InvalidIceServer(
                f'ICE server {self.url!r:.100}: a TURN server needs credentials: set'
                f' {USERNAME_VARIABLE} and {PASSWORD_VARIABLE}'
            )

    @property
    def is_turn(self) -> bool:
        """Whether this server can relay media."""
        return self.url.startswith('turn')


@dataclass(frozen=True)
class IceServers:
    """
    The servers of a connection, and how to use them.

    aiortc uses the first STUN and the first TURN server only.

    :param servers: none by default.
    :param relay_only: send and receive media only through a TURN server; needs aiortc 1.16.
    :raises InvalidIceServer: ``relay_only`` without a TURN server.
    """

    servers: tuple[IceServer, ...] = ()
    relay_only: bool = False

    def __post_init__(self) -> None:
        if self.relay_only and not any(server.is_turn for server in self.servers):
            raise InvalidIceServer('relay_only: expected a TURN server among the ICE servers')

    @classmethod
    def of_urls(
        cls,
        urls: Iterable[str],
        *,
        relay_only: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> IceServers:
        """
        Return servers, with the credentials for TURN from the environment.

        :param environment: None reads that of this process.
        :raises InvalidIceServer: a URL is invalid, or the credentials are missing.
        """
        variables = os.environ if environment is None else environment
        username, password = variables.get(USERNAME_VARIABLE), variables.get(PASSWORD_VARIABLE)
        servers = tuple(
            IceServer(url, username, password) if url.startswith('turn') else IceServer(url)
            for url in urls
        )
        return cls(servers, relay_only)
