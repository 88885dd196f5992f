# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pictures that carry a number which survives an encoding with losses."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

__all__ = ['HEIGHT', 'WIDTH', 'NumberedPictures', 'number_in']

WIDTH, HEIGHT = 640, 480

_BITS = 20
_SIDE = 16
"""A bit is a black or white square with sides of this many pixels, in the top rows."""

_OBJECT = 96
_STEP = 7
"""The side of the square that moves, and by how much from one picture to the next, in pixels."""


class NumberedPictures:
    """A scene that does not move, with a texture, and a bright square that moves before it."""

    def __init__(self) -> None:
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        waves = 40 * np.sin(x / 9) * np.cos(y / 13) + 20 * np.sin((x + y) / 3)
        grain = np.random.default_rng(1).normal(0, 6, (HEIGHT, WIDTH))
        grey = 110 + waves + grain
        scene = np.stack([grey, grey * 0.9, grey * 0.7], axis=2)
        self._scene: NDArray[np.uint8] = scene.clip(0, 255).astype(np.uint8)

    def of(self, number: int) -> NDArray[np.uint8]:
        """Return the picture with this number: height x width x 3 bytes, RGB."""
        picture: NDArray[np.uint8] = self._scene.copy()
        left = number * _STEP % (WIDTH - _OBJECT)
        top = 200 + number * _STEP // 5 % 100
        picture[top : top + _OBJECT, left : left + _OBJECT] = (230, 180, 60)
        for bit in range(_BITS):
            shade = 235 if number >> bit & 1 else 16
            picture[:_SIDE, bit * _SIDE : (bit + 1) * _SIDE] = shade
        return picture


def number_in(picture: av.VideoFrame) -> int:
    """
    Return the number of a decoded picture.

    :param picture: in the format yuv420p, as decoders return it.
    """
    plane = picture.planes[0]
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    middle = _SIDE // 2
    marks = luma[middle, middle : _BITS * _SIDE : _SIDE] > 128
    return int(sum(1 << bit for bit, mark in enumerate(marks) if mark))
