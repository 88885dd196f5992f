# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Validation of server URLs, and the URLs of rooms."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.arena.address import DEFAULT_URL, Address
from lerobot_arena_ros.arena.errors import InvalidAddress


@pytest.mark.parametrize(
    ('url', 'base_url'),
    [
        pytest.param(DEFAULT_URL, 'http://localhost:8000', id='default'),
        pytest.param('http://example.org', 'http://example.org', id='no port'),
        pytest.param('http://example.org/', 'http://example.org', id='trailing slash'),
        pytest.param('https://example.org/api//', 'https://example.org/api', id='path'),
        pytest.param('  http://10.0.0.7:80/a/b \n', 'http://10.0.0.7:80/a/b', id='spaces around'),
        pytest.param('HTTPS://example.org', 'https://example.org', id='upper-case scheme'),
        pytest.param('http://[::1]:8000', 'http://[::1]:8000', id='IPv6'),
        pytest.param('http://bücher.example', 'http://bücher.example', id='international name'),
        pytest.param('http://host/~u@x', 'http://host/~u@x', id='@ in the path'),
    ],
)
def test_a_valid_url_is_accepted(url: str, base_url: str) -> None:
    """A valid http or https URL becomes a normalized base URL."""
    assert Address.parse(url).base_url == base_url


@pytest.mark.parametrize(
    'url',
    [
        '',
        ' ',
        'localhost',
        'localhost:8000',
        '//localhost:8000',
        'ws://localhost:8000',
        'ftp://localhost',
        'http://',
        'http:///path',
        'http://:8000',
        'http://host:port',
        'http://host:65536',
        'http://host:-1',
        'http://host:0',
        'http://[v1.host]',
        'http://[::1',
        'http://a..b',
        'http://.',
        f'http://{"a" * 64}',
        'http://two hosts',
        'http://host/a b',
        'http://host/a\nb',
        'http://ho\x00st',
        'http://ho\ud800st',
        'http://host/\ud800',
        'http://host?',
        'http://host/?x=1',
        'http://host#',
        'http://@host',
        f'http://host/{"a" * 5000}',
    ],
    ids=lambda url: ascii(url[:80]),
)
def test_any_other_url_is_refused(url: str) -> None:
    """An invalid URL is refused with one line that contains the expected form."""
    with pytest.raises(InvalidAddress, match=r'expected http\(s\)://host') as caught:
        Address.parse(url)

    assert isinstance(caught.value, ValueError)
    assert '\n' not in str(caught.value)


def test_a_password_is_not_repeated() -> None:
    """A URL with credentials is refused, and the error does not contain the password."""
    with pytest.raises(InvalidAddress, match='credentials') as caught:
        Address.parse('http://me:secret@host:8000')

    assert 'secret' not in str(caught.value)
    assert 'host:8000' in str(caught.value)


def test_rooms_lie_below_the_path() -> None:
    """The REST and WebSocket URLs keep the path of the base URL."""
    address = Address.parse('http://host:8000/api/')

    assert address.rooms('lab') == 'http://host:8000/api/robotics/workspaces/lab/rooms'
    assert address.room('lab', 'arm') == 'http://host:8000/api/robotics/workspaces/lab/rooms/arm'
    assert address.room('lab', 'arm', '/state').endswith('/lab/rooms/arm/state')
    assert address.socket('lab', 'arm') == (
        'ws://host:8000/api/robotics/workspaces/lab/rooms/arm/ws'
    )


@pytest.mark.parametrize('scheme', ['https', 'HTTPS', 'HttpS'])
def test_an_encrypted_address_has_encrypted_sockets(scheme: str) -> None:
    """An https URL gives wss URLs, independent of the case of its scheme."""
    address = Address.parse(f'{scheme}://host')

    assert address.is_encrypted
    assert address.socket('lab', 'arm').startswith('wss://host/')


def test_a_plain_address_has_plain_sockets() -> None:
    """An http URL gives ws URLs and does not count as encrypted."""
    address = Address.parse('http://https:8000')

    assert not address.is_encrypted
    assert address.socket('lab', 'arm').startswith('ws://https:8000/')


def test_ids_are_escaped() -> None:
    """An id is one segment of the path, also with special characters."""
    address = Address.parse('http://host')

    url = address.socket('a/b', 'c d?e#f%2fü')

    assert url == 'ws://host/robotics/workspaces/a%2Fb/rooms/c%20d%3Fe%23f%252f%C3%BC/ws'
