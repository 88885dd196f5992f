# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
What a policy sees: the newest set of one frame per camera and one joint state of a robot.

:mod:`.pairing` decides what belongs together; this module joins the rooms and waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
import math
import time
from typing import TYPE_CHECKING, Any

from ..arena.address import DEFAULT_URL
from ..arena.clients import RoboticsConsumer
from ..arena.joined_client import JoinedClient
from ..arena.messages import JointUpdate
from ..arena.session import Event, Presence
from ..arena.within import within
from .errors import NoObservation
from .pairing import Matched, Pairing
from .video_consumer import VideoConsumer
from .video_types import ClientOptions

if TYPE_CHECKING:
    import av
    import numpy as np
    from numpy.typing import NDArray

__all__ = ['Frame', 'Observation', 'Observations', 'observations']


@dataclass(frozen=True)
class Frame:
    """
    A picture of one camera.

    :param picture: as PyAV has it.
    :param stamp_ns: when it was taken, on the clock of the robot, in nanoseconds since 1970; None
        if the producer does not send it: the frame was then chosen by its arrival.
    :param arrived_at: when it arrived, in seconds of ``time.monotonic``.
    """

    picture: av.VideoFrame
    stamp_ns: int | None
    arrived_at: float

    def to_rgb(self) -> NDArray[np.uint8]:
        """Return the pixels, height x width x 3, RGB; the conversion takes milliseconds."""
        pixels: NDArray[np.uint8] = self.picture.to_ndarray(format='rgb24')
        return pixels


@dataclass(frozen=True)
class Observation:
    """
    One frame per camera and one joint state that belong together.

    :param joints: the value of each joint by name, in the unit of the room.
    :param frames: the frame of each camera, by its name.
    :param joints_stamp_ns: when the newest of the joints was measured, as the stamp of a
        :class:`Frame`; None if the producer does not send it: the joints are then the last values
        that the room received.
    :param arrived_at: when the oldest frame arrived, in seconds of ``time.monotonic``.
    """

    joints: dict[str, float]
    frames: dict[str, Frame]
    joints_stamp_ns: int | None
    arrived_at: float

    @property
    def stamp_ns(self) -> int | None:
        """The oldest stamp of all parts; None if one of them has no stamp."""
        stamps = [self.joints_stamp_ns, *(frame.stamp_ns for frame in self.frames.values())]
        known = [stamp for stamp in stamps if stamp is not None]
        return min(known) if len(known) == len(stamps) else None


