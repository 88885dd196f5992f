# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.ice: STUN and TURN servers and their credentials."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.media.errors import InvalidIceServer
from lerobot_arena_ros.media.ice import PASSWORD_VARIABLE, USERNAME_VARIABLE, IceServer, IceServers

CREDENTIALS = {USERNAME_VARIABLE: 'robot', PASSWORD_VARIABLE: 'secret'}


def test_no_server_is_contacted_by_default() -> None:
    """A robot contacts no machine that its user did not name."""
    assert IceServers().servers == ()


def test_credentials_come_from_the_environment() -> None:
    """Only TURN servers get them, and they are not printed."""
    found = IceServers.of_urls(
        ['stun:stun.example.org', 'turn:turn.example.org:3478?transport=udp'],
        environment=CREDENTIALS,
    )

    stun, turn = found.servers
    assert (stun.username, stun.password) == (None, None)
    assert (turn.username, turn.password) == ('robot', 'secret')
    assert 'secret' not in repr(found)


def test_a_turn_server_without_credentials_is_refused_by_name() -> None:
    """The message names the variables that are missing."""
    with pytest.raises(InvalidIceServer, match=f'{USERNAME_VARIABLE} and {PASSWORD_VARIABLE}'):
        IceServers.of_urls(['turn:turn.example.org'], environment={})


@pytest.mark.parametrize(
    'url',
    [
        '',
        'http://example.org',
        'stun:',
        'stun:host:0',
        'stun:host:70000',
        'stun:host?transport=udp',
        'turn:user@host',
        'stun:a b',
    ],
)
def test_an_invalid_url_is_refused(url: str) -> None:
    """The error is also a ValueError, as for other settings."""
    with pytest.raises(ValueError, match='ICE server'):
        IceServer(url, 'robot', 'secret')


def test_relay_only_needs_a_turn_server() -> None:
    """Otherwise no connection could ever be established."""
    with pytest.raises(InvalidIceServer, match='relay_only'):
        IceServers((IceServer('stun:host'),), relay_only=True)
