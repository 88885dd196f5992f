# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The REST interface of the arena."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from ...arena.control_messages import ControlPolicy, control_fields
from ...arena.fields import is_text
from ...arena.json_text import dump
from ..participants.clock import now
from ..rooms.base_room import Now
from ..rooms.memory import KnownRobot
from ..rooms.registry import Place
from ..rooms.room import Room
from .rest_access import ADMIN, DRIVE, WATCH, Json, ManagerHere, Sender
from .rest_rooms import NewRoom, add_upkeep, cleanup_settings, participants_of, presence_of

__all__ = ['router']

MAX_COMMAND_JOINTS = 20
"""The most joints of one command over REST; a WebSocket message may have more."""

_CONTROL_KEYS = ('holder', 'policy', 'drivers', 'requests', 'number', 'change', 'by')
"""The keys of the message ``control`` that a room has over REST, too."""

router = APIRouter()


class Joint(BaseModel):
    """The target of one joint, in the unit that the participants use."""

    name: str = Field(min_length=1)
    value: float = Field(ge=-360, le=360)
    speed: float | None = Field(default=None, ge=0, le=100, description='percent')


class NewJointRoom(NewRoom):
    """The settings of a new room of joints."""

    control: ControlPolicy | None = Field(
        default=None,
        description='how a driver gets control while another one has it; omitted: as the server'
        ' was started',
    )


class JointCommand(BaseModel):
    """The targets of joints."""

    joints: list[Joint] = Field(description=f'1 to {MAX_COMMAND_JOINTS} joints')


class Permission(BaseModel):
    """The permissions of a token."""

    token: str | None = Field(description='name of the token; null at a server without tokens')
    role: Literal['watch', 'drive', 'admin']
    workspaces: list[str] | None = Field(description='where; null for every workspace')


@router.get('/health')
async def server_health() -> Json:
    """Return the health of the server."""
    return {'status': 'healthy', 'server_running': True}


@router.get('/robotics/status', dependencies=WATCH)
async def status(manager: ManagerHere) -> Json:
    """Return counts and settings of the server."""
    return {
        'service': 'robotics',
        'status': 'active',
        'workspaces_count': manager.registry.workspace_count,
        'rooms_count': len(manager.registry.rooms),
        'connections_count': manager.registry.member_count,
        'version': '2.0.0',
        'supported_roles': ['producer', 'consumer'],
        'supported_robot_types': ['so-arm100', 'generic'],
        'cleanup': cleanup_settings(manager),
    }


@router.get('/robotics/access', response_model=Permission)
async def access(sender: Sender) -> Json:
    """Return what the token of this request allows; needs only a valid token."""
    grant = sender.granted
    return {
        'token': grant.name or None,
        'role': grant.access.name.lower(),
        'workspaces': None if grant.workspaces is None else sorted(grant.workspaces),
    }


@router.get('/robotics/workspaces/{workspace_id}/rooms', dependencies=WATCH)
async def list_rooms(workspace_id: str, manager: ManagerHere) -> Json:
    """List the rooms of a workspace; an unknown workspace has none."""
    rooms = [_summary(room) for room in manager.registry.rooms_of(workspace_id)]
    return {'success': True, 'workspace_id': workspace_id, 'rooms': rooms, 'total': len(rooms)}


@router.post('/robotics/workspaces/{workspace_id}/rooms', dependencies=DRIVE)
async def create_room(
    workspace_id: str, manager: ManagerHere, sender: Sender, wanted: NewJointRoom | None = None
) -> Json:
    """Create a room; an existing room stays unchanged."""
    wanted = wanted or NewJointRoom()
    policy = wanted.control or manager.policy.control
    room = manager.create(
        manager.registry,
        workspace_id,
        wanted.room_id,
        sender,
        max_consumers=wanted.max_consumers,
        prepare=lambda room: room.set_policy(policy),
    )
    # A room that existed may have another policy than the wanted one.
    found = {} if wanted.control is None else {'control': room.control.policy.value}
    return {
        'success': True,
        'workspace_id': workspace_id,
        'room_id': room.room_id,
        **found,
        'message': f'Room {room.room_id} created successfully in workspace {workspace_id}',
    }


