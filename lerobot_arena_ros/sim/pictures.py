# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Camera pictures of the arm, rendered in a thread, so that they never delay a measurement.

The pictures of both cameras show the arm at the same time, because a policy needs pictures and
joints that belong together, and rendering takes tens of milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import os
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import mujoco
    import numpy as np

__all__ = ['Moment', 'Pictures', 'choose_gl']

WIDTH, HEIGHT = 640, 480

ADVICE = (
    'no pictures, because OpenGL is not available ({reason}): apt install libegl1 libgl1-mesa-dri'
)


def choose_gl() -> None:
    """Configure MuJoCo to render with EGL if it is installed. Call it before importing MuJoCo."""
    # The import of MuJoCo fails if the library of the chosen backend is missing.
    os.environ.setdefault('MUJOCO_GL', 'egl' if _has_egl() else 'disable')


def _has_egl() -> bool:
    try:
        ctypes.CDLL('libEGL.so.1')
        ctypes.CDLL('libOpenGL.so.0')
    except OSError:
        return False
    return True


class Moment(NamedTuple):
    """
    What the cameras see.

    :param positions: a copy of all positions.
    :param stamp_ns: when they were taken, in nanoseconds since 1970.
    """

    positions: np.ndarray
    stamp_ns: int


class Pictures:
    """
    A thread that renders the cameras that have a subscriber.

    :param model: the model of the arm.
    :param moment: returns the newest moment; called in the thread.
    :param wanted: returns the names of the cameras to render.
    :param show: is called with the name of a camera, its picture in rows of RGB bytes, and its
        stamp in nanoseconds.
    :param ready: is called once pictures can be rendered.
    :param warn: is called with a line for the user if they cannot.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        rate_hz: float,
        moment: Callable[[], Moment],
        *,
        wanted: Callable[[], list[str]],
        show: Callable[[str, np.ndarray, int], object],
        ready: Callable[[], object],
        warn: Callable[[str], object],
    ) -> None:
        self._model = model
        self._period_s = 1.0 / rate_hz
        self._moment = moment
        self._wanted = wanted
        self._show = show
        self._ready = ready
        self._warn = warn
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='pictures', daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the thread, after the current picture."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        import mujoco

        try:
            # Created in this thread, because a GL context belongs to one thread.
            renderer = mujoco.Renderer(self._model, HEIGHT, WIDTH)
        except Exception as exc:  # MuJoCo, PyOpenGL and EGL each raise their own exceptions.
            self._warn(ADVICE.format(reason=str(exc).splitlines()[0] if str(exc) else exc))
            return
        self._ready()
        data = mujoco.MjData(self._model)
        due_at = time.monotonic()
        while not self._ended.wait(max(0.0, due_at - time.monotonic())):
            due_at = max(due_at + self._period_s, time.monotonic())
            moment = self._moment()
            data.qpos[:] = moment.positions
            mujoco.mj_kinematics(self._model, data)
            mujoco.mj_camlight(self._model, data)
            for camera in self._wanted():
                renderer.update_scene(data, camera)
                self._show(camera, renderer.render(), moment.stamp_ns)
        renderer.close()
