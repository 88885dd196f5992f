# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The options of arena_server: access, limits, policy, and errors."""

from __future__ import annotations

import os
from pathlib import Path
import re
import signal
import ssl

import httpx
import pytest
from support.arena_server import arena_server
from support.certificates import Authority
from support.peers import connect, enter, joint, ws_path
from support.tokens import TOKENS, tokens_file

from lerobot_arena_ros.server.cli.options import UsageError, read_options
from lerobot_arena_ros.server.cli.program import run_server
from lerobot_arena_ros.server.rooms.limits import Limits, Policy, Timing

ROOMS = '/robotics/workspaces/lab/rooms'
BEARER = {'Authorization': 'Bearer zebra-7-long-enough'}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Create a certificate file and its key file."""
    made = Authority(tmp_path).certify_this_machine()
    assert made.keyfile
    return made.certfile, made.keyfile


FIRST = [
    '--help',
    '--host',
    '--port',
    '--token-file',
    '--tokens',
    '--certfile',
    '--keyfile',
    '--allow-origin',
    '--no-commands',
    '--log-level',
    '--version',
]


def test_the_help_begins_with_the_options_that_matter_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ten main options come before all groups, and the help fits 80 columns."""
    monkeypatch.setenv('COLUMNS', '80')
    with pytest.raises(SystemExit):
        read_options(['--help'], {})
    text = capsys.readouterr().out
    before_groups = text.split('\n\n')[2]

    assert re.findall(r'^  (?:-h, )?(--[\w-]+)', before_groups, re.M) == FIRST
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith('usage: arena_server [option ...]\n')


def test_the_token_of_the_environment_guards_it() -> None:
    """The token of the environment is required, and is not logged at any level."""
    with arena_server('--log-level', 'debug', LEROBOT_ARENA_TOKEN='zebra-7-long-enough') as server:
        refused = httpx.get(server.url + ROOMS)
        accepted = httpx.get(server.url + ROOMS, headers=BEARER)
        with pytest.raises(httpx.HTTPError):
            httpx.get(f'{server.url}{ROOMS}?token=zebra-7-long-enough').raise_for_status()
        code, out, err = server.end(signal.SIGINT)

    assert (refused.status_code, accepted.status_code) == (401, 200)
    assert (code, out) == (0, '')
    assert "event=access_denied peer='127.0.0.1'" in err
    assert 'zebra' not in err


def test_the_token_may_be_in_a_file(tmp_path: Path) -> None:
    """The file takes precedence over the environment."""
    file = tmp_path / 'token'
    file.write_text('zebra-7-long-enough\n')
    file.chmod(0o600)
    with arena_server('--token-file', str(file), LEROBOT_ARENA_TOKEN='another') as server:
        assert httpx.get(server.url + ROOMS, headers=BEARER).status_code == 200


def test_the_token_is_no_argument() -> None:
    """The token cannot be an argument, because other users can read command lines."""
    with pytest.raises(UsageError, match='--token'):
        read_options(['--token', 'zebra-7-long-enough'], {})
    assert 'zebra' not in repr(read_options([], {'LEROBOT_ARENA_TOKEN': 'zebra-7-long-enough'}))


async def test_it_serves_tls(tmp_path: Path) -> None:
    """With a certificate, the line with the URL has https."""
    authority = Authority(tmp_path)
    made = authority.certify_this_machine()
    context = ssl.create_default_context(cafile=authority.file)
    with arena_server('--certfile', made.certfile, '--keyfile', made.keyfile or '') as server:
        assert server.url.startswith('https://127.0.0.1:')
        assert httpx.get(f'{server.url}/health', verify=context).status_code == 200
        ended = server.end(signal.SIGINT)

    assert ended == (0, '', '')


