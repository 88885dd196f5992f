# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser with tokens of each role: which controls are enabled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
import signal
from typing import Any

import httpx
import pytest
from support.arena_server import Server, arena_server
from support.browser import Console
from support.console_rooms import take_control
from support.operator_thread import running_operator
from support.participant import running_participant
from support.stand_in import FOLLOWING, running_stand_in
from support.tokens import TOKENS, tokens_file
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.robot_state import StopCause

WORKSPACE, OTHER = 'lab', 'home'
ROBOT = 'arm1-bridge-3f2a91'
STOPPED = replace(
    FOLLOWING,
    gate='stopped',
    cause='emergency stop',
    stop=StopCause('fire', 'somebody', '2026-01-01T00:00:00+00:00'),
    can_reset=True,
)

COUNT_TIMERS = """
window.pendingTimers = new Set();
const [set, clear] = [window.setTimeout, window.clearTimeout];
window.setTimeout = (action, ms) => {
  const id = set(() => {
    window.pendingTimers.delete(id);
    action();
  }, ms);
  window.pendingTimers.add(id);
  return id;
};
window.clearTimeout = (id) => {
  window.pendingTimers.delete(id);
  clear(id);
};
"""

WORKSPACES = """
return [...document.getElementById('workspace').options].map((each) => each.value);
"""


@contextmanager
def server_with(path: Path, *workspaces: str, **tokens: str) -> Iterator[Server]:
    """Run a server with these tokens, and the room ``arm`` in two workspaces."""
    file = tokens_file(path, admin='admin')
    with arena_server('--tokens', str(file)) as server:
        for workspace in (WORKSPACE, OTHER):
            rooms = f'{server.url}/robotics/workspaces/{workspace}/rooms'
            reply = httpx.post(rooms, json={'room_id': 'arm'}, headers=bearer('admin'))
            reply.raise_for_status()
        change(server, path, *workspaces, **tokens)
        yield server


def change(server: Server, path: Path, *workspaces: str, **tokens: str) -> None:
    """Replace the tokens of the server, and wait until it has read them."""
    tokens_file(path, workspaces, **tokens)
    server.send(signal.SIGHUP)
    name, role = next(iter(tokens.items()))
    wanted = {'token': name, 'role': role, 'workspaces': list(workspaces) or None}

    def is_read() -> bool:
        reply = httpx.get(f'{server.url}/robotics/access', headers=bearer(name))
        return bool(reply.json() == wanted)

    wait_for(is_read, 'the tokens to be read')


def bearer(name: str) -> dict[str, str]:
    """Return the header with a token."""
    return {'Authorization': f'Bearer {TOKENS[name]}'}


def enter(console: Console, url: str, name: str, workspace: str = '', room: str = '') -> None:
    """Open the page again and enter a token."""
    console.open(url, workspace, room)
    console.wait_text('token-panel', 'This arena is protected')
    console.fill('token', TOKENS[name])
    wait_for(lambda: console.text('token-panel') == '', 'the token to be accepted')


def is_enabled(console: Console, element_id: str) -> bool:
    """Return whether a control of the page is enabled."""
    return bool(console.driver.find_element('id', element_id).is_enabled())


def reset_button(console: Console) -> Any:
    """Wait for the button that resets the stop of the only robot, and return it."""
    shown = 'return document.querySelector(".robot-reset:not([hidden])")'
    wait_for(lambda: console.run(shown), 'the reset button')
    return console.run(shown)


