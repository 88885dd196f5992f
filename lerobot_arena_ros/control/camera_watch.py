# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The cameras that a robot's driver must see, and when each last delivered a picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .causes import no_camera_node, no_picture, picture_ahead, several_camera_nodes

__all__ = ['CameraWatch']


@dataclass
class _Camera:
    """
    What is known of one camera.

    :param taken_at: when the newest picture was taken, in seconds of the steady clock; None
        before the first.
    :param ahead_s: how far the last stamp was in the future, if that was too far; otherwise None.
    :param nodes: how many nodes report it; None before the first look.
    :param names: their names, if there are several.
    """

    taken_at: float | None = None
    ahead_s: float | None = None
    nodes: int | None = None
    names: Sequence[str] = ()


class CameraWatch:
    """
    The age of the pictures that the viewers of some cameras got.

    :param required: the names of the cameras; others do not count.
    :param max_age_s: a picture that is older does not count, in seconds; nor does one whose stamp
        is further in the future, because then its age is not known.
    """

    def __init__(self, required: Sequence[str], max_age_s: float) -> None:
        self._cameras = {name: _Camera() for name in required}
        self._max_age_s = max_age_s

    def note(self, name: str, now: float, *, age_s: float) -> None:
        """
        Record that a picture was delivered to a viewer.

        :param age_s: its age by the clock of this node; negative if its stamp is in the future.
        """
        camera = self._cameras.get(name)
        if camera is None:
            return
        camera.ahead_s = -age_s if age_s < -self._max_age_s else None
        if camera.ahead_s is None:
            taken_at = now - max(0.0, age_s)
            before = camera.taken_at
            camera.taken_at = taken_at if before is None else max(before, taken_at)

    def note_nodes(self, name: str, count: int, names: Sequence[str]) -> None:
        """
        Record how many nodes report a camera.

        :param names: their names, if there are several.
        """
        camera = self._cameras.get(name)
        if camera is not None:
            camera.nodes, camera.names = count, names

    def obstacle(self, now: float) -> str | None:
        """Return which camera blocks commands; None if each has a recent picture."""
        for name, camera in self._cameras.items():
            if (cause := self._obstacle(name, camera, now)) is not None:
                return cause
        return None

    def _obstacle(self, name: str, camera: _Camera, now: float) -> str | None:
        if camera.nodes is not None and camera.nodes > 1:
            return several_camera_nodes(name, camera.names)
        if camera.ahead_s is not None:
            return picture_ahead(name, camera.ahead_s)
        # Absolute, so that after a large backward clock jump nothing counts as recent.
        age_s = None if camera.taken_at is None else abs(now - camera.taken_at)
        if age_s is not None and age_s <= self._max_age_s:
            return None
        return no_camera_node(name) if camera.nodes == 0 else no_picture(name, age_s)
