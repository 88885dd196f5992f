# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What the REST interfaces of rooms of joints and of video have in common."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from pydantic import BaseModel, Field, StrictStr

from ..participants.clock import now
from ..participants.connection_manager import ConnectionManager
from ..rooms.base_room import BaseRoom, Now
from ..rooms.registry import Registry
from .rest_access import ADMIN, WATCH, Json, ManagerHere, Sender

__all__ = ['NewRoom', 'add_upkeep', 'cleanup_settings', 'participants_of', 'presence_of']


class NewRoom(BaseModel):
    """The settings of a new room; all of them are optional, and other keys are ignored."""

    room_id: StrictStr | None = Field(default=None, description='omitted or empty: a random one')
    max_consumers: int | None = Field(
        default=None, ge=1, le=100, description='omitted: no limit of its own'
    )


def participants_of(room: BaseRoom) -> Json:
    """Return the participants of a room; without a producer, an operator in control is it."""
    producer = room.producer or room.driver
    others = [member for member in room.members if member is not producer]
    return {
        'producer': None if producer is None else producer.participant_id,
        'consumers': [member.participant_id for member in others],
        'total': len(room.members),
    }


def presence_of(room: BaseRoom) -> Json:
    """Return whether a room has a producer, and how many consumers."""
    has_driver = room.driver is not None
    return {
        'has_producer': has_driver,
        'active_consumers': len(room.members) - has_driver,
    }


def cleanup_settings(manager: ConnectionManager) -> Json:
    """Return when idle rooms are deleted."""
    return {
        'enabled': True,
        'inactivity_timeout_hours': manager.limits.idle_s / 3600,
        'cleanup_interval_minutes': manager.timing.sweep_s / 60,
    }


def add_upkeep(
    router: APIRouter, service: str, rooms_of: Callable[[ConnectionManager], Registry[BaseRoom]]
) -> None:
    """
    Add the routes for the health of a service and for its idle rooms.

    :param rooms_of: returns the rooms of the service.
    """

    @router.get(f'/{service}/health')
    async def health() -> Json:
        """Return the health of the service."""
        return {'status': 'healthy', 'service': service}

    @router.get(f'/{service}/cleanup/status', dependencies=WATCH)
    async def cleanup_status(manager: ManagerHere) -> Json:
        """Return which rooms the next sweep would delete."""
        moment, rooms = now(), rooms_of(manager).rooms
        report = {
            'service': service,
            'cleanup_enabled': True,
            'inactivity_timeout_minutes': manager.limits.idle_s / 60,
            'cleanup_interval_minutes': manager.timing.sweep_s / 60,
            'total_rooms': len(rooms),
            'rooms': [_age(room, moment) for room in rooms],
            'timestamp': moment.stamp,
        }
        return {'success': True, 'cleanup_status': report}

    @router.post(f'/{service}/cleanup/manual', dependencies=ADMIN)
    async def clean_up(manager: ManagerHere, sender: Sender) -> Json:
        """Delete idle rooms now."""
        rooms = rooms_of(manager)
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


def _age(room: BaseRoom, moment: Now) -> Json:
    return {
        'workspace_id': room.workspace_id,
        'room_id': room.room_id,
        'age_minutes': (moment.steady_s - room.created_s) / 60,
        'inactivity_minutes': (moment.steady_s - room.active_s) / 60,
        'has_connections': bool(room.members),
        'will_be_cleaned': room.is_idle(moment),
    }