@pytest.mark.parametrize(
    ('token', 'said'),
    [
        ({}, 'without a token, anyone'),
        ({'LEROBOT_ARENA_TOKEN': 'zebra-7-long-enough'}, 'without TLS, anyone'),
    ],
    ids=['open', 'unencrypted'],
)
def test_listening_on_every_network_is_warned_of(token: dict[str, str], said: str) -> None:
    """One line warns of the risk and explains how to avoid it."""
    with arena_server('--host', '0.0.0.0', **token) as server:
        url = f'http://127.0.0.1:{server.port}'
        reply = httpx.get(url + ROOMS, headers={'Origin': 'http://evil.example', **BEARER})
        _, _, err = server.end(signal.SIGINT)

    warning, *others = err.splitlines()
    assert warning.startswith('arena_server: warning: --host 0.0.0.0: ')
    assert said in warning
    # Pages of other origins are refused too.
    assert reply.status_code == 403
    assert [line for line in others if 'bad_origin' not in line] == []


def test_no_warning_on_every_network_with_token_and_tls(pair: tuple[str, str]) -> None:
    """With a token and TLS there is no warning."""
    options = ('--host', '0.0.0.0', '--certfile', pair[0], '--keyfile', pair[1])
    with arena_server(*options, LEROBOT_ARENA_TOKEN='zebra-7-long-enough') as server:
        assert server.end(signal.SIGINT) == (0, '', '')


def test_an_allowed_origin_is_the_only_one() -> None:
    """An allowed origin allows no other origins, even on the loopback address."""
    with arena_server('--allow-origin', 'https://example.org') as server:
        codes = [
            httpx.get(server.url + ROOMS, headers={'Origin': origin}).status_code
            for origin in ('https://example.org', 'https://evil.example', server.url)
        ]

    assert codes == [200, 403, 200]


async def test_commands_can_be_switched_off() -> None:
    """S22 as an option: REST commands can be refused."""
    with arena_server('--no-commands') as server:
        server.make_room()
        body = {'joints': [joint('a', 1)]}
        assert httpx.post(f'{server.url}{ROOMS}/arm/command', json=body).status_code == 403


async def test_the_newest_can_win() -> None:
    """S2 as an option: a newcomer can replace the holder of its id."""
    with arena_server('--newest-wins') as server:
        server.make_room()
        async with (
            enter(server.url, 'lab', 'arm', 'same', 'consumer') as old,
            enter(server.url, 'lab', 'arm', 'same', 'consumer'),
        ):
            assert await old.close_code() == 4409


async def test_the_join_timeout_is_an_option() -> None:
    """S4 as an option: the join timeout can be set."""
    with arena_server('--join-timeout-s', '0.05') as server:
        server.make_room()
        async with connect(server.url, ws_path('lab', 'arm')) as peer:
            assert (await peer.recv_type('error'))['code'] == 'join_timeout'


def test_every_limit_is_an_option() -> None:
    """Each limit is an option with the default of the code."""
    options = read_options([], {})
    assert (options.limits, options.timing, options.policy) == (Limits(), Timing(), Policy())
    names = (
        '--max-rooms 1 --max-members 2 --max-joints 3 --max-frame-bytes 4 --max-rate-hz 5'
        ' --max-connections 6 --max-per-address 7 --max-fast-lanes 8 --max-idle-s 9'
        ' --join-timeout-s 10 --no-commands --newest-wins --fresh-rooms'
    )
    options = read_options(names.split(), {})

    assert options.limits == Limits(1, 2, 3, 4, 5.0, 6, 7, 8, 9.0)
    assert options.timing == Timing(join_s=10.0)
    assert options.policy == Policy(commands=False, newest_wins=True, fresh_rooms=True)


