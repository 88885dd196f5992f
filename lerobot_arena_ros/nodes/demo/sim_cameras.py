# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The cameras of the simulated arm: sent to rooms if that is possible here, and watched."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
import contextlib

from lerobot_arena_ros import video

from .processes import SIM, DemoError, Processes

__all__ = ['CAMERAS', 'camera_room', 'start_cameras', 'watching']

CAMERAS = ('front', 'wrist')
"""The cameras of the simulated arm."""

RENDERS, NO_PICTURES = 'renders the cameras', 'no pictures, because'
"""The beginnings of the two lines of which sim_arm logs one."""

START_TIMEOUT_S = 60.0


def camera_room(room_id: str, camera: str) -> str:
    """Return the name of the video room of a camera that belongs to a room of joints."""
    return f'{room_id}-{camera}'


def start_cameras(processes: Processes, url: str, workspace_id: str, room_id: str) -> str | None:
    """
    Send the cameras of the arm to rooms beside a room of joints.

    :returns: why that is not possible here, and what to install; None: they are sent.
    :raises DemoError: the arm did not start in time, or a process has ended.
    :raises Interrupted: a signal has arrived.
    """
    obstacle = _missing_library() or _missing_pictures(processes)
    if obstacle is not None:
        return obstacle
    parameters = [f'server_url:={url}', f'workspace_id:={workspace_id}']
    parameters += [f'cameras:=[{", ".join(CAMERAS)}]']
    parameters += [f'camera_map.{each}.room_id:={camera_room(room_id, each)}' for each in CAMERAS]
    arguments = ['--ros-args', '-r', f'__ns:={SIM}']
    arguments += [word for parameter in parameters for word in ('-p', parameter)]
    processes.start('cameras', 'arena_camera', arguments)
    return None


def _missing_library() -> str | None:
    try:
        video.VideoConsumer  # noqa: B018, it is imported on access
    except ImportError as exc:
        return f'{NO_PICTURES} {exc}'
    return None


def _missing_pictures(processes: Processes) -> str | None:
    """Wait until the arm has logged whether it renders pictures; return why it does not."""
    return processes.wait_for_output('sim_arm', _rendering, START_TIMEOUT_S) or None


def _rendering(output: str) -> str | None:
    """Return why the arm renders no pictures, empty if it does; None if it is not known yet."""
    for line in output.splitlines():
        if RENDERS in line:
            return ''
        if NO_PICTURES in line:
            return line[line.index(NO_PICTURES) :]
    return None


@contextlib.asynccontextmanager
async def watching(
    url: str, workspace_id: str, room_id: str, cameras: Sequence[str]
) -> AsyncIterator[Counter[str]]:
    """
    Watch cameras while the context is open.

    :returns: the number of pictures of each camera so far.
    :raises DemoError: the room of a camera cannot be joined.
    """
    seen: Counter[str] = Counter(dict.fromkeys(cameras, 0))
    async with contextlib.AsyncExitStack() as stack:
        for camera in cameras:
            # The room may be created before the camera does it.
            consumer = video.VideoConsumer(url, create_room=True)
            stack.push_async_callback(consumer.disconnect)
            consumer.on_picture(lambda *_, camera=camera: seen.update([camera]))
            if not await consumer.connect(workspace_id, camera_room(room_id, camera)):
                raise DemoError(f'cannot watch the camera {camera}: {consumer.error}')
        yield seen
