# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Actions out of a room of a real arena, and what is not taken for an action."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
import time
from typing import Any
import uuid

from lerobot_arena_link import (
    EmergencyStopped,
    JointMap,
    JointSetting,
    LeaderSettings,
    NoObservation,
    NotConnected,
    RemoteLeader,
)
import pytest
from support.loop_thread import LoopThread

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError

TWO = {'elbow': JointSetting(), 'gripper': JointSetting()}
ROOM = 'leader'


class Leader:
    """A producer in a room of its own."""

    def __init__(self, url: str) -> None:
        self.url, self.workspace_id = url, f'leader-{uuid.uuid4().hex[:8]}'
        self._loop = LoopThread('leader')
        self._client = RoboticsProducer(url)
        self._loop.run(self._client.create_room(self.workspace_id, ROOM))
        self.join()

    def join(self) -> None:
        """Join the room."""
        assert self._loop.run(self._client.connect(self.workspace_id, ROOM))

    def leave(self) -> None:
        """Leave the room."""
        self._loop.run(self._client.disconnect())

    def send(self, *, stamped: bool = False, **values: float) -> None:
        """Send values."""
        stamp_ns = time.time_ns() if stamped else None
        self._loop.run(self._client.send_state_sync(values, stamp_ns=stamp_ns))

    def stop(self) -> None:
        """Send an emergency stop."""
        self._loop.run(self._client.send_emergency_stop('too fast'))

    def delete_room(self) -> None:
        """Delete the room."""
        self._loop.run(self._client.delete_room(self.workspace_id, ROOM))

    def close(self) -> None:
        """Leave the room, and end the thread."""
        self.leave()
        self._loop.close()


@pytest.fixture
def leader(arena_url: str) -> Iterator[Leader]:
    """Run a leader."""
    running = Leader(arena_url)
    yield running
    running.close()


@contextmanager
def following(leader: Leader, **more: Any) -> Iterator[RemoteLeader]:
    """Receive the actions of a leader while the context is open."""
    given: dict[str, Any] = {'max_age_s': 20.0, 'timeout_s': 30.0, **more}
    settings = LeaderSettings(
        server_url=leader.url,
        workspace_id=leader.workspace_id,
        room_id=ROOM,
        joints=JointMap('degrees', TWO),
        **given,
    )
    remote = RemoteLeader(settings)
    remote.connect()
    try:
        yield remote
    finally:
        remote.disconnect()


def test_the_newest_values_of_the_leader_are_the_action(leader: Leader) -> None:
    """An action has all joints, also those that the last update left out."""
    with following(leader) as remote:
        leader.send(elbow=1.0, gripper=2.0)
        assert remote.action() == {'elbow.pos': 1.0, 'gripper.pos': 2.0}
        leader.send(elbow=3.0)
        while remote.action()['elbow.pos'] == 1.0:
            pass
        assert remote.action() == {'elbow.pos': 3.0, 'gripper.pos': 2.0}


def test_what_the_room_remembers_is_no_action(leader: Leader) -> None:
    """Values from before the connection are not used until the leader sends again."""
    leader.send(elbow=1.0, gripper=2.0)
    with following(leader, timeout_s=2.0) as remote:
        with pytest.raises(NoObservation, match='actions in room leader: .*none has arrived'):
            remote.action()

        leader.send(elbow=5.0)

        assert remote.action() == {'elbow.pos': 5.0, 'gripper.pos': 2.0}


def test_a_leader_with_stamps_must_go_on_sending(leader: Leader) -> None:
    """An action with a stamp becomes too old; one without stays while its leader is there."""
    with following(leader, max_age_s=0.2, timeout_s=1.0) as remote:
        leader.send(stamped=True, elbow=1.0, gripper=2.0)
        with pytest.raises(NoObservation, match='the newest arrived'):
            while True:
                remote.action()

        leader.send(elbow=2.0, gripper=2.0)
        while remote.action()['elbow.pos'] == 1.0:
            pass


def test_when_the_leader_leaves_there_is_no_action(leader: Leader) -> None:
    """The last action of a leader that has left is not returned again."""
    with following(leader, timeout_s=3.0) as remote:
        leader.send(elbow=1.0, gripper=2.0)
        remote.action()
        leader.leave()

        with pytest.raises(NoObservation):
            while True:
                remote.action()


def test_after_an_emergency_stop_there_is_no_action(leader: Leader) -> None:
    """Each call is an error with the reason, until the program connects again."""
    with following(leader) as remote:
        leader.send(elbow=1.0, gripper=2.0)
        leader.stop()
        with pytest.raises(EmergencyStopped, match='too fast'):
            while True:
                remote.action()
        leader.send(elbow=9.0, gripper=9.0)
        with pytest.raises(EmergencyStopped):
            remote.action()


def test_a_lost_room_is_logged_and_an_error(
    leader: Leader, caplog: pytest.LogCaptureFixture
) -> None:
    """When the room is deleted, the log has a line, and there is no action."""
    with caplog.at_level(logging.WARNING), following(leader, timeout_s=2.0) as remote:
        leader.send(elbow=1.0, gripper=2.0)
        remote.action()
        leader.delete_room()

        with pytest.raises(NoObservation):
            while True:
                remote.action()
    assert 'room leader: the connection is lost' in caplog.text


def test_without_a_connection_there_is_no_action(leader: Leader) -> None:
    """Before connect there is an error, and a missing room is one of the client."""
    settings = LeaderSettings(
        server_url=leader.url, room_id='nowhere', joints=JointMap('degrees', TWO)
    )
    remote = RemoteLeader(settings)
    with pytest.raises(NotConnected):
        remote.action()
    with pytest.raises(ArenaError):
        remote.connect()
    assert not remote.is_connected
