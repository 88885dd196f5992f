# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rooms of all workspaces by their ids."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.arena.errors import RequestRejected, RoomNotFound
from lerobot_arena_ros.arena.messages import EmergencyStop, Join, JointUpdate, Role
from lerobot_arena_ros.server.rooms.base_room import Now
from lerobot_arena_ros.server.rooms.limits import Limits
from lerobot_arena_ros.server.rooms.registry import Registry
from lerobot_arena_ros.server.rooms.room import Room

NOW = Now(100.0, '2026-01-31T10:15:30+00:00')


@pytest.fixture
def registry() -> Registry[Room]:
    """Return a registry without rooms."""
    return Registry(Limits(), Room)


def test_a_room_is_found_by_its_workspace_and_its_id(registry: Registry[Room]) -> None:
    """The same room id in another workspace is another room."""
    here = registry.create('lab', 'arm', NOW)
    there = registry.create('attic', 'arm', NOW)

    assert registry.room('lab', 'arm') is here
    assert registry.room('attic', 'arm') is there
    assert registry.rooms_of('lab') == (here,)


@pytest.mark.parametrize('room_id', [None, ''])
def test_a_room_without_an_id_gets_a_random_id(
    registry: Registry[Room], room_id: str | None
) -> None:
    """Rooms that are created without an id get different ids."""
    first, second = (registry.create('lab', room_id, NOW) for _ in range(2))

    assert len({'', first.room_id, second.room_id}) == 3


def test_creating_a_room_that_exists_changes_nothing(registry: Registry[Room]) -> None:
    """Creating an existing room keeps its state and its members."""
    room = registry.create('lab', 'arm', NOW)
    producer = room.join(Join('leader', Role.PRODUCER), NOW)
    room.handle(producer, JointUpdate.of({'a': 1.0}), NOW)

    assert registry.create('lab', 'arm', NOW) is room
    assert room.producer is producer
    assert room.joints == {'a': 1.0}


def test_a_deleted_room_is_gone_with_its_workspace(registry: Registry[Room]) -> None:
    """A workspace ends with its last room."""
    registry.create('lab', 'arm', NOW)
    registry.create('lab', 'leg', NOW)

    registry.delete('lab', 'arm', NOW)
    assert registry.workspace_count == 1
    registry.delete('lab', 'leg', NOW)

    assert registry.workspace_count == 0
    assert registry.rooms == ()


def test_members_of_a_deleted_room_are_ignored_in_its_successor(registry: Registry[Room]) -> None:
    """A room that is created again under the same name is a different room."""
    former = registry.create('lab', 'arm', NOW).join(Join('leader', Role.PRODUCER), NOW)
    registry.delete('lab', 'arm', NOW)
    successor = registry.create('lab', 'arm', NOW)

    assert former.room.handle(former, JointUpdate.of({'a': 1.0}), NOW) is None
    assert successor.joints == {}
    assert successor.producer is None


@pytest.mark.parametrize(
    ('remade_s', 'is_known'), [(3599.0, True), (3600.0, False)], ids=['soon', 'late']
)
def test_a_room_that_is_created_again_has_a_recent_stop(
    registry: Registry[Room], remade_s: float, is_known: bool
) -> None:
    """A recent stop is kept for a room of the same name only, so rejoining robots get it."""
    room = registry.create('lab', 'arm', NOW)
    room.handle(room.join(Join('ros', Role.CONSUMER), NOW), EmergencyStop('smoke'), NOW)
    registry.delete('lab', 'arm', Now(105.0, ''))
    later = Now(NOW.steady_s + remade_s, '')

    assert registry.create('attic', 'arm', later).last_stop is None
    stop = registry.create('lab', 'arm', later).last_stop
    assert (stop == room.last_stop) is is_known


def test_a_room_that_was_swept_leaves_its_stop_too() -> None:
    """The last stop is also kept for an idle room that was deleted by a sweep."""
    registry = Registry(Limits(idle_s=1.0), Room)
    room = registry.create('lab', 'arm', NOW)
    robot = room.join(Join('ros', Role.CONSUMER), NOW)
    room.handle(robot, EmergencyStop('smoke'), NOW)
    room.leave(robot, NOW)

    assert registry.sweep(Now(102.0, '')) == 1
    assert registry.create('lab', 'arm', Now(103.0, '')).last_stop == room.last_stop


def test_an_unknown_room_is_not_found(registry: Registry[Room]) -> None:
    """Reading and deleting an unknown room raise RoomNotFound."""
    for act in (
        lambda: registry.room('lab', 'arm'),
        lambda: registry.delete('lab', 'arm', NOW),
    ):
        with pytest.raises(RoomNotFound) as caught:
            act()
        assert caught.value.status == 404
    assert registry.rooms_of('lab') == ()


@pytest.mark.parametrize('bad', ['a/b', 'a\nb', 'a\x00', '\ud800', '.', '..', 'x' * 129])
def test_an_id_that_cannot_be_part_of_a_url_is_refused(registry: Registry[Room], bad: str) -> None:
    """An id that no URL can address is refused."""
    for names in (('lab', bad), (bad, 'arm')):
        with pytest.raises(RequestRejected) as caught:
            registry.create(*names, NOW)
        assert caught.value.status == 422
    assert registry.workspace_count == 0


@pytest.mark.parametrize('good', ['a b', 'Ärmchen-7', 'x' * 128, '...', '?#%'])
def test_other_ids_are_accepted(registry: Registry[Room], good: str) -> None:
    """Other ids are accepted, because they can be percent-encoded."""
    assert registry.create(good, good, NOW).room_id == good


def test_a_full_registry_still_returns_its_rooms() -> None:
    """A full registry refuses only new rooms."""
    registry = Registry(Limits(rooms=1), Room)
    room = registry.create('lab', 'arm', NOW)

    with pytest.raises(RequestRejected, match='at most 1 rooms') as caught:
        registry.create('attic', 'arm', NOW)

    assert caught.value.status == 503
    assert registry.create('lab', 'arm', NOW) is room


def test_a_token_limited_to_workspaces_leaves_rooms_to_others() -> None:
    """A token of some workspaces gets at most half of the free rooms; others get all."""
    registry = Registry(Limits(rooms=16), Room)

    def made(workspaces: tuple[str, ...], limited: bool = True) -> int:
        """Create rooms in these workspaces in turn until one is refused; return their number."""
        only = frozenset(workspaces) if limited else None
        for number in range(100):
            try:
                registry.create(workspaces[number % len(workspaces)], None, NOW, workspaces=only)
            except RequestRejected as exc:
                assert exc.status == 503
                return number
        raise AssertionError

    assert made(('lab', 'attic')) == 8
    assert made(('cellar',)) == 4
    assert made(('lab',)) == 0
    room = registry.rooms_of('lab')[0]
    again = registry.create('lab', room.room_id, NOW, workspaces=frozenset({'lab'}))
    assert again is room
    assert made(('other',), limited=False) == 4


def test_a_sweep_deletes_idle_rooms_without_members() -> None:
    """A room with a member is never deleted, however long it is idle."""
    registry = Registry(Limits(idle_s=10.0), Room)
    registry.create('lab', 'idle', NOW)
    kept = registry.create('lab', 'kept', NOW)
    kept.join(Join('ros', Role.CONSUMER), NOW)

    assert registry.sweep(Now(110.0, '')) == 0
    assert registry.sweep(Now(110.1, '')) == 1
    assert registry.rooms == (kept,)
