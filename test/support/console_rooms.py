"""Rooms that the console shows: made, told of joints, opened and driven."""

from __future__ import annotations

import httpx

from lerobot_arena_ros import RoboticsProducer

from .browser import Console
from .participant import running_participant
from .waiting import wait_for

__all__ = ['WORKSPACE', 'make_room', 'open_room', 'open_with_elbow', 'take_control', 'tell']

WORKSPACE = 'default-workspace'


def make_room(url: str, room: str, headers: dict[str, str] | None = None) -> None:
    """Make a room in the usual workspace."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
    httpx.post(path, json={'room_id': room}, headers=headers).raise_for_status()


def tell(url: str, room: str, **values: float) -> None:
    """Tell the room where joints are to go, as a producer that leaves again."""
    producer = RoboticsProducer(url)
    with running_participant(producer, WORKSPACE, room, 'passing-leader') as leader:
        leader.say(**values)


def open_room(console: Console, url: str, room: str) -> None:
    """Open the page of a room and wait until it has joined."""
    console.open(url, WORKSPACE, room)
    console.wait_joined()


def open_with_elbow(console: Console, url: str, room: str, value: float) -> None:
    """Have the room remember a joint, and its page open, showing it."""
    tell(url, room, elbow=value)
    open_room(console, url, room)
    wait_for(lambda: console.value('elbow') == value, 'the joint')


def take_control(console: Console) -> None:
    """Press the button, and wait until the page drives."""
    console.click('take')
    console.wait_text('drive-note', 'This page drives')