@router.get('/robotics/workspaces/{workspace_id}/rooms/{room_id}', dependencies=WATCH)
async def get_room(workspace_id: str, room_id: str, manager: ManagerHere) -> Json:
    """Return a room and its participants."""
    room = manager.registry.room(workspace_id, room_id)
    control = _control(room)
    return {'success': True, 'room': {**_summary(room), **presence_of(room), 'control': control}}


@router.delete('/robotics/workspaces/{workspace_id}/rooms/{room_id}', dependencies=ADMIN)
async def delete_room(
    workspace_id: str, room_id: str, manager: ManagerHere, sender: Sender
) -> Json:
    """Delete a room and close the connections of its participants."""
    manager.delete(Place(manager.registry, workspace_id, room_id), sender)
    message = f'Room {room_id} deleted successfully from workspace {workspace_id}'
    return {'success': True, 'message': message}


@router.get('/robotics/workspaces/{workspace_id}/rooms/{room_id}/state', dependencies=WATCH)
async def get_state(workspace_id: str, room_id: str, manager: ManagerHere) -> Json:
    """Return the last value of each joint, who has control, and the last emergency stop."""
    room = manager.registry.room(workspace_id, room_id)
    moment, stop = now(), room.last_stop
    state = {
        'room_id': room.room_id,
        'workspace_id': room.workspace_id,
        'joints': dict(room.joints),
        'participants': participants_of(room),
        'control': _control(room),
        'last_stop': None if stop is None else asdict(stop.to_last_stop(moment.steady_s)),
        'timestamp': moment.stamp,
    }
    return {'success': True, 'state': state}


@router.get('/robotics/workspaces/{workspace_id}/rooms/{room_id}/robots', dependencies=WATCH)
async def get_robots(workspace_id: str, room_id: str, manager: ManagerHere) -> Response:
    """Return the newest state of each robot in a room that reports it."""
    room, moment = manager.registry.room(workspace_id, room_id), now()
    head = dump({'success': True, 'workspace_id': workspace_id, 'room_id': room_id})
    # Join JSON texts: encoding all states of a full room again would delay a stop by seconds.
    robots = ','.join(_robot(robot, moment) for robot in room.robots)
    return Response(f'{head[:-1]},"robots":[{robots}]}}', media_type='application/json')


@router.post('/robotics/workspaces/{workspace_id}/rooms/{room_id}/command', dependencies=DRIVE)
async def command(
    workspace_id: str, room_id: str, wanted: JointCommand, manager: ManagerHere, sender: Sender
) -> Json:
    """Set joint targets in a room that nobody drives."""
    _check(wanted)
    entries = tuple(
        {'name': joint.name, 'value': joint.value, 'speed': joint.speed} for joint in wanted.joints
    )
    return {
        'success': True,
        'workspace_id': workspace_id,
        'room_id': room_id,
        'joints_updated': manager.command(workspace_id, room_id, entries, sender),
        'message': 'Commands sent successfully',
    }


add_upkeep(router, 'robotics', lambda manager: manager.registry)


def _robot(robot: KnownRobot, moment: Now) -> str:
    report = robot.message
    head = dump(
        {
            'participant_id': report.source,
            'timestamp': report.timestamp,
            'age_s': moment.steady_s - robot.steady_s,
        }
    )
    return f'{head[:-1]},{report.data[1:]}'


def _control(room: Room) -> Json:
    control = control_fields(room.control_state(now()))
    return {key: control[key] for key in _CONTROL_KEYS}


def _summary(room: Room) -> Json:
    return {
        'id': room.room_id,
        'workspace_id': room.workspace_id,
        'participants': participants_of(room),
        'joints_count': len(room.joints),
    }


def _check(wanted: JointCommand) -> None:
    """Check what the model does not: Pydantic 1 and 2 name these constraints differently."""
    count = len(wanted.joints)
    if not 1 <= count <= MAX_COMMAND_JOINTS:
        kind = 'too_short' if count < 1 else 'too_long'
        text = f'a command has 1 to {MAX_COMMAND_JOINTS} joints, got {count}'
        raise RequestValidationError([{'type': kind, 'loc': ('body', 'joints'), 'msg': text}])
    for index, joint in enumerate(wanted.joints):
        if not is_text(joint.name):
            loc = ('body', 'joints', index, 'name')
            text = 'a name must be valid UTF-8'
            raise RequestValidationError([{'type': 'string_unicode', 'loc': loc, 'msg': text}])
