# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A stand-in for the public inference server, for one session.

Like that server, it creates a video room for each camera and then the two rooms of the joints, and
sends actions only after :meth:`InferenceServer.start`, a picture of each camera and a message with
joints. It then goes on with the last picture, also when a camera has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
import time
from typing import Any

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.video import FrameData, VideoConsumer

from .loop_thread import LoopThread
from .waiting import ticks

__all__ = ['InferenceServer', 'Policy', 'running_inference_server']

ACTIONS_HZ = 20.0

JOIN_TIMEOUT_S = 60.0
"""Several rooms are created, joined and left."""

Policy = Callable[[Mapping[str, FrameData], Mapping[str, float]], Mapping[str, float]]
"""Returns the action for the newest picture of each camera and the newest value of each joint."""


class InferenceServer:
    """
    One session: what it has received, and the actions that it sends.

    :param policy: is called once for each picture; its action is repeated until the next one.
    :ivar frames: the newest picture of each camera.
    :ivar seen_at: when the first picture of each camera arrived, on the monotonic clock.
    :ivar joints: the newest value of each joint.
    :ivar sent: the number of actions that were sent.
    :ivar errors: the texts of errors that the arena has sent.
    """

    def __init__(
        self, url: str, workspace: str, session: str, cameras: Sequence[str], policy: Policy
    ) -> None:
        self.frames: dict[str, FrameData] = {}
        self.seen_at: dict[str, float] = {}
        self.joints: dict[str, float] = {}
        self.sent = 0
        self.errors: list[str] = []
        self._workspace, self._session, self._policy = workspace, session, policy
        self._eyes = {camera: VideoConsumer(url) for camera in cameras}
        self._input, self._output = RoboticsConsumer(url), RoboticsProducer(url)
        self._is_started = False
        self._is_new = False
        self._acting: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it has all that it needs to act."""
        return self._is_started and bool(self.joints) and self.frames.keys() == self._eyes.keys()

    def start(self) -> None:
        """Act as soon as there is a picture of each camera and a message with joints."""
        self._is_started = True

    async def join(self) -> None:
        """Create all rooms, and then join them."""
        for camera, eye in self._eyes.items():
            await eye.create_room(self._workspace, f'{self._session}-{camera}')
        joints = {'input': self._input, 'output': self._output}
        for name, client in joints.items():
            await client.create_room(self._workspace, f'{self._session}-joint-{name}')
        for camera, eye in self._eyes.items():
            eye.on_frame_update(partial(self._on_frame, camera))
            eye.on_error(self.errors.append)
            await self._connect(eye, camera, f'{camera}-consumer')
        self._input.on_joint_update(self._on_joints)
        for name, client in joints.items():
            client.on_error(self.errors.append)
            await self._connect(client, f'joint-{name}', f'joint-{name}-policy')
        self._acting = asyncio.create_task(self._act())

    async def leave(self) -> None:
        """Leave all rooms; they remain."""
        if self._acting is not None:
            self._acting.cancel()
            await asyncio.gather(self._acting, return_exceptions=True)
        for client in (self._output, self._input, *self._eyes.values()):
            await client.disconnect()

    async def _connect(self, client: Any, room: str, participant: str) -> None:
        session = self._session
        joined = await client.connect(
            self._workspace, f'{session}-{room}', f'{session}-{participant}'
        )
        assert joined, f'{participant} cannot join: {client.error}'

    async def _act(self) -> None:
        action: Mapping[str, float] = {}
        async for count in ticks(ACTIONS_HZ):
            if not self.is_ready or not self._output.is_connected():
                continue
            if self._is_new:
                self._is_new = False
                action = await asyncio.to_thread(self._policy, dict(self.frames), self.joints)
            # A little noise as of a learned policy, because rooms do not repeat equal values.
            noise = 0.01 * (count % 2)
            # A busy machine may lose the link; the client joins again.
            with suppress(ConnectionLost):
                await self._output.send_joint_update(
                    [{'name': name, 'value': value + noise} for name, value in action.items()]
                )
                self.sent += 1

    def _on_frame(self, camera: str, frame: FrameData) -> None:
        self.seen_at.setdefault(camera, time.monotonic())
        self.frames[camera] = frame
        self._is_new = True

    def _on_joints(self, entries: list[dict[str, Any]]) -> None:
        self.joints |= {entry['name']: entry['value'] for entry in entries}


@contextmanager
def running_inference_server(
    url: str, workspace: str, session: str, cameras: Sequence[str], policy: Policy
) -> Iterator[InferenceServer]:
    """Create the rooms of a session and be in them while the context is open."""
    server = InferenceServer(url, workspace, session, cameras, policy)
    thread = LoopThread('inference server')
    thread.run(server.join(), JOIN_TIMEOUT_S)
    try:
        yield server
    finally:
        thread.run(server.leave(), JOIN_TIMEOUT_S)
        thread.close()
