# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A participant for tests that block, with an event loop in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import time
from typing import Any

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.messages import EmergencyStop
from lerobot_arena_ros.arena.robot_state import RobotState

from .loop_thread import LoopThread

__all__ = ['Participant', 'running_participant']


class Participant:
    """
    A participant and the messages that it has received.

    :param sees_robots: whether it requests robot states, which no public client does.
    :ivar updates: the joint values of each update.
    :ivar states: each robot state with its time on the monotonic clock; None = the robot left.
    :ivar errors: the texts of the server's errors and of stops.
    """

    def __init__(
        self, client: RoboticsProducer | RoboticsConsumer, *, sees_robots: bool = False
    ) -> None:
        self.updates: list[dict[str, float]] = []
        self.stops: list[EmergencyStop] = []
        self.stopped_at: list[float] = []
        self.states: list[tuple[float, RobotState | None]] = []
        self.errors: list[str] = []
        self._client = client
        self._thread = LoopThread('participant')
        client.on_emergency_stop(self._on_stop)
        client.on_error(self.errors.append)
        if sees_robots:
            client.on_robot_state(lambda _, state: self.states.append((time.monotonic(), state)))
        if isinstance(client, RoboticsConsumer):
            client.on_joint_update(self._on_update)

    def send_update(self, **values: float) -> None:
        """Send an update as a producer."""
        assert isinstance(self._client, RoboticsProducer)
        joints = [{'name': name, 'value': value} for name, value in values.items()]
        self._thread.run(self._client.send_joint_update(joints))

    def stop(self, reason: str) -> None:
        """Send an emergency stop."""
        self._thread.run(self._client.send_emergency_stop(reason))

    def request_reset(self, participant_id: str, stop_id: str) -> None:
        """Request the reset of a robot's emergency stop."""
        self._thread.run(self._client.request_reset(participant_id, stop_id))

    def join(self, workspace: str, room: str, participant_id: str) -> None:
        """Join a room."""
        assert self._thread.run(self._client.connect(workspace, room, participant_id))

    def leave(self) -> None:
        """Leave the room and end the thread."""
        self._thread.run(self._client.disconnect())
        self._thread.close()

    def _on_stop(self, stop: EmergencyStop) -> None:
        self.stopped_at.append(time.monotonic())
        self.stops.append(stop)

    def _on_update(self, joints: list[dict[str, Any]]) -> None:
        self.updates.append({joint['name']: joint['value'] for joint in joints})


@contextmanager
def running_participant(
    client: RoboticsProducer | RoboticsConsumer,
    workspace: str,
    room: str,
    participant_id: str,
    *,
    sees_robots: bool = False,
) -> Iterator[Participant]:
    """Run a participant in a room while the context is open."""
    participant = Participant(client, sees_robots=sees_robots)
    participant.join(workspace, room, participant_id)
    try:
        yield participant
    finally:
        participant.leave()
