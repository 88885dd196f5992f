# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Helpers that create a room, set its joints, and open and drive it in the console."""

from __future__ import annotations

import httpx

from lerobot_arena_ros import RoboticsProducer

from .browser import Console
from .participant import running_participant
from .waiting import wait_for

__all__ = ['WORKSPACE', 'make_room', 'open_room', 'open_with_elbow', 'take_control', 'set_joints']

WORKSPACE = 'default-workspace'


def make_room(
    url: str, room: str, headers: dict[str, str] | None = None, *, control: str | None = None
) -> None:
    """
    Create a room in the default workspace.

    :param control: how a driver gets control while another one has it; None: as the server.
    """
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
    body = {'room_id': room, **({} if control is None else {'control': control})}
    httpx.post(path, json=body, headers=headers).raise_for_status()


def set_joints(url: str, room: str, **values: float) -> None:
    """Set joint values in a room as a producer that then leaves."""
    producer = RoboticsProducer(url)
    with running_participant(producer, WORKSPACE, room, 'passing-leader') as leader:
        leader.send_update(**values)


def open_room(console: Console, url: str, room: str) -> None:
    """Open the page of a room and wait until the page has joined it."""
    console.open(url, WORKSPACE, room)
    console.wait_joined()


def open_with_elbow(console: Console, url: str, room: str, value: float) -> None:
    """Set the joint ``elbow`` in a room, open its page and wait until the page shows the value."""
    set_joints(url, room, elbow=value)
    open_room(console, url, room)
    wait_for(lambda: console.value('elbow') == value, 'the joint')


def take_control(console: Console) -> None:
    """Press *Take control* and wait until the page drives."""
    console.click('take')
    console.wait_text('drive-note', 'This page drives')