def test_a_watch_token_disables_all_controls_but_the_stop(
    console: Console, tmp_path: Path
) -> None:
    """With a watch token, each control but the stop is disabled, with the reason beside it."""
    with (
        server_with(tmp_path / 'tokens.yaml', watch='watch') as server,
        running_stand_in(
            server.url, WORKSPACE, 'arm', ROBOT, STOPPED, token=TOKENS['watch']
        ) as robot,
    ):
        enter(console, server.url, 'watch', WORKSPACE, 'arm')
        console.wait_joined()
        console.wait_text('permissions', "Token 'watch' may watch.")
        why = 'your token may only watch.'
        console.wait_text('drive-note', f'You cannot take control: {why}')
        console.wait_text('joints-off', f'The joints cannot be moved: {why}')
        assert console.text('take') == console.text('release') == ''
        assert not is_enabled(console, 'take')
        assert not console.joint('elbow', 'slider').is_enabled()
        assert console.text('joint-form') == ''
        assert not reset_button(console).is_enabled()
        assert f'You cannot reset this stop: {why}' in console.gate(ROBOT)
        assert 'on this page' not in console.gate(ROBOT) + console.text('stopped-robots')
        console.driver.find_element('css selector', '#create summary').click()
        console.wait_text('create-off', f'You cannot create a room: {why}')
        assert not is_enabled(console, 'new-room')
        assert console.driver.find_elements('css selector', '#create button:enabled') == []
        console.take_pictures('token-may-watch')

        console.click('stop')
        wait_for(lambda: robot.stops, 'the stop')
        console.wait_text('alert', 'The arena passed the stop on')


def test_a_watch_token_shows_who_drives(console: Console, tmp_path: Path) -> None:
    """With a watch token, the page has no buttons for control, and shows who has it."""
    with server_with(tmp_path / 'tokens.yaml', watch='watch', drive='drive') as server:
        enter(console, server.url, 'watch', WORKSPACE, 'arm')
        console.wait_joined()
        console.wait_text('producer', 'No driver')
        with (
            running_operator(
                server.url, WORKSPACE, 'arm', 'policy-1', token=TOKENS['drive']
            ) as policy,
            running_operator(
                server.url, WORKSPACE, 'arm', 'policy-2', token=TOKENS['drive']
            ) as other,
        ):
            policy.take()
            console.wait_text('producer', 'policy-1')
            policy.drive(elbow=12)
            wait_for(lambda: console.value('elbow') == 12, 'the value of the driver')
            policy.request('give_control', 'policy-2')
            console.wait_text('producer', 'policy-2')
            wait_for(lambda: other.holder == 'policy-2', 'the other driver')
            for control in ('take', 'release', 'give-form', 'requests'):
                assert console.text(control) == ''
        console.wait_text('producer', 'No driver')


def test_a_watch_token_cannot_create_a_missing_room(console: Console, tmp_path: Path) -> None:
    """With a watch token, the button that creates a missing room is disabled."""
    with server_with(tmp_path / 'tokens.yaml', watch='watch') as server:
        enter(console, server.url, 'watch', WORKSPACE, 'nowhere')
        console.wait_text('missing', 'There is no room nowhere')
        assert not is_enabled(console, 'create-missing')
        console.wait_text('missing', 'You cannot create the room: your token may only watch.')
        console.open(server.url)
        console.wait_text('welcome', 'This workspace has no room. A robot creates its room')


@pytest.mark.parametrize(
    ('role', 'words'), [('drive', "Token 'drive' may drive"), ('admin', 'may do everything.')]
)
def test_a_drive_token_enables_all_controls(
    console: Console, tmp_path: Path, role: str, words: str
) -> None:
    """A drive token can take control, move a joint, reset a robot and create a room."""
    with (
        server_with(tmp_path / 'tokens.yaml', **{role: role}) as server,
        running_stand_in(
            server.url, WORKSPACE, 'arm', ROBOT, STOPPED, token=TOKENS[role]
        ) as robot,
        running_participant(
            RoboticsConsumer(server.url, token=TOKENS[role]), WORKSPACE, 'arm', 'onlooker'
        ) as onlooker,
    ):
        enter(console, server.url, role, WORKSPACE, 'arm')
        console.wait_joined()
        console.wait_text('permissions', words)
        assert reset_button(console).is_enabled()
        assert 'your token' not in console.gate(ROBOT)
        console.reset(ROBOT, lambda: bool(robot.resets))
        take_control(console)
        wait_for(console.joint('elbow', 'slider').is_enabled, 'the slider')
        console.type_value('elbow', '12')
        wait_for(lambda: onlooker.updates[-1:] == [{'elbow': 12.0}], 'the joint to be sent')
        console.driver.find_element('css selector', '#create summary').click()
        assert console.text('create-off') == ''
        console.fill('new-room', 'second')
        console.wait_text('room-title', 'second')
        console.wait_joined()