@pytest.mark.parametrize(
    ('args', 'named'),
    [
        ('--certfile nowhere.pem', ('--certfile nowhere.pem', 'No such file', 'expected PEM')),
        ('--keyfile key.pem', ('--keyfile key.pem', 'give --certfile, too')),
        ('--certfile /etc/hostname', ('--certfile /etc/hostname', 'not a certificate', 'PEM')),
        ('--token-file nowhere', ('--token-file nowhere', 'No such file', 'with the token')),
        ('--token-file empty', ('--token-file empty', 'it is empty')),
        ('--token-file /dev/null', ('--token-file /dev/null', 'not a regular file')),
        ('--certfile /dev/null', ('--certfile /dev/null', 'not a regular file', 'expected PEM')),
        ('--token-file token --tokens tokens', ('--token-file token', 'either this or --tokens')),
        ('--host a..b', ('--host a..b', 'no such host', '127.0.0.1')),
        (f'--host {"a" * 64}', ('--host aaa', 'no such host', '127.0.0.1')),
        ('--allow-origin example.org', ('--allow-origin', "'example.org'", 'https://example.org')),
        ('--max-rate-hz 0', ('--max-rate-hz', "'0'", 'more than 0')),
        ('--max-connections 1.5', ('--max-connections', "'1.5'", 'from 1 up')),
        ('--max-frame 3', ('--max-frame', '--help')),
    ],
)
def test_a_wrong_option_is_named(
    args: str,
    named: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """An invalid option gives one line with its value and the expectation; code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty').touch()
    with pytest.raises(SystemExit) as caught:
        run_server(args.split())

    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count('\n')) == (2, '', 1)
    for part in ('arena_server: ', *named):
        assert part in err


@pytest.mark.parametrize('option', ['token-file', 'tokens', 'certfile', 'keyfile', 'audit'])
def test_an_empty_path_is_refused(option: str) -> None:
    """An empty path, as from an unset shell variable, must not turn off tokens."""
    with pytest.raises(UsageError, match=f"--{option}: expected the path of a file, got ''"):
        read_options([f'--{option}', ''], {})


@pytest.mark.parametrize('option', ['token-file', 'tokens', 'certfile', 'audit'])
def test_a_pipe_without_a_writer_is_refused(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe is refused, because opening it would block."""
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(SystemExit) as caught:
        run_server([f'--{option}', str(tmp_path / 'pipe')])

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith(f'arena_server: --{option} {tmp_path}/pipe: ')


def test_the_variable_is_no_token_of_a_server_with_named_tokens(tmp_path: Path) -> None:
    """The variable is ignored with --tokens, and a warning is printed."""
    file = tokens_file(tmp_path / 'tokens.yaml', watch='watch')
    with arena_server('--tokens', str(file), LEROBOT_ARENA_TOKEN='zebra-7-long-enough') as server:
        codes = [
            httpx.get(server.url + ROOMS, headers={'Authorization': f'Bearer {token}'}).status_code
            for token in ('zebra-7-long-enough', TOKENS['watch'])
        ]
        _, _, err = server.end(signal.SIGINT)

    assert codes == [401, 200]
    assert err.splitlines()[0] == (
        'arena_server: warning: LEROBOT_ARENA_TOKEN is ignored, because --tokens is given: its'
        f' token is valid only if {file} contains its hash'
    )
    assert 'zebra' not in err


def test_an_empty_variable_is_warned_of() -> None:
    """An empty variable causes a warning, because the server then needs no token."""
    with arena_server(LEROBOT_ARENA_TOKEN='') as server:
        _, _, err = server.end(signal.SIGINT)

    assert err == (
        'arena_server: warning: LEROBOT_ARENA_TOKEN is empty, so clients need no token; unset it'
        ' if that is intended\n'
    )


def test_an_encrypted_key_is_named_and_not_asked_for(tmp_path: Path) -> None:
    """An encrypted key is an error, and no password prompt appears."""
    made = Authority(tmp_path).certify_this_machine(password=b'secret')

    with pytest.raises(UsageError, match='the key is encrypted; expected .* unencrypted'):
        read_options(['--certfile', made.certfile, '--keyfile', made.keyfile or ''], {})


def test_a_bad_token_of_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error contains the name of the variable, and not its value."""
    monkeypatch.setenv('LEROBOT_ARENA_TOKEN', 'zebra 7')
    with pytest.raises(SystemExit) as caught:
        run_server([])

    assert caught.value.code == 2
    assert capsys.readouterr().err == (
        'arena_server: LEROBOT_ARENA_TOKEN: not a token: expected visible ASCII characters without'
        ' spaces\n'
    )
