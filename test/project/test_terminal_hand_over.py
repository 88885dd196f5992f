# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The example that drives from a terminal, when another driver takes control of its room."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest
from support.arena_api import WORKSPACE, get, make_room
from support.examples import EXAMPLES, example_in_terminal
from support.operators import operator
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros.arena.control_messages import ControlPolicy
from lerobot_arena_ros.server.rooms.limits import Policy

RIGHT = b'\x1b[C'


async def test_keys_move_nothing_after_a_hand_over_until_r_is_pressed() -> None:
    """The person has moved the joint meanwhile, so a step from the old value would be a jump."""
    with running_server(policy=Policy(control=ControlPolicy.TAKE)) as url:
        room = make_room(url)
        place = ('--server-url', url, '--workspace-id', WORKSPACE, '--room-id', room)
        async with operator(url, WORKSPACE, room, 'person') as person:
            with example_in_terminal('drive_from_terminal', *place, '--joint', 'elbow=0') as shown:
                await asyncio.to_thread(shown.shows, '> elbow')
                await wait_until(lambda: person.holder, 'the program to have control')
                driver = str(person.holder)
                await person.take()
                await person.send(elbow=40.0)
                await asyncio.to_thread(shown.shows, 'person has control')
                assert await person.request('give_control', to=driver) is None
                await asyncio.to_thread(shown.shows, 'control is back: r reads the pose')
                shown.press(RIGHT)
                shown.press(b'r')
                await asyncio.to_thread(shown.shows, '40.000')
                shown.press(RIGHT)
                await wait_until(lambda: person.sources, 'the update')
                shown.press(b'q')
                assert await asyncio.to_thread(shown.wait) == 0
            assert person.sources == [driver]
            state = get(url, room, '/state')
            assert state['joints'] == {'elbow': 41.0}


@pytest.fixture(name='program')
def fixture_program(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of the example."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    return importlib.import_module('drive_from_terminal')


def test_a_stop_stays_on_the_screen_while_control_changes(program: Any) -> None:
    """It is there until r is pressed, although control changes."""
    panel = program.Panel('room', {'elbow': 0.0}, 1.0)
    panel.hand_over('policy', is_ours=False)
    assert panel.stop == 'policy has control'
    panel.stop = 'STOPPED by person'
    panel.hand_over(None, is_ours=False)
    panel.hand_over('policy', is_ours=False)
    panel.hand_over('us', is_ours=True)
    assert panel.stop == 'STOPPED by person'
    assert panel.press('right') == {}

    panel.stop = panel.taken
    assert panel.press('right') == {'elbow': 1.0}


def test_a_driver_that_joins_changes_nothing_on_the_screen(program: Any) -> None:
    """The room reports who has control also when another driver joins."""
    panel = program.Panel('room', {'elbow': 0.0}, 1.0)
    panel.hand_over('us', is_ours=True)
    assert panel.stop is None
    panel.hand_over('policy', is_ours=False)
    for _ in range(2):
        panel.hand_over('us', is_ours=True)
        assert panel.stop == program.BACK


def test_a_queued_stop_outlives_the_keys_that_move(program: Any) -> None:
    """A stop that was pressed just before a hand-over is sent."""
    keys: asyncio.Queue[str] = asyncio.Queue()
    for key in ('right', 'space', 'r', 'q', 'left'):
        keys.put_nowait(key)

    program.forget(keys, but=program.KEPT)

    assert [keys.get_nowait() for _ in range(keys.qsize())] == ['space', 'q']
