# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The permissions of each role: over REST, in rooms, and by workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
import json
from pathlib import Path
import shlex
import signal
import subprocess
from typing import Any

import httpx
import pytest
from support.arena_server import COMMAND, ROOT, arena_server
from support.peers import Peer, connect, enter, join, ws_path
from support.server import running_server
from support.tokens import ROLES, TOKENS, tokens_file
from support.waiting import wait_for

from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.access.tokens import Access, Grant, Tokens, hash_of
from lerobot_arena_ros.server.cli.options import read_options
from lerobot_arena_ros.server.http.app import create_app
from lerobot_arena_ros.server.rooms.limits import Policy

WORKSPACE, OTHER = 'lab', 'home'
ROOM = f'/robotics/workspaces/{WORKSPACE}/rooms/arm'
NEEDS = {
    ('GET', '/robotics/status'): 'watch',
    ('GET', '/robotics/workspaces/{workspace_id}/rooms'): 'watch',
    ('POST', '/robotics/workspaces/{workspace_id}/rooms'): 'drive',
    ('GET', '/robotics/workspaces/{workspace_id}/rooms/{room_id}'): 'watch',
    ('DELETE', '/robotics/workspaces/{workspace_id}/rooms/{room_id}'): 'admin',
    ('GET', '/robotics/workspaces/{workspace_id}/rooms/{room_id}/state'): 'watch',
    ('GET', '/robotics/workspaces/{workspace_id}/rooms/{room_id}/robots'): 'watch',
    ('POST', '/robotics/workspaces/{workspace_id}/rooms/{room_id}/command'): 'drive',
    ('GET', '/robotics/cleanup/status'): 'watch',
    ('POST', '/robotics/cleanup/manual'): 'admin',
    ('GET', '/metrics'): 'watch',
    ('GET', '/video/'): 'watch',
    ('GET', '/video/status'): 'watch',
    ('GET', '/video/workspaces/{workspace_id}/rooms'): 'watch',
    ('POST', '/video/workspaces/{workspace_id}/rooms'): 'drive',
    ('GET', '/video/workspaces/{workspace_id}/rooms/{room_id}'): 'watch',
    ('DELETE', '/video/workspaces/{workspace_id}/rooms/{room_id}'): 'admin',
    ('GET', '/video/workspaces/{workspace_id}/rooms/{room_id}/state'): 'watch',
    ('POST', '/video/workspaces/{workspace_id}/rooms/{room_id}/webrtc/signal'): 'watch',
    ('GET', '/video/cleanup/status'): 'watch',
    ('POST', '/video/cleanup/manual'): 'admin',
}
OPEN = {('GET', '/health'), ('GET', '/robotics/health'), ('GET', '/video/health')}
ANY_TOKEN = {('GET', '/robotics/access')}


def bearer(role: str) -> dict[str, str]:
    """Return the header with the token of a role."""
    return {'Authorization': f'Bearer {TOKENS[role]}'}


def rules() -> Rules:
    """Return a token of each role for one workspace, and an admin token for all."""
    grants = []
    for access in Access:
        name = access.name.lower()
        made = Grant.of_token(name, TOKENS[name], access)
        grants.append(Grant(name, access, frozenset({WORKSPACE}), made.digest))
    grants.append(Grant.of_token('root', 'root-0123456789abcdef'))
    return Rules(Tokens(grants))


