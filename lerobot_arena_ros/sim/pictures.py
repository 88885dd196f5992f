"""Pictures of the arm, rendered beside its motion: never in the way of a measurement."""

from __future__ import annotations

from collections.abc import Callable
import ctypes
import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mujoco
    import numpy as np

__all__ = ['Pictures', 'choose_gl']

WIDTH, HEIGHT = 640, 480

ADVICE = (
    'no pictures, because there is no OpenGL here ({reason}): apt install libegl1 libgl1-mesa-dri'
)


def choose_gl() -> None:
    """Have MuJoCo render by EGL, without a screen, where it is there; call before importing it."""
    # An import of MuJoCo that looks for a library in vain fails as a whole.
    os.environ.setdefault('MUJOCO_GL', 'egl' if _has_egl() else 'disable')


def _has_egl() -> bool:
    try:
        ctypes.CDLL('libEGL.so.1')
        ctypes.CDLL('libOpenGL.so.0')
    except OSError:
        return False
    return True


class Pictures:
    """
    A thread that renders the cameras which are wanted.

    :param model: of the arm.
    :param positions: gives a copy of where everything is; any thread.
    :param wanted: gives the cameras that something looks at.
    :param show: takes a camera's name and its picture, rows of RGB bytes.
    :param complain: takes a line for the user if there are no pictures.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        rate_hz: float,
        positions: Callable[[], np.ndarray],
        *,
        wanted: Callable[[], list[str]],
        show: Callable[[str, np.ndarray], object],
        complain: Callable[[str], object],
    ) -> None:
        self._model = model
        self._period_s = 1.0 / rate_hz
        self._positions = positions
        self._wanted = wanted
        self._show = show
        self._complain = complain
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name='pictures', daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the thread, after the picture that it is at."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        import mujoco

        try:
            # In this thread, because a GL context belongs to one.
            renderer = mujoco.Renderer(self._model, HEIGHT, WIDTH)
        except Exception as exc:  # MuJoCo, PyOpenGL and EGL each have errors of their own.
            self._complain(ADVICE.format(reason=str(exc).splitlines()[0] if str(exc) else exc))
            return
        data = mujoco.MjData(self._model)
        due_at = time.monotonic()
        while not self._ended.wait(max(0.0, due_at - time.monotonic())):
            due_at = max(due_at + self._period_s, time.monotonic())
            for camera in self._wanted():
                data.qpos[:] = self._positions()
                mujoco.mj_kinematics(self._model, data)
                mujoco.mj_camlight(self._model, data)
                renderer.update_scene(data, camera)
                self._show(camera, renderer.render())
        renderer.close()
