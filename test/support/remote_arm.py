# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An arm behind two rooms, without ROS, for tests of programs that lead it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
import contextlib
import time
import uuid

from lerobot_arena_ros import RoboticsOperator, RoboticsProducer
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import Connection, open_connection
from lerobot_arena_ros.arena.control_messages import ControlState
from lerobot_arena_ros.arena.errors import TransportError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import EmergencyStop, JointUpdate, RobotReport, Role
from lerobot_arena_ros.arena.robot_state import RobotJoint, RobotState, StopCause

from .loop_thread import LoopThread
from .waiting import ticks

__all__ = ['RemoteArm', 'remote_arm']

RATE_HZ = 50.0


class RemoteArm:
    """
    An arm that sends its joints, receives commands, and reports its state.

    :ivar joints: the measured joints, sent with stamps while ``measures`` is True.
    :ivar stamped: whether they have stamps.
    :ivar commands: the values of each update in the command room.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.workspace_id = f'arm-{uuid.uuid4().hex[:8]}'
        self.joint_room, self.command_room = 'joints', 'commands'
        self.joints: Mapping[str, float] = {'elbow': 10.0, 'gripper': 50.0}
        self.measures = self.stamped = True
        self.commands: list[dict[str, float]] = []
        self._thread = LoopThread('remote arm')
        self._producer: RoboticsProducer | None = None
        self._connection: Connection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._thread.run(self._start())

    def report(
        self,
        *,
        gate: str = 'active',
        stop: str | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        """Report a state; ``units`` has the unit of each joint, degrees by default."""
        by_name = units or dict.fromkeys(self.joints, 'degrees')
        state = RobotState(
            'arm',
            'here',
            gate,
            'live',
            stop=None if stop is None else StopCause(stop, 'a person', '1'),
            joints=tuple(RobotJoint(name, unit) for name, unit in by_name.items()),
        )
        self._thread.run(self._connected.send(RobotReport(state)))

    def stop(self, reason: str) -> None:
        """Send an emergency stop to the command room."""
        self._thread.run(self._connected.send(EmergencyStop(reason)))

    @contextlib.contextmanager
    def taken_over(self, *, gives_back: bool = True) -> Iterator[None]:
        """Let a person have control of the command room, and give it back to who had it."""
        person = RoboticsOperator(self.url)
        leader = self._thread.run(self._take_over(person))
        try:
            yield
            if gives_back:
                self._thread.run(person.give_control(leader))
        finally:
            self._thread.run(person.disconnect())

    def delete_rooms(self) -> None:
        """Delete both rooms, which ends all connections."""
        for room in (self.joint_room, self.command_room):
            self._thread.run(RoboticsProducer(self.url).delete_room(self.workspace_id, room))

    def replace_command_room(self) -> None:
        """Delete the command room, create it again, and join it."""
        self._thread.run(self._replace_command_room())

    def close(self) -> None:
        """Leave the rooms and end the thread."""
        self._thread.run(self._end())
        self._thread.close()

    @property
    def _connected(self) -> Connection:
        assert self._connection is not None
        return self._connection

    async def _start(self) -> None:
        self._producer = RoboticsProducer(self.url)
        for room in (self.joint_room, self.command_room):
            await self._producer.create_room(self.workspace_id, room, control='take')
        assert await self._producer.connect(self.workspace_id, self.joint_room)
        self._tasks = [asyncio.create_task(self._measure(self._producer))]
        await self._join_command_room()

    async def _join_command_room(self) -> None:
        self._connection = await open_connection(
            Address.parse(self.url),
            self.workspace_id,
            self.command_room,
            Role.CONSUMER,
            features=frozenset({Feature.ROBOT_STATE}),
        )
        self._tasks.append(asyncio.create_task(self._follow(self._connection)))

    async def _take_over(self, person: RoboticsOperator) -> str:
        """Take control, and return who had it."""
        states: asyncio.Queue[ControlState] = asyncio.Queue()
        person.on_control(states.put_nowait)
        await person.join_room(self.workspace_id, self.command_room, 'consumer', 'person')
        leader = (await states.get()).holder
        assert leader is not None
        await person.take_control()
        return leader

    async def _replace_command_room(self) -> None:
        rooms = RoboticsProducer(self.url)
        await rooms.delete_room(self.workspace_id, self.command_room)
        await self._connected.aclose()
        await rooms.create_room(self.workspace_id, self.command_room)
        await self._join_command_room()

    async def _measure(self, producer: RoboticsProducer) -> None:
        async for _ in ticks(RATE_HZ):
            if self.measures and producer.is_connected():
                await self._send_joints(producer)

    async def _send_joints(self, producer: RoboticsProducer) -> None:
        if self.stamped:
            await producer.send_state_sync(self.joints, stamp_ns=time.time_ns())
        else:
            # The server does not forward unchanged values without a stamp.
            trembling = time.monotonic() % 0.1
            values = {name: value + trembling for name, value in self.joints.items()}
            await producer.send_state_sync(values)

    async def _follow(self, connection: Connection) -> None:
        with contextlib.suppress(TransportError):
            async for event in connection:
                if isinstance(event, JointUpdate):
                    self.commands.append(event.values)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connected.aclose()
        if self._producer is not None:
            await self._producer.disconnect()


@contextlib.contextmanager
def remote_arm(url: str) -> Iterator[RemoteArm]:
    """Run an arm in rooms of its own; it has reported its state."""
    arm = RemoteArm(url)
    try:
        arm.report()
        yield arm
    finally:
        arm.close()