ROOT_TOKEN = {'Authorization': 'Bearer root-0123456789abcdef'}


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run a server with a token of each role, and a room in two workspaces."""
    with running_server(rules=rules(), policy=Policy(newest_wins=True)) as address:
        for workspace in (WORKSPACE, OTHER):
            rooms = f'{address}/robotics/workspaces/{workspace}/rooms'
            httpx.post(rooms, json={'room_id': 'arm'}, headers=ROOT_TOKEN).raise_for_status()
        yield address


def test_each_route_of_the_server_has_its_row() -> None:
    """Each route is in the table, so that each is tested."""
    paths: dict[str, Any] = create_app().openapi()['paths']
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}

    assert routes == NEEDS.keys() | OPEN | ANY_TOKEN


@pytest.mark.parametrize(('method', 'path'), NEEDS)
def test_a_route_needs_its_role(url: str, method: str, path: str) -> None:
    """A lower role gets 403 with the name of the token and the needed role."""
    needed = NEEDS[method, path]
    allowed = ROLES[ROLES.index(needed) :]
    in_workspace = '{workspace_id}' in path
    path = path.replace('{workspace_id}', WORKSPACE).replace('{room_id}', 'nowhere')

    for role in ROLES:
        reply = httpx.request(method, url + path, headers=bearer(role))
        if role in allowed and in_workspace:
            assert reply.status_code in (200, 404, 422), (role, reply.text)
        else:
            assert reply.status_code == 403, (role, reply.text)
            assert f"token '{role}' may {role}" in reply.json()['detail']
            assert f'that may {needed}' in reply.json()['detail']
    assert httpx.request(method, url + path, headers=ROOT_TOKEN).status_code in (200, 404, 422)
    assert httpx.request(method, url + path).status_code == 401


@pytest.mark.parametrize('role', ROLES)
def test_each_token_can_read_its_permissions(url: str, role: str) -> None:
    """A token of some workspaces can read its permissions too."""
    for prefix in ('', '/api'):
        reply = httpx.get(f'{url}{prefix}/robotics/access', headers=bearer(role))
        assert reply.json() == {'token': role, 'role': role, 'workspaces': [WORKSPACE]}
    reply = httpx.get(f'{url}/robotics/access', headers=ROOT_TOKEN)
    assert reply.json() == {'token': 'root', 'role': 'admin', 'workspaces': None}
    assert httpx.get(f'{url}/robotics/access').status_code == 401


def test_a_server_without_tokens_allows_everything() -> None:
    """The name of the token is null on a server without tokens."""
    with running_server() as url:
        reply = httpx.get(f'{url}/robotics/access')

    assert reply.json() == {'token': None, 'role': 'admin', 'workspaces': None}


@pytest.mark.parametrize('role', ROLES)
def test_a_token_of_one_workspace_opens_no_other(url: str, role: str) -> None:
    """An admin of one workspace can read nothing in another one."""
    for path in ('rooms', 'rooms/arm', 'rooms/arm/state'):
        reply = httpx.get(f'{url}/robotics/workspaces/{OTHER}/{path}', headers=bearer(role))
        assert reply.status_code == 403
        assert f"in workspace '{OTHER}'" in reply.json()['detail']


def room(role: str, room_id: str = 'arm') -> str:
    """Return the path of the WebSocket of a room, with the token of a role."""
    return f'{ws_path(WORKSPACE, room_id)}?token={TOKENS[role]}'


def member(url: str, token: str, name: str, *features: str) -> AbstractAsyncContextManager[Peer]:
    """Join the room as a consumer, with the token of a role."""
    return enter(url, WORKSPACE, 'arm', name, 'consumer', *features, token=TOKENS[token])


@pytest.mark.parametrize(
    ('role', 'kind', 'is_allowed'),
    [
        ('watch', 'consumer', True),
        ('watch', 'producer', False),
        ('drive', 'consumer', True),
        ('drive', 'producer', True),
        ('admin', 'producer', True),
    ],
)
async def test_a_room_needs_its_role(url: str, role: str, kind: str, is_allowed: bool) -> None:
    """A watcher gets joint updates, and cannot join as a producer."""
    async with connect(url, room(role)) as peer:
        await peer.send(join(f'{role}-{kind}', kind))
        first = await peer.recv()

    if is_allowed:
        assert first['type'] in ('joined', 'state_sync')
    else:
        assert (first['type'], first['code']) == ('error', 'not_allowed')
        assert "token 'watch' may watch" in first['message']


@pytest.mark.parametrize('role', ROLES)
async def test_a_token_of_one_workspace_joins_no_room_of_another(url: str, role: str) -> None:
    """The token of a workspace admin cannot join or replace a participant elsewhere."""
    there = ws_path(OTHER, 'arm')
    async with (
        connect(url, f'{there}?{httpx.QueryParams({"token": "root-0123456789abcdef"})}') as holder,
        connect(url, f'{there}?token={TOKENS[role]}') as newcomer,
    ):
        await holder.send(join('arm1', 'consumer'))
        await holder.recv_type('state_sync')
        await holder.recv_type('joined')
        await newcomer.send(join('arm1', 'consumer'))
        refused = await newcomer.recv_type('error')

        assert refused['code'] == 'not_allowed'
        assert f"in workspace '{OTHER}'" in refused['message']
        await holder.expect_silence()


async def test_each_participant_may_stop(url: str) -> None:
    """Each participant may send an emergency stop."""
    async with (
        connect(url, f'{ws_path(WORKSPACE, "arm")}?token={TOKENS["watch"]}') as watcher,
        connect(url, f'{ws_path(WORKSPACE, "arm")}?token={TOKENS["drive"]}') as driver,
    ):
        await driver.send(join('driver', 'producer'))
        await driver.recv_type('joined')
        await watcher.send(join('watcher', 'consumer'))
        await watcher.recv_type('state_sync')
        await watcher.recv_type('joined')
        await watcher.send({'type': 'emergency_stop', 'reason': 'fire'})

        assert (await driver.recv_type('emergency_stop'))['source'] == 'watcher'


async def test_a_watcher_asks_no_robot_to_reset_its_stop(url: str) -> None:
    """A reset lets a robot move, so it needs the role drive."""
    async with connect(url, room('watch')) as watcher:
        await watcher.send(join('watcher', 'consumer', 'remote_reset'))
        await watcher.recv_type('state_sync')
        await watcher.recv_type('joined')
        await watcher.send({'type': 'reset_stop', 'to': 'robot'})
        refused = await watcher.recv_type('error')

    assert refused['code'] == 'not_allowed'
    assert 'this needs a token that may drive' in refused['message']


@pytest.mark.parametrize(
    ('role', 'is_replaced'), [('watch', False), ('drive', True), ('admin', True)]
)
async def test_a_participant_is_replaced_by_its_own_token_or_an_admin(
    url: str, role: str, is_replaced: bool
) -> None:
    """With --newest-wins, an id without its token is not enough to replace its holder."""
    async with connect(url, room('drive')) as holder, connect(url, room(role)) as newcomer:
        await holder.send(join('arm1', 'consumer'))
        await holder.recv_type('state_sync')
        await holder.recv_type('joined')
        await newcomer.send(join('arm1', 'consumer'))
        first = await newcomer.recv()

        if is_replaced:
            assert first['type'] == 'state_sync'
            assert (await holder.recv_type('error'))['code'] == 'replaced'
        else:
            assert first['code'] == 'join_refused'
            await holder.expect_silence()


async def test_tokens_are_read_again_without_a_restart(tmp_path: Path) -> None:
    """At SIGHUP, clients of a removed token are disconnected, and others stay."""
    file = tokens_file(tmp_path / 'tokens.yaml', drive='drive', watch='watch')
    with arena_server('--tokens', str(file)) as server:
        rooms = f'{server.url}/robotics/workspaces/{WORKSPACE}/rooms'
        httpx.post(rooms, json={'room_id': 'arm'}, headers=bearer('drive')).raise_for_status()
        async with (
            connect(server.url, room('drive')) as driver,
            connect(server.url, room('watch')) as watcher,
        ):
            await driver.send(join('driver', 'producer'))
            await driver.recv_type('joined')
            await watcher.send(join('watcher', 'consumer'))
            await watcher.recv_type('state_sync')
            await watcher.recv_type('joined')

            tokens_file(file, drive='drive', admin='admin')
            server.send(signal.SIGHUP)

            assert (await watcher.recv_type('error'))['code'] == 'access_denied'
            assert await watcher.close_code() == 1008
            await driver.expect_silence()
            assert httpx.get(rooms, headers=bearer('watch')).status_code == 401
            assert httpx.get(rooms, headers=bearer('admin')).status_code == 200


async def test_a_damaged_tokens_file_changes_nothing(tmp_path: Path) -> None:
    """SIGHUP with an invalid file keeps the old tokens."""
    file = tokens_file(tmp_path / 'tokens.yaml', drive='drive')
    with arena_server('--tokens', str(file)) as server:
        file.write_text('tokens: [')
        server.send(signal.SIGHUP)
        rooms = f'{server.url}/robotics/workspaces/{WORKSPACE}/rooms'
        assert httpx.get(rooms, headers=bearer('drive')).status_code == 200
        code, _, err = server.end(signal.SIGINT)

    assert code == 0
    assert 'event=tokens_not_read' in err
    assert 'not YAML in line 1' in err


def run(*args: str, given: str = '') -> subprocess.CompletedProcess[str]:
    """Run arena_server with these arguments and this input."""
    return subprocess.run(
        [*COMMAND, *args], input=given, capture_output=True, text=True, cwd=ROOT, timeout=30
    )


def test_a_token_is_made_together_with_its_hash() -> None:
    """Without input, each call prints a new token and its hash."""
    first, second = run('hash-token'), run('hash-token')
    token, digest = (line.partition(': ')[2] for line in first.stdout.splitlines())

    assert (first.returncode, first.stderr) == (0, '')
    assert hash_of(token) == digest
    assert first.stdout != second.stdout
    assert run('hash-token', given=f'{token}\n').stdout == f'hash: {digest}\n'


@pytest.mark.parametrize(
    ('args', 'given', 'complaint'),
    [
        (('hash-token',), 'zebra', 'has 5 characters, expected at least 16'),
        (('hash-token', 'zebra'), '', 'every user can read a command line'),
        (('--tokens', '/nowhere'), '', '--tokens /nowhere: No such file'),
        (('--tokens', '/dev/null'), '', '--tokens /dev/null: not a regular file'),
        (('--audit', '/nowhere/audit'), '', '--audit /nowhere/audit: No such file'),
        (('--server-name', 'http://arena'), '', 'expected a host name such as'),
    ],
)
def test_invalid_input_gives_one_line(args: tuple[str, ...], given: str, complaint: str) -> None:
    """The exit code is 2, without a traceback."""
    ended = run(*args, given=given)

    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert complaint in ended.stderr


@pytest.mark.parametrize(
    ('redirected', 'code', 'told'),
    [
        ('<&-', 0, ''),
        ('>/dev/full', 2, 'arena_server: hash-token: No space left on device\n'),
        ('>&-', 2, 'arena_server: hash-token: standard output is closed\n'),
    ],
)
def test_a_token_that_cannot_be_printed_gives_one_line(
    redirected: str, code: int, told: str
) -> None:
    """A closed stdin is empty input; a failed output is an error."""
    ended = subprocess.run(
        f'exec {shlex.join(COMMAND)} hash-token {redirected}',
        shell=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=30,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (code, told)
    assert ended.stdout.startswith('token: ') is (code == 0)


def test_a_token_that_can_be_guessed_or_read_is_warned_of(tmp_path: Path) -> None:
    """A weak token is accepted with a warning that explains what to do."""
    file = tmp_path / 'token'
    file.write_text('z')
    file.chmod(0o644)
    with arena_server('--token-file', str(file)) as server:
        _, _, err = server.end(signal.SIGINT)
    assert 'the token has 1 characters and can be guessed' in err
    assert f'chmod 600 {file}' in err

    file.write_text(TOKENS['admin'])
    file.chmod(0o600)
    with arena_server('--token-file', str(file)) as server:
        _, _, err = server.end(signal.SIGINT)
    assert err == ''


@pytest.mark.parametrize('mode', [0o604, 0o602, 0o601, 0o600])
def test_a_file_that_other_users_may_open_is_warned_of(tmp_path: Path, mode: int) -> None:
    """A user who may write the file could add a token."""
    file = tokens_file(tmp_path / 'tokens.yaml', admin='admin')
    file.chmod(mode)
    warnings = read_options(['--tokens', str(file)], {}).warnings

    assert bool(warnings) is (mode != 0o600)
    assert all(f'chmod 600 {file}' in warning for warning in warnings)


def test_the_audit_log_names_who_deletes_idle_rooms(tmp_path: Path) -> None:
    """The audit log has the token and address of a manual cleanup."""
    tokens = tokens_file(tmp_path / 'tokens.yaml', admin='admin')
    audit = tmp_path / 'audit.jsonl'
    options = ('--tokens', str(tokens), '--audit', str(audit), '--max-idle-s', '0.01')
    with arena_server(*options) as server, httpx.Client(headers=bearer('admin')) as http:
        base = f'{server.url}/robotics'
        http.post(f'{base}/workspaces/{WORKSPACE}/rooms', json={}).raise_for_status()
        wait_for(
            lambda: http.post(f'{base}/cleanup/manual').json()['cleanup_result']['rooms_removed'],
            'the room to be idle',
        )
        server.end(signal.SIGINT)

    last = json.loads(audit.read_text().splitlines()[-1])
    del last['time']
    swept = {'event': 'rooms_swept', 'count': 1, 'peer': '127.0.0.1', 'token': 'admin'}
    assert last == swept


async def test_the_audit_log_has_what_a_token_did_not_allow(tmp_path: Path) -> None:
    """The audit log has refused requests of REST and of rooms."""
    tokens = tokens_file(tmp_path / 'tokens.yaml', drive='drive', watch='watch')
    audit = tmp_path / 'audit.jsonl'
    options = ('--tokens', str(tokens), '--audit', str(audit), '--no-commands')
    command = {'joints': [{'name': 'a', 'value': 1}]}
    with arena_server(*options) as server:
        rooms = f'{server.url}/robotics/workspaces/{WORKSPACE}/rooms'
        httpx.post(rooms, json={'room_id': 'arm'}, headers=bearer('drive')).raise_for_status()
        assert httpx.delete(f'{rooms}/arm', headers=bearer('watch')).status_code == 403
        for role in ('watch', 'drive'):
            reply = httpx.post(f'{rooms}/arm/command', json=command, headers=bearer(role))
            assert reply.status_code == 403
        async with member(server.url, 'watch', 'watcher', 'remote_reset') as watcher:
            await watcher.send({'type': 'reset_stop', 'to': 'robot'})
            await watcher.recv_type('error')
        server.end(signal.SIGINT)

    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    refused = [line for line in lines if line['event'] == 'refused']
    assert {line['peer'] for line in refused} == {'127.0.0.1'}
    assert [(line['code'], line['token'], line['what']) for line in refused] == [
        ('not_allowed', 'watch', f'DELETE {ROOM}'),
        ('not_allowed', 'watch', f'POST {ROOM}/command'),
        ('commands_off', 'drive', f'POST {ROOM}/command'),
        ('not_allowed', 'watch', 'reset_stop'),
    ]
    assert (refused[-1]['participant'], refused[-1]['room']) == ('watcher', 'arm')


async def test_a_flood_hides_nothing_in_the_audit_log(tmp_path: Path) -> None:
    """A flood hides no stop of others, is recorded, and the log stays short."""
    tokens = tokens_file(tmp_path / 'tokens.yaml', drive='drive', watch='watch')
    audit = tmp_path / 'audit.jsonl'
    with arena_server('--tokens', str(tokens), '--audit', str(audit)) as server:
        rooms = f'{server.url}/robotics/workspaces/{WORKSPACE}/rooms'
        with httpx.Client(headers=bearer('drive')) as http:
            for _ in range(30):
                http.post(rooms, json={'room_id': 'arm'}).raise_for_status()
        for _ in range(30):
            async with member(server.url, 'watch', 'churn'):
                pass
        async with (
            member(server.url, 'drive', 'driver', 'remote_reset') as driver,
            member(server.url, 'watch', 'watcher') as watcher,
        ):
            for number in range(1100):
                await driver.send({'type': 'reset_stop', 'to': f'x{number}'})
            await watcher.send({'type': 'emergency_stop', 'reason': 'fire'})
            await watcher.recv_type('emergency_stop')
        server.end(signal.SIGINT)

    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    counts = Counter(line['event'] for line in lines)
    (stop,) = [line for line in lines if line['event'] == 'emergency_stop']
    assert (stop['participant'], stop['token'], stop['reason']) == ('watcher', 'watch', 'fire')
    assert counts['room_created'] == 1
    assert counts['joined'] <= 8
    assert counts['reset_requested'] <= 3 * 21
    resets = [line for line in lines if line['event'] == 'reset_requested']
    assert sum(line.get('more', 1) for line in resets) == 1100
    assert {line['peer'] for line in lines if 'peer' in line} == {'127.0.0.1'}


async def test_the_audit_log_names_who_did_what(tmp_path: Path) -> None:
    """Each line is a JSON object with token name, address and action, without a token."""
    tokens = tokens_file(tmp_path / 'tokens.yaml', drive='drive', watch='watch', admin='admin')
    audit = tmp_path / 'audit.jsonl'
    command = {'joints': [{'name': 'a', 'value': 1}]}
    with arena_server('--tokens', str(tokens), '--audit', str(audit)) as server:
        rooms = f'{server.url}/robotics/workspaces/{WORKSPACE}/rooms'
        with httpx.Client(headers=bearer('drive')) as http:
            http.post(rooms, json={'room_id': 'arm'}).raise_for_status()
            for _ in range(5):
                http.post(f'{rooms}/arm/command', json=command).raise_for_status()
        assert httpx.get(rooms).status_code == 401
        async with member(server.url, 'watch', 'watcher') as watcher:
            await watcher.send({'type': 'emergency_stop', 'reason': 'fire'})
            await watcher.recv_type('emergency_stop')
        audit.rename(tmp_path / 'audit.jsonl.1')
        httpx.delete(f'{rooms}/arm', headers=bearer('admin')).raise_for_status()
        wait_for(audit.exists, 'a new audit log')
        server.end(signal.SIGINT)

    old = [json.loads(line) for line in (tmp_path / 'audit.jsonl.1').read_text().splitlines()]
    new = [json.loads(line) for line in audit.read_text().splitlines()]
    told = [(line['event'], line.get('token')) for line in old + new]
    for expected in (
        ('room_created', 'drive'),
        ('command', 'drive'),
        ('refused', None),
        ('joined', 'watch'),
        ('emergency_stop', 'watch'),
        ('room_deleted', 'admin'),
    ):
        assert expected in told
    assert told.count(('command', 'drive')) <= 2  # The first line and the count of the others.
    assert {line['peer'] for line in old + new if 'peer' in line} == {'127.0.0.1'}
    assert all(line['time'].endswith('+00:00') for line in old + new)
    for file in (tmp_path / 'audit.jsonl.1', audit):
        assert file.stat().st_mode & 0o077 == 0
    assert not any(token in str(old + new) for token in TOKENS.values())