def test_a_token_of_some_workspaces_opens_the_console_there(
    console: Console, tmp_path: Path
) -> None:
    """The page opens the token's first workspace, and shows the server's refusal for others."""
    with server_with(tmp_path / 'tokens.yaml', WORKSPACE, 'yard', drive='drive') as server:
        enter(console, server.url, 'drive')
        console.wait_text('permissions', "Token 'drive' may drive in lab, yard.")
        wait_for(lambda: 'arm' in console.text('rooms'), 'the room in the list')
        wait_for(lambda: console.run(WORKSPACES) == ['lab', 'yard'], 'the workspaces')
        console.driver.find_element('css selector', '#create summary').click()
        console.driver.find_element('id', 'new-workspace').clear()
        console.driver.find_element('id', 'new-workspace').send_keys(OTHER)
        console.fill('new-room', 'mine')
        refusal = "token 'drive' may drive in the workspaces lab, yard; this needs a token that"
        console.wait_text('create-note', f'The room was not created: {refusal} may drive')
        assert console.text('rooms-note') == ''

        console.open(server.url, OTHER, 'arm')
        console.wait_text('link', f"Refused: {refusal} may watch in workspace '{OTHER}'")
        assert console.text('token-panel') == ''
        assert console.text('drive-note') == ''
        console.take_pictures('token-of-another-workspace')
        change(server, tmp_path / 'tokens.yaml', OTHER, drive='drive')
        console.wait_joined()


def test_a_token_that_is_changed_is_shown_as_it_is(console: Console, tmp_path: Path) -> None:
    """After a change of its token, the page shows why it was disconnected, and joins again."""
    with server_with(tmp_path / 'tokens.yaml', drive='drive') as server:
        enter(console, server.url, 'drive', WORKSPACE, 'arm')
        console.wait_joined()
        take_control(console)
        change(server, tmp_path / 'tokens.yaml', drive='watch')
        console.wait_text('permissions', "Token 'drive' may watch.")
        console.wait_joined()
        console.wait_text('drive-note', 'You cannot take control: your token may only watch.')
        change(server, tmp_path / 'tokens.yaml', drive='drive')
        console.wait_text('permissions', "Token 'drive' may drive.")
        console.wait_joined()
        take_control(console)
        change(server, tmp_path / 'tokens.yaml', WORKSPACE, drive='drive')
        console.wait_text('permissions', "Token 'drive' may drive in lab.")
        console.wait_joined()
        lost = 'Control was lost: the server reports: The token is not valid any more.'
        console.wait_text('drive-note', lost)


def test_a_token_that_is_taken_away_is_asked_for_again(console: Console, tmp_path: Path) -> None:
    """A page with a revoked token ends its requests until the user enters another token."""
    with server_with(tmp_path / 'tokens.yaml', drive='drive') as server:
        enter(console, server.url, 'drive', WORKSPACE, 'arm')
        console.wait_joined()
        take_control(console)
        console.run(COUNT_TIMERS)
        change(server, tmp_path / 'tokens.yaml', watch='watch')
        console.wait_text('token-panel', 'The server does not accept the last token.')
        console.wait_text('link', 'Refused: the server requires a valid token')
        # Each further join or request would have a pending timer.
        pending = 'return window.pendingTimers.size'
        wait_for(lambda: console.run(pending) == 0, 'the page to end its requests')
        console.take_picture('token-taken-away')

        console.fill('token', TOKENS['watch'])
        console.wait_joined()
        console.wait_text('permissions', "Token 'watch' may watch.")


def test_a_server_without_tokens_shows_no_permissions(
    console: Console, own_server_url: str
) -> None:
    """A server without tokens shows neither a token prompt nor permissions."""
    console.open(own_server_url)
    wait_for(lambda: console.text('welcome-text') != '', 'the list of rooms')
    assert console.text('permissions') == ''
    assert console.text('token-panel') == ''
