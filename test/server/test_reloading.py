# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""SIGHUP: the tokens are read again without other effects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
import os
from pathlib import Path
import signal
import threading

import httpx
import pytest
from support.arena_server import arena_server
from support.tokens import TOKENS, tokens_file
from support.waiting import wait_for

from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.access.tokens import Grant, Tokens
from lerobot_arena_ros.server.cli import reloading
from lerobot_arena_ros.server.cli.options import Options, read_options
from lerobot_arena_ros.server.cli.reloading import SighupHandler, reload_tokens
from lerobot_arena_ros.server.http.app import create_app

ROOMS = '/robotics/workspaces/lab/rooms'


@pytest.fixture
def _own_handler() -> Iterator[None]:
    """Restore the signal handler after the test."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def status(url: str, token: str) -> int:
    """Return the status of a request for the rooms with a token."""
    return httpx.get(url + ROOMS, headers={'Authorization': f'Bearer {token}'}).status_code


def test_a_server_without_tokens_lives_on() -> None:
    """A server without tokens must not end at SIGHUP."""
    with arena_server('--log-level', 'info') as server:
        server.send(signal.SIGHUP)
        wait_for(lambda: 'event=tokens_not_read' in server.errors, 'the log')
        assert httpx.get(server.url + ROOMS).status_code == 200
        code, _, err = server.end(signal.SIGINT)

    assert code == 0
    assert "event=tokens_not_read why='neither --tokens nor --token-file is given'" in err


def test_the_file_of_the_one_token_is_read_again(tmp_path: Path) -> None:
    """The old token is no longer valid, and an empty file changes nothing."""
    file = tmp_path / 'token'
    file.write_text(TOKENS['drive'])
    file.chmod(0o600)
    with arena_server('--token-file', str(file)) as server:
        file.write_text(TOKENS['admin'])
        server.send(signal.SIGHUP)
        wait_for(lambda: status(server.url, TOKENS['admin']) == 200, 'the new token')
        assert status(server.url, TOKENS['drive']) == 401

        file.write_text('')
        server.send(signal.SIGHUP)
        wait_for(lambda: 'event=tokens_not_read' in server.errors, 'the log')
        assert status(server.url, TOKENS['admin']) == 200
        code, _, err = server.end(signal.SIGINT)

    assert code == 0
    assert 'event=tokens_not_read' in err
    assert 'it is empty' in err


@pytest.mark.usefixtures('_own_handler')
async def test_a_signal_before_the_loop_runs_is_handled() -> None:
    """A signal during the start causes a reload, and does not end the process."""
    sighup = SighupHandler()
    os.kill(os.getpid(), signal.SIGHUP)
    called = asyncio.Event()

    async def read_again() -> None:
        called.set()

    following = asyncio.create_task(sighup.run(read_again))
    await asyncio.wait_for(called.wait(), 10)
    called.clear()
    os.kill(os.getpid(), signal.SIGHUP)
    await asyncio.wait_for(called.wait(), 10)
    following.cancel()


async def test_reading_tokens_does_not_block_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading 1000 tokens takes half a second, and must not delay a stop."""
    served = threading.Event()
    was_served: list[bool] = []

    def read_slowly(_: Options) -> tuple[Grant, ...]:
        was_served.append(served.wait(10))
        return (Grant.of_token('new', TOKENS['admin']),)

    monkeypatch.setattr(reloading, 'read_grants', read_slowly)
    options = read_options(['--tokens', str(tokens_file(tmp_path / 't', drive='drive'))], {})
    rules = Rules(Tokens(options.grants))
    asyncio.get_running_loop().call_later(0.01, served.set)
    await reload_tokens(options, create_app(rules=rules).state.manager, rules)

    assert was_served == [True]
    assert rules.tokens.grant_of(TOKENS['admin'])
    assert not rules.tokens.grant_of(TOKENS['drive'])
