# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Access through nginx: the servers' rules apply, and refusals reach the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
import re

import pytest
from support.deployment import BEARER, TOKEN, Deployment, deployed, status
from support.frames import HANDSHAKE
from support.peers import RawPeer, ws_path

NAME = 'arena.example.org'
"""The server name in the unit and in arena.conf."""

ROOMS = '/robotics/workspaces/lab/rooms'
HEADER = f'Authorization: Bearer {TOKEN}'
MORE_THAN_ONE_ADDRESS_MAY_HAVE = 270


@pytest.fixture(scope='module', name='arenas')
def fixture_arenas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Run three arenas behind nginx, with a room in one of them."""
    with deployed(tmp_path_factory.mktemp('deployed')) as running:
        running.make_room('lab')
        yield running


@pytest.mark.parametrize('scheme', ['http', 'https'])
def test_only_the_server_name_of_the_unit_is_accepted(arenas: Deployment, scheme: str) -> None:
    """A request with another host name is refused with the reason."""
    url = arenas.url if scheme == 'http' else arenas.tls_url
    socket = f'{ws_path("lab", "arm")}?token={TOKEN}'

    assert status(url, ROOMS, Host=NAME, **BEARER)[0] == 200
    assert status(url, socket, Host=NAME, **HANDSHAKE)[0] == 101
    for name in ('evil.example', f'{NAME}.evil.example'):
        for code, reply in (
            status(url, ROOMS, Host=name, **BEARER),
            status(url, socket, Host=name, **HANDSHAKE),
            status(url, '/', Host=name),
        ):
            assert code == 421
            assert '--server-name' in reply['detail']


def test_a_page_of_the_host_is_accepted_if_tls_ends_at_nginx(arenas: Deployment) -> None:
    """An https origin is accepted although the server receives the request over http."""
    url, socket = arenas.tls_url, f'{ws_path("lab", "arm")}?token={TOKEN}'
    own = {'Host': NAME, 'Origin': f'https://{NAME}'}

    assert status(url, ROOMS, **BEARER, **own)[0] == 200
    assert status(url, socket, **HANDSHAKE, **own)[0] == 101
    for origin in ('https://evil.example', f'https://{NAME}:8443', 'null'):
        foreign = {'Host': NAME, 'Origin': origin}
        for code, reply in (
            status(url, ROOMS, **BEARER, **foreign),
            status(url, socket, **HANDSHAKE, **foreign),
        ):
            assert code == 403
            assert 'start it with --allow-origin' in reply['detail']


def test_a_websocket_without_the_token_gets_a_status_and_a_reason(arenas: Deployment) -> None:
    """A refused WebSocket gets the same status and reason as without nginx."""
    path = ws_path('lab', 'arm')
    for query in ('', '?token=wrong', f'?token={TOKEN}x'):
        code, reply = status(arenas.url, path + query, Host=NAME, **HANDSHAKE)
        assert code == 401
        assert 'bearer token' in reply['detail']


def test_many_participants_come_from_the_one_address_of_nginx(arenas: Deployment) -> None:
    """One process accepts more than 250 participants from nginx's address."""
    rooms = [f'many-{number}' for number in range(3)]
    for room in rooms:
        (home,) = arenas.make_room('lab', room)
    with ExitStack() as stack:
        for number in range(MORE_THAN_ONE_ADDRESS_MAY_HAVE):
            path = f'{ws_path("lab", rooms[number % 3])}?token={TOKEN}'
            peer = RawPeer.enter(arenas.url, path, f'p{number}', 'consumer')
            stack.enter_context(closing(peer))
        metrics = arenas.rest.get(f'{home.url}/metrics').text

    expected = f'lerobot_arena_participants{{role="consumer"}} {MORE_THAN_ONE_ADDRESS_MAY_HAVE}.0'
    assert expected in metrics


def statuses_of(url: str, request: bytes) -> list[str]:
    """Send bytes; return the status of each reply until the connection ends or is idle."""
    got = b''
    with closing(RawPeer.connect_bare(url)) as peer, suppress(ConnectionError, TimeoutError):
        peer.sock.sendall(request)
        peer.sock.settimeout(1.0)
        while data := peer.sock.recv(65536):
            got += data
    return re.findall(r'^HTTP/1\.1 (\d+)', got.decode(errors='replace'), re.M)


HIDDEN = f'DELETE {ROOMS}/arm HTTP/1.1\r\nHost: {NAME}\r\n{HEADER}\r\n\r\n'
POST = f'POST {ROOMS} HTTP/1.1\r\nHost: {NAME}\r\n{HEADER}\r\n'
CHUNKED = f'0\r\n\r\n{HIDDEN}'


@pytest.mark.parametrize(
    'head',
    [
        f'Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding: chunked\r\n',
        f'Transfer-Encoding: chunked\r\nContent-Length: {len(CHUNKED)}\r\n',
        f'Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding : chunked\r\n',
        f'Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding:\x0bchunked\r\n',
        f'Content-Length: {len(CHUNKED)}\r\nTransfer-Encoding: xchunked\r\n',
        f'Content-Length: {len(CHUNKED)}\r\nX: a\r\n Transfer-Encoding: chunked\r\n',
        f'Content-Length: {len(CHUNKED)}\r\nContent-Length: 5\r\n',
        f'Content-Length: 5\r\nContent-Length: {len(CHUNKED)}\r\n',
        f'Content-Length: +{len(CHUNKED)}\r\n',
        f'Content-Length: {len(CHUNKED)}\r\nX: a\nTransfer-Encoding: chunked\n',
        f'Content-Length: {len(CHUNKED)}\r\n{HEADER}\r\n',
    ],
    ids=[
        'length and chunks',
        'chunks and length',
        'space before the colon',
        'vertical tab',
        'another encoding',
        'folded',
        'two lengths',
        'two lengths, the short one first',
        'a sign',
        'bare line feeds',
        'two tokens',
    ],
)
def test_what_hides_in_a_body_is_no_request(arenas: Deployment, head: str) -> None:
    """Nginx and the server read each request in the same way, or one of them refuses it."""
    reply = statuses_of(arenas.url, f'{POST}{head}\r\n{CHUNKED}'.encode('latin-1'))

    assert reply[:1] in (['400'], ['401'], ['422'], ['501'], [])
    assert len(reply) <= 2, reply
    assert arenas.rest.get(f'{arenas.url}{ROOMS}/arm').status_code == 200
    assert arenas.rest.get(f'{arenas.url}/health', headers=BEARER).status_code == 200
