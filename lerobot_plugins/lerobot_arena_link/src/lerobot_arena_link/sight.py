# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What is seen of a robot: its joints and cameras, or only its joints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import contextlib
from dataclasses import dataclass
import time
from typing import TYPE_CHECKING

from .joint_stream import JointStream
from .latest import Latest
from .settings import RobotSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lerobot_arena_ros.video import Frame, Observation, Observations

__all__ = ['Seen', 'Sight']

REASONS_S = 1.0
"""How often the reasons for a missing observation are read."""

NO_STAMPS = (
    'the joints have no stamps, so their age is unknown: the bridge needs stamped joint_states, '
    'and produce.deadband must be 0'
)


@dataclass(frozen=True)
class Seen:
    """
    One joint state, and one picture of each camera, which belong together.

    :param joints: the joints in LeRobot, as ``{'shoulder_pan.pos': ...}``.
    :param frames: the frame of each camera.
    :param sizes: the width and height that each frame has to have.
    """

    joints: dict[str, float]
    frames: Mapping[str, Frame]
    sizes: Mapping[str, tuple[int, int]]

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """
        Return the pixels of each camera, height x width x 3, RGB; that takes milliseconds.

        :raises ValueError: a picture has another size than configured.
        """
        for camera, frame in self.frames.items():
            size = (frame.picture.width, frame.picture.height)
            if size != self.sizes[camera]:
                raise ValueError(
                    'camera {}: expected pictures of {}x{}, got {}x{}: set its width and '
                    'height'.format(camera, *self.sizes[camera], *size)
                )
        return {camera: frame.to_rgb() for camera, frame in self.frames.items()}


class Sight:
    """
    The rooms in which a robot is seen; they are joined in the thread of a loop.

    :param newest: takes each observation.
    """

    def __init__(self, settings: RobotSettings, newest: Latest[Seen]) -> None:
        self._settings = settings
        self._newest = newest
        self._sizes = {name: (each.width, each.height) for name, each in settings.cameras.items()}
        self._why: str | None = None
        self._stack = contextlib.AsyncExitStack()

    def reason(self) -> str | None:
        """Return why there was no observation, if that is known."""
        return self._why

    async def open(self) -> None:
        """
        Join the rooms; from then on each is joined again when its connection is lost.

        :raises ArenaError: why a room cannot be joined.
        :raises ImportError: there are cameras, and aiortc is not installed.
        """
        self._why = None
        async with contextlib.AsyncExitStack() as stack:
            await (self._open_cameras if self._settings.cameras else self._open_joints)(stack)
            self._stack = stack.pop_all()

    async def close(self) -> None:
        """Leave the rooms. Idempotent."""
        await self._stack.aclose()

    async def _open_joints(self, stack: contextlib.AsyncExitStack) -> None:
        settings = self._settings
        stream = JointStream(settings, self._on_joints, self._newest.clear)
        stack.push_async_callback(stream.client.disconnect)
        await stream.client.join_room(settings.workspace_id, settings.joint_room, 'consumer')

    async def _open_cameras(self, stack: contextlib.AsyncExitStack) -> None:
        from lerobot_arena_ros.video import observations

        settings = self._settings
        seen = await stack.enter_async_context(
            observations(
                settings.server_url,
                settings.workspace_id,
                joints=settings.joint_room,
                cameras={name: each.room_id for name, each in settings.cameras.items()},
                tolerance_s=settings.tolerance_s,
                max_age_s=settings.max_age_s,
                timeout_s=REASONS_S,
                **settings.access,
            )
        )
        reading = asyncio.create_task(self._read(seen), name='read observations')
        stack.push_async_callback(_cancel, reading)

    async def _read(self, seen: Observations) -> None:
        from lerobot_arena_ros.video import NoObservation

        while True:
            try:
                async for observation in seen:
                    self._on_observation(observation)
                return
            except NoObservation as exc:
                self._why = str(exc)

    def _on_observation(self, observation: Observation) -> None:
        if observation.joints_stamp_ns is None:
            self._why = NO_STAMPS
        else:
            self._take(observation.joints, observation.frames, observation.arrived_at)

    def _on_joints(self, joints: dict[str, float], stamp_ns: int | None) -> None:
        if stamp_ns is None:
            self._why = NO_STAMPS
        else:
            self._take(joints, {}, time.monotonic())

    def _take(
        self, joints: dict[str, float], frames: Mapping[str, Frame], arrived_at: float
    ) -> None:
        try:
            converted = self._settings.joints.from_room(joints)
        except ValueError as exc:
            self._why = str(exc)
        else:
            self._why = None
            self._newest.put(Seen(converted, frames, self._sizes), arrived_at)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
