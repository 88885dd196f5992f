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

from .causes import no_picture

__all__ = ['CameraWatch']


class CameraWatch:
    """
    The age of the pictures that the viewers of some cameras got.

    :param required: the names of the cameras; others do not count.
    :param max_age_s: a picture that is older does not count, in seconds.
    """

    def __init__(self, required: Sequence[str], max_age_s: float) -> None:
        self._taken_at: dict[str, float | None] = dict.fromkeys(required)
        self._max_age_s = max_age_s

    def note(self, camera: str, now: float, *, age_s: float) -> None:
        """
        Record that a picture was delivered to a viewer.

        :param age_s: its age by the clock of this node; a negative one counts as 0.
        """
        if camera in self._taken_at:
            before = self._taken_at[camera]
            taken_at = now - max(0.0, age_s)
            self._taken_at[camera] = taken_at if before is None else max(before, taken_at)

    def obstacle(self, now: float) -> str | None:
        """Return which camera blocks commands; None if each has a recent picture."""
        for camera, taken_at in self._taken_at.items():
            if taken_at is None:
                return no_picture(camera, None)
            # Absolute, so that after a large backward clock jump nothing counts as recent.
            age_s = abs(now - taken_at)
            if age_s > self._max_age_s:
                return no_picture(camera, age_s)
        return None
