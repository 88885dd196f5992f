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
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, StrictStr

from ...arena.fields import is_text
from ...arena.json_text import dump
from ..access.rules import Actor
from ..access.tokens import Access
from ..participants.connection_manager import ConnectionManager, now
from ..rooms.memory import KnownRobot
from ..rooms.room import Now, Room

__all__ = ['needs', 'router']

MAX_COMMAND_JOINTS = 20
"""The most joints of one command over REST; a WebSocket message may have more."""

router = APIRouter()

Json = dict[str, Any]


class CreateRoom(BaseModel):
    """The settings of a new room; all of them are optional, and other keys are ignored."""

    room_id: StrictStr | None = Field(default=None, description='omitted or empty: a random one')
    max_consumers: int | None = Field(
        default=None, ge=1, le=100, description='omitted: no limit of its own'
    )


class Joint(BaseModel):
    """The target of one joint, in the unit that the participants use."""

    name: str = Field(min_length=1)
    value: float = Field(ge=-360, le=360)
    speed: float | None = Field(default=None, ge=0, le=100, description='percent')


class JointCommand(BaseModel):
    """The targets of joints."""

    joints: list[Joint] = Field(description=f'1 to {MAX_COMMAND_JOINTS} joints')


class Permission(BaseModel):
    """The permissions of a token."""

    token: str | None = Field(description='name of the token; null at a server without tokens')
    role: Literal['watch', 'drive', 'admin']
    workspaces: list[str] | None = Field(description='where; null for every workspace')


def _manager(request: Request) -> ConnectionManager:
    manager: ConnectionManager = request.app.state.manager
    return manager


def _actor(request: Request) -> Actor:
    actor: Actor = request.state.actor
    return actor


ManagerHere = Annotated[ConnectionManager, Depends(_manager)]
Sender = Annotated[Actor, Depends(_actor)]


def needs(access: Access) -> Any:
    """Return a dependency that requires an access, in the workspace of the path if it has one."""

    async def check(request: Request) -> None:
        _actor(request).require(access, request.path_params.get('workspace_id'))

    return Depends(check)


WATCH = [needs(Access.WATCH)]
DRIVE = [needs(Access.DRIVE)]
ADMIN = [needs(Access.ADMIN)]


@router.get('/health')
async def server_health() -> Json:
    """Return the health of the server."""
    return {'status': 'healthy', 'server_running': True}


@router.get('/robotics/health')
async def health() -> Json:
    """Return the health of the robotics service."""
    return {'status': 'healthy', 'service': 'robotics'}


@router.get('/robotics/status', dependencies=WATCH)
async def status(manager: ManagerHere) -> Json:
    """Return counts and settings of the server."""
    return {
        'service': 'robotics',
        'status': 'active',
        'workspaces_count': manager.registry.workspace_count,
        'rooms_count': len(manager.registry.rooms),
        'connections_count': manager.connection_count,
        'version': '2.0.0',
        'supported_roles': ['producer', 'consumer'],
        'supported_robot_types': ['so-arm100', 'generic'],
        'cleanup': {
            'enabled': True,
            'inactivity_timeout_hours': manager.limits.idle_s / 3600,
            'cleanup_interval_minutes': manager.timing.sweep_s / 60,
        },
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
    workspace_id: str, manager: ManagerHere, sender: Sender, wanted: CreateRoom | None = None
) -> Json:
    """Create a room; an existing room stays unchanged."""
    wanted = wanted or CreateRoom()
    room = manager.create(workspace_id, wanted.room_id, wanted.max_consumers, sender)
    return {
        'success': True,
        'workspace_id': workspace_id,
        'room_id': room.room_id,
        'message': f'Room {room.room_id} created successfully in workspace {workspace_id}',
    }


@router.get('/robotics/workspaces/{workspace_id}/rooms/{room_id}', dependencies=WATCH)
async def get_room(workspace_id: str, room_id: str, manager: ManagerHere) -> Json:
    """Return a room and its participants."""
    room = manager.registry.room(workspace_id, room_id)
    presence = {
        'has_producer': room.producer is not None,
        'active_consumers': len(room.consumers),
    }
    return {'success': True, 'room': {**_summary(room), **presence}}


@router.delete('/robotics/workspaces/{workspace_id}/rooms/{room_id}', dependencies=ADMIN)
async def delete_room(
    workspace_id: str, room_id: str, manager: ManagerHere, sender: Sender
) -> Json:
    """Delete a room and close the connections of its participants."""
    manager.delete(workspace_id, room_id, sender)
    message = f'Room {room_id} deleted successfully from workspace {workspace_id}'
    return {'success': True, 'message': message}


@router.get('/robotics/workspaces/{workspace_id}/rooms/{room_id}/state', dependencies=WATCH)
async def get_state(workspace_id: str, room_id: str, manager: ManagerHere) -> Json:
    """Return the last value of each joint, and the last emergency stop."""
    room = manager.registry.room(workspace_id, room_id)
    moment, stop = now(), room.last_stop
    state = {
        'room_id': room.room_id,
        'workspace_id': room.workspace_id,
        'joints': dict(room.joints),
        'participants': _participants(room),
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
    """Set joint targets in a room without a producer."""
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


@router.get('/robotics/cleanup/status', dependencies=WATCH)
async def cleanup_status(manager: ManagerHere) -> Json:
    """Return which rooms the next sweep would delete."""
    rooms = manager.registry.rooms
    moment = now()
    report = {
        'service': 'robotics',
        'cleanup_enabled': True,
        'inactivity_timeout_minutes': manager.limits.idle_s / 60,
        'cleanup_interval_minutes': manager.timing.sweep_s / 60,
        'total_rooms': len(rooms),
        'rooms': [
            {
                'workspace_id': room.workspace_id,
                'room_id': room.room_id,
                'age_minutes': (moment.steady_s - room.created_s) / 60,
                'inactivity_minutes': (moment.steady_s - room.active_s) / 60,
                'has_connections': bool(room.members),
                'will_be_cleaned': room.is_idle(moment),
            }
            for room in rooms
        ],
        'timestamp': moment.stamp,
    }
    return {'success': True, 'cleanup_status': report}


@router.post('/robotics/cleanup/manual', dependencies=ADMIN)
async def clean_up(manager: ManagerHere, sender: Sender) -> Json:
    """Delete idle rooms now."""
    before = len(manager.registry.rooms)
    removed = manager.sweep(sender)
    result = {
        'cleanup_triggered': True,
        'rooms_before': before,
        'rooms_after': before - removed,
        'rooms_removed': removed,
        'timestamp': now().stamp,
    }
    return {'success': True, 'cleanup_result': result}


def _participants(room: Room) -> Json:
    return {
        'producer': None if room.producer is None else room.producer.participant_id,
        'consumers': [member.participant_id for member in room.consumers],
        'total': len(room.members),
    }


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


def _summary(room: Room) -> Json:
    return {
        'id': room.room_id,
        'workspace_id': room.workspace_id,
        'participants': _participants(room),
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
