# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A revoked or changed token is refused, also for joins and requests in progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
import json
from pathlib import Path
import re
import signal
import socket

import httpx
import pytest
from support.arena_server import Server, arena_server
from support.peers import RawPeer, connect, join, ws_path
from support.tokens import ROLES, TOKENS, tokens_file
from support.waiting import wait_until

from lerobot_arena_ros.server.access.tokens import hash_of

PING = 9
OTHER_TOKEN = 'other-0123456789abcdef'


@pytest.fixture(name='file')
def fixture_file(tmp_path: Path) -> Path:
    """Write a file with a token of each role."""
    return tokens_file(tmp_path / 'tokens.yaml', (), **{role: role for role in ROLES})


@pytest.fixture(name='server')
def fixture_server(file: Path) -> Iterator[Server]:
    """Run a server that has these tokens and a room."""
    with arena_server('--tokens', str(file)) as server:
        rooms = f'{server.url}/robotics/workspaces/lab/rooms'
        httpx.post(rooms, json={'room_id': 'arm'}, headers=bearer('drive')).raise_for_status()
        yield server


def bearer(role: str) -> dict[str, str]:
    """Return the header with the token of a role."""
    return {'Authorization': f'Bearer {TOKENS[role]}'}


def path(role: str) -> str:
    """Return the path of the WebSocket of the room, with the token of a role."""
    return f'{ws_path("lab", "arm")}?token={TOKENS[role]}'


async def revoke(server: Server, file: Path, role: str) -> None:
    """Remove a token from the file, and wait until the server has read it."""
    tokens_file(file, (), **{kept: kept for kept in ROLES if kept != role})
    server.send(signal.SIGHUP)
    await wait_until(
        lambda: (
            httpx.get(f'{server.url}/robotics/access', headers=bearer(role)).status_code == 401
        ),
        'the server to read the tokens',
    )


async def test_a_socket_that_was_opened_before_joins_nothing(server: Server, file: Path) -> None:
    """A socket that has not joined yet is refused when it joins."""
    async with connect(server.url, path('watch')) as watcher:
        await revoke(server, file, 'watch')
        await watcher.send(join('watcher', 'consumer'))

        assert (await watcher.recv_type('error'))['code'] == 'access_denied'
        assert await watcher.close_code() == 1008


async def test_a_join_that_waits_for_another_participant_is_refused(
    server: Server, file: Path
) -> None:
    """The token is checked again after the probe of the holder."""
    with closing(RawPeer.connect(server.url, path('drive'))) as holder:
        holder.send(json.dumps(join('leader', 'producer')).encode())
        assert holder.recv()['type'] == 'joined'
        async with connect(server.url, path('admin')) as newcomer:
            await newcomer.send(join('newcomer', 'producer'))
            while holder.frame()[0] != PING:
                pass
            await revoke(server, file, 'admin')

            assert (await newcomer.recv_type('error'))['code'] == 'access_denied'
            assert await newcomer.close_code() == 1008


async def test_a_request_whose_body_comes_later_is_refused(server: Server, file: Path) -> None:
    """The token is checked again when the body is complete."""

    def requests() -> str:
        text = httpx.get(f'{server.url}/metrics', headers=bearer('watch')).text
        found = re.search(r'requests_total\{token="drive"\} (\S+)', text)
        return found[1] if found else ''

    before = requests()
    body = b'{"room_id": "another"}'
    with socket.create_connection(('127.0.0.1', server.port), timeout=10) as sock:
        sock.sendall(
            b'POST /robotics/workspaces/lab/rooms HTTP/1.1\r\nHost: localhost\r\n'
            b'Connection: close\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n'
            % (TOKENS['drive'].encode(), len(body))
        )
        await wait_until(lambda: requests() != before, 'the request to be let in')
        await revoke(server, file, 'drive')
        sock.sendall(body)
        answer = sock.makefile('rb').readline()

    assert answer.startswith(b'HTTP/1.1 401 ')
    rooms = f'{server.url}/robotics/workspaces/lab/rooms'
    assert httpx.get(rooms, headers=bearer('watch')).json()['total'] == 1


@pytest.mark.parametrize('change', ['hash', 'role', 'workspaces'])
async def test_a_token_that_is_changed_under_its_name_disconnects_its_holder(
    server: Server, file: Path, change: str
) -> None:
    """A client with the old token or the old permissions is disconnected."""
    async with (
        connect(server.url, path('drive')) as driver,
        connect(server.url, path('watch')) as watcher,
    ):
        for peer in (driver, watcher):
            await peer.send(join('driver' if peer is driver else 'watcher', 'consumer'))
            await peer.recv_type('state_sync')
            await peer.recv_type('joined')
        text = file.read_text()
        old, new = {
            'hash': (hash_of(TOKENS['drive']), hash_of(OTHER_TOKEN)),
            'role': ('role: drive', 'role: watch'),
            'workspaces': ('role: drive', 'role: drive, workspaces: [lab]'),
        }[change]
        assert text.count(old) == 1
        file.write_text(text.replace(old, new))
        server.send(signal.SIGHUP)

        assert (await driver.recv_type('error'))['code'] == 'access_denied'
        assert await driver.close_code() == 1008
        await watcher.expect_silence()
