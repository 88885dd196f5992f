# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The decisions of the launch files; does not import launch or rclpy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.errors import InvalidAddress

__all__ = ['Arena', 'Include', 'LaunchError', 'Respawns', 'choose_arena']

QUICK_S = 10.0
"""A bridge that ends within this time after its start counts as failed."""

MOST_QUICK_ENDS = 5
"""Number of successive failures after which a bridge is not started again."""

USER_ERROR = 2
"""Exit code of a bridge if the user has to change something."""

_ROOMS = ('produce_room', 'consume_room', 'session')
_LOCAL_HOSTS = ('localhost', '127.0.0.1')


class LaunchError(ValueError):
    """The launch must not continue; the text is one line for the user."""


@dataclass(frozen=True)
class Arena:
    """
    The arena of the bridges.

    :param url: URL of the arena; empty: the URL in the parameters of the bridges.
    :param port: port of the arena that the launch starts; None: it starts none.
    """

    url: str
    port: int | None


def choose_arena(
    *, server_url: str, port: str, start_server: bool, urls: Collection[str]
) -> Arena:
    """
    Choose one arena for the bridges and for ``start_server``.

    :param server_url: the launch argument; may be empty.
    :param port: the launch argument; may be empty.
    :param urls: URLs in the parameters of the bridges; they apply if both arguments are empty.
    :raises LaunchError: the arguments contradict each other, or the arena to start is not on this
        machine.
    """
    if port:
        number = _number(port)
        if server_url and _local_port(server_url) != number:
            raise LaunchError(
                f'server_url is {server_url!r} and port is {port}: expected one of them alone, or '
                f'http://localhost:{port}'
            )
    elif not start_server:
        return Arena(server_url, None)
    else:
        number = _port_to_start({server_url} if server_url else set(urls))
    # Use the address, because localhost may resolve to ::1, where arena_server does not listen.
    return Arena(f'http://127.0.0.1:{number}', number if start_server else None)


def _number(port: str) -> int:
    if port.isascii() and port.isdigit() and 1 <= int(port) <= 65535:
        return int(port)
    raise LaunchError(f'port is {port!r}: expected a number from 1 to 65535')


def _port_to_start(urls: set[str]) -> int:
    if len(urls) != 1:
        raise LaunchError(
            f'start_server is true, and the bridges have several arenas ({", ".join(sorted(urls))}'
            '): expected one server_url, or start_server:=false'
        )
    (url,) = urls
    port = _local_port(url)
    if port is None:
        raise LaunchError(
            f'start_server is true, and server_url is {url!r}: expected an arena of this machine, '
            'such as http://localhost:8000, or start_server:=false'
        )
    return port


def _local_port(url: str) -> int | None:
    """Return the port of an arena with this URL; None if it is not on this machine."""
    try:
        parts = urlsplit(Address.parse(url).base_url)
    except InvalidAddress as exc:
        raise LaunchError(str(exc)) from exc
    is_local = parts.scheme == 'http' and parts.hostname in _LOCAL_HOSTS and not parts.path
    return (parts.port or 80) if is_local else None


@dataclass(frozen=True)
class Include:
    """
    One include of ``bridge.launch.py``.

    :param node: full name of the bridge.
    :param arguments: arguments whose values differ from the defaults.
    """

    node: str
    arguments: Mapping[str, str]

    def check_after(self, earlier: Include) -> str | None:
        """
        Check for arguments that an earlier include has left in the same scope.

        Launch keeps the arguments of an include for everything after it in the same scope.

        :returns: a warning in one line; None if there is no reason for one.
        :raises LaunchError: this bridge must not run together with the other one.
        """
        shared = sorted(self.arguments.items() & earlier.arguments.items())
        remedy = (
            'launch keeps the arguments of an include for later ones, so put each include into a '
            'GroupAction of its own'
        )
        if self.node == earlier.node:
            raise LaunchError(
                f'two bridges are called {self.node}: expected another namespace; {remedy}'
            )
        for name, value in shared:
            if name in _ROOMS or name == 'start_server':
                raise LaunchError(
                    f'{self.node}: {name} is {value!r}, as of {earlier.node} before it; {remedy},'
                    ' also if both values are intended'
                )
        if not shared:
            return None
        names = ', '.join(f'{name}={value}' for name, value in shared)
        return f'{self.node} has {names}, as {earlier.node} before it; if not intended: {remedy}'


class Respawns:
    """
    Decide whether a bridge is started again after it has ended.

    :param now: time of its start, in seconds of a steady clock.
    :param delay_s: delay between an end and the next start.
    """

    def __init__(self, now: float, delay_s: float) -> None:
        self._started_at = now
        self._delay_s = delay_s
        self._quick_ends = 0

    def on_exit(self, code: int, now: float) -> str | None:
        """Return why it is not started again, in one line; None if it is."""
        is_quick = now - self._started_at < QUICK_S
        self._started_at = now + self._delay_s
        self._quick_ends = self._quick_ends + 1 if is_quick else 0
        if is_quick and code == USER_ERROR:
            return (
                'is not started again, because it ended with 2 at its start: correct what '
                'its last line names, and launch again'
            )
        if self._quick_ends >= MOST_QUICK_ENDS:
            return (
                f'is not started again, because it ended {MOST_QUICK_ENDS} times in a row within '
                f'{QUICK_S:g} s of its start, with {code} at last: check its lines above'
            )
        return None