class Observations:
    """
    The observations of a robot, an asynchronous iterator; :func:`observations` makes it.

    As a context manager it joins the rooms and leaves them. It belongs to one event loop and has
    one reader. The iteration may be continued after a :class:`.NoObservation`.

    :param rooms: the workspace and the room of each client, which are not connected yet.
    """

    def __init__(
        self,
        joints: RoboticsConsumer,
        cameras: Mapping[str, VideoConsumer],
        rooms: Mapping[JoinedClient, tuple[str, str]],
        *,
        tolerance_s: float,
        max_age_s: float,
        timeout_s: float | None,
    ) -> None:
        self._rooms = rooms
        self._names: dict[JoinedClient, str] = {joints: 'joints'}
        self._names |= {camera: f'camera {name}' for name, camera in cameras.items()}
        self._pairing: Pairing[av.VideoFrame, dict[str, float]] = Pairing(
            list(cameras), tolerance_s=tolerance_s, max_age_s=max_age_s
        )
        self._timeout_s = timeout_s
        self._arrived = asyncio.Event()
        self._stack = AsyncExitStack()
        self._is_open = self._was_opened = False
        self._has_producer = False
        self._unstamped: dict[str, float] | None = None
        joints.on_joint_state(self._on_joint_state)
        joints.on_message(self._on_message)
        joints.on_disconnected(self._on_producer_gone)
        for name, camera in cameras.items():
            camera.on_picture(partial(self._on_picture, name))

    async def __aenter__(self) -> Observations:
        """
        Join the rooms; from then on each of them is joined again when its connection is lost.

        :raises ArenaError: why a room cannot be joined.
        """
        async with AsyncExitStack() as stack:
            for client, (workspace_id, room_id) in self._rooms.items():
                await stack.enter_async_context(client)
                await client.join_room(workspace_id, room_id, 'consumer')
            self._stack = stack.pop_all()
        self._is_open = self._was_opened = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave the rooms, and end the iteration."""
        self._is_open = False
        self._arrived.set()
        await self._stack.aclose()

    def __aiter__(self) -> Observations:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> Observation:
        """
        Return the newest observation; wait for one that has only new frames.

        :raises NoObservation: there was none within the timeout; the text has the reasons.
        :raises ValueError: the rooms were not joined.
        """
        if not self._was_opened:
            raise ValueError('observations: expected `async with observations(...) as seen`')
        deadline = math.inf if self._timeout_s is None else time.monotonic() + self._timeout_s
        while self._is_open:
            self._arrived.clear()
            found = self._pairing.take(time.monotonic())
            if found is not None:
                return _observation(found)
            await self._wait(deadline)
        raise StopAsyncIteration

    async def _wait(self, deadline: float) -> None:
        """
        Wait until something arrives.

        :raises NoObservation: the deadline has passed.
        """
        left_s = deadline - time.monotonic()
        try:
            await within(None if left_s == math.inf else left_s, self._arrived.wait())
        except asyncio.TimeoutError:
            reasons = '; '.join([*self._links(), *self._pairing.obstacles(time.monotonic())])
            text = f'no observation for {self._timeout_s:g} s: {reasons}'
            raise NoObservation(text) from None

    def _links(self) -> list[str]:
        """Return which rooms are not joined at present, and whether the joints have no source."""
        lost = [f'{name}: {each.error}' for each, name in self._names.items() if each.error]
        return lost if self._has_producer else [*lost, 'joints: their room has no producer']

    # ----- callbacks

    def _on_picture(self, camera: str, picture: av.VideoFrame, stamp_ns: int | None) -> None:
        self._pairing.add_frame(camera, picture, time.monotonic(), stamp_ns)
        self._arrived.set()

    def _on_joint_state(self, joints: dict[str, float], stamp_ns: int | None) -> None:
        self._unstamped = joints if stamp_ns is None else None
        if stamp_ns is not None or self._has_producer:
            self._add_joints(joints, stamp_ns)

    def _on_message(self, event: Event) -> None:
        """
        Use joints without a stamp only while the room has a producer.

        The values that the room remembers may be of yesterday.
        """
        if isinstance(event, Presence) and event.has_producer is False:
            self._on_producer_gone()
        elif isinstance(event, JointUpdate) or (
            isinstance(event, Presence) and event.has_producer
        ):
            is_new, self._has_producer = not self._has_producer, True
            if is_new and self._unstamped is not None:
                self._add_joints(self._unstamped, None)

    def _on_producer_gone(self) -> None:
        self._has_producer = False
        self._pairing.forget_joints()

    def _add_joints(self, joints: dict[str, float], stamp_ns: int | None) -> None:
        # Before the first update, a room has no joints.
        if joints:
            self._pairing.add_joints(joints, time.monotonic(), stamp_ns)
            self._arrived.set()


def observations(
    base_url: str = DEFAULT_URL,
    workspace_id: str = 'default-workspace',
    *,
    joints: str,
    cameras: Sequence[str] | Mapping[str, str],
    tolerance_s: float = 0.05,
    max_age_s: float = 1.0,
    timeout_s: float | None = 10.0,
    options: ClientOptions | None = None,
    **access: Any,
) -> Observations:
    """
    Return the observations of a robot, an asynchronous iterator.

    Each observation has only frames that were in none before. It is the newest that there is: a
    slow reader gets the newest set, and never a queue.

    :param joints: the room of the joints.
    :param cameras: the video rooms, or the room of each camera by the name that it has in
        ``Observation.frames``.
    :param tolerance_s: how far the stamps of one observation may be apart, in seconds.
    :param max_age_s: frames and stamped joints that arrived longer ago are dropped, in seconds.
    :param timeout_s: how long to wait for an observation, in seconds; None: without limit.
    :param options: of the :class:`.VideoConsumer` of each camera; None for the defaults.
    :param access: ``name``, ``token``, ``ca_file`` and ``allow_insecure`` of all clients.
    :raises ValueError: an argument is invalid.
    :raises InvalidAddress: ``base_url`` is not an http or https URL.
    :raises InvalidAccess: the token or the CA file is invalid or must not be used with this URL.
    """
    if isinstance(cameras, str) or not cameras:
        raise ValueError(
            f'cameras: expected at least one video room, as a list or as {{name: room}}, got'
            f' {cameras!r}'
        )
    _check_range('tolerance_s', tolerance_s, zero=True)
    _check_range('max_age_s', max_age_s)
    if timeout_s is not None:
        _check_range('timeout_s', timeout_s)
    by_name = dict(cameras) if isinstance(cameras, Mapping) else {each: each for each in cameras}
    robot = RoboticsConsumer(base_url, reconnect=True, **access)
    viewers = {name: VideoConsumer(base_url, options, **access) for name in by_name}
    rooms: dict[JoinedClient, tuple[str, str]] = {robot: (workspace_id, joints)}
    rooms |= {viewers[name]: (workspace_id, room) for name, room in by_name.items()}
    return Observations(
        robot,
        viewers,
        rooms,
        tolerance_s=tolerance_s,
        max_age_s=max_age_s,
        timeout_s=timeout_s,
    )


def _check_range(name: str, value: float, *, zero: bool = False) -> None:
    """
    Check a duration.

    :raises ValueError: it is not finite, or negative, or zero if that is not allowed.
    """
    if not 0.0 <= value < math.inf or (value == 0.0 and not zero):
        least = 'from 0' if zero else 'above 0'
        raise ValueError(f'{name}: expected a number of seconds {least}, got {value!r}')


def _observation(found: Matched[av.VideoFrame, dict[str, float]]) -> Observation:
    frames = {
        name: Frame(part.value, part.stamp_ns, part.arrived_at)
        for name, part in found.frames.items()
    }
    return Observation(
        found.joints.value,
        frames,
        found.joints.stamp_ns,
        min(frame.arrived_at for frame in frames.values()),
    )
