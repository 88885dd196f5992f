"""What the REST interfaces of joint rooms and of video rooms have in common."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, Field, StrictStr

from ..access.rules import Actor
from ..access.tokens import Access
from ..participants.connection_manager import ConnectionManager, now
from ..rooms.base_room import BaseRoom
from ..rooms.registry import Registry

__all__ = [
    'ADMIN',
    'DRIVE',
    'WATCH',
    'Json',
    'ManagerHere',
    'NewRoom',
    'Sender',
    'idle_rooms',
    'cleanup_settings',
    'needs',
    'participants_of',
    'presence_of',
    'swept',
]

Json = dict[str, Any]


class NewRoom(BaseModel):
    """The settings of a new room; all of them are optional."""

    room_id: StrictStr | None = Field(default=None, description='omitted or empty: a random one')
    workspace_id: StrictStr | None = Field(default=None, description='ignored: the path names it')
    name: str | None = None
    max_consumers: int | None = Field(
        default=None, ge=1, le=100, description='omitted: no limit of its own'
    )


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


def participants_of(room: BaseRoom) -> Json:
    """Return the participants of a room."""
    return {
        'producer': None if room.producer is None else room.producer.participant_id,
        'consumers': [member.participant_id for member in room.consumers],
        'total': len(room.members),
    }


def presence_of(room: BaseRoom) -> Json:
    """Return whether a room has a producer, and how many consumers."""
    return {
        'has_producer': room.producer is not None,
        'active_consumers': len(room.consumers),
    }


def cleanup_settings(manager: ConnectionManager) -> Json:
    """Return when idle rooms are deleted."""
    return {
        'enabled': True,
        'inactivity_timeout_hours': manager.limits.idle_s / 3600,
        'cleanup_interval_minutes': manager.timing.sweep_s / 60,
    }


def idle_rooms(service: str, rooms: Registry[BaseRoom], manager: ConnectionManager) -> Json:
    """Return which rooms the next sweep would delete."""
    moment = now()
    report = {
        'service': service,
        'cleanup_enabled': True,
        'inactivity_timeout_minutes': manager.limits.idle_s / 60,
        'cleanup_interval_minutes': manager.timing.sweep_s / 60,
        'total_rooms': len(rooms.rooms),
        'rooms': [
            {
                'workspace_id': room.workspace_id,
                'room_id': room.room_id,
                'age_minutes': (moment.steady_s - room.created_s) / 60,
                'inactivity_minutes': (moment.steady_s - room.active_s) / 60,
                'has_connections': bool(room.members),
                'will_be_cleaned': room.is_idle(moment),
            }
            for room in rooms.rooms
        ],
        'timestamp': moment.stamp,
    }
    return {'success': True, 'cleanup_status': report}


def swept(rooms: Registry[BaseRoom], manager: ConnectionManager, sender: Actor) -> Json:
    """Delete idle rooms now, and return how many."""
    before = len(rooms.rooms)
    removed = manager.sweep(rooms, sender)
    result = {
        'cleanup_triggered': True,
        'rooms_before': before,
        'rooms_after': before - removed,
        'rooms_removed': removed,
        'timestamp': now().stamp,
    }
    return {'success': True, 'cleanup_result': result}
