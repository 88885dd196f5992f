# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Finds the newest set of one frame per camera and one joint state that belong together. Pure.

Rules of this file:

- Stamps are compared with stamps only, because they come from the clock of the robot. A set with
  a camera without stamps is also compared by the arrivals of its parts.
- A frame is part of one set at most, and no set has an older frame or an older joint state than
  the set before.
- Of all sets, the one with the newest frames is found, and the joint state that is nearest to
  their middle. Nothing is queued: older frames are dropped.
- Joints without a stamp are valid until they change, because servers do not repeat values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from .part_history import UNSTAMPED, FrameHistory, History, JointHistory, Part

__all__ = ['Matched', 'Pairing']

_NS_PER_S = 1_000_000_000

Picture = TypeVar('Picture')
Joints = TypeVar('Joints')


class Matched(NamedTuple, Generic[Picture, Joints]):
    """One frame per camera, and the joint state that belongs to them."""

    frames: Mapping[str, Part[Picture]]
    joints: Part[Joints]


class _Constraint(NamedTuple):
    """The parts of these sources have times that are at most ``tolerance`` apart."""

    sources: list[History[Any]]
    time_of: Callable[[Part[Any]], float]
    tolerance: float


class Pairing(Generic[Picture, Joints]):
    """
    The frames and joint states that may still become part of a set.

    :param cameras: their names; at least one.
    :param tolerance_s: how far the parts of a set may be apart.
    :param max_age_s: parts that arrived longer ago are dropped.
    """

    def __init__(self, cameras: Sequence[str], *, tolerance_s: float, max_age_s: float) -> None:
        self._cameras: dict[str, FrameHistory[Picture]] = {
            name: FrameHistory() for name in cameras
        }
        self._joints: JointHistory[Joints] = JointHistory()
        self._tolerance_s = tolerance_s
        self._max_age_s = max_age_s

    def add_frame(
        self, camera: str, picture: Picture, arrived_at: float, stamp_ns: int | None
    ) -> None:
        """Note a frame; the arguments are those of :class:`.Part`."""
        self._cameras[camera].add(picture, arrived_at, stamp_ns)

    def add_joints(self, joints: Joints, arrived_at: float, stamp_ns: int | None) -> None:
        """Note the values of all joints; the arguments are those of :class:`.Part`."""
        self._joints.add(joints, arrived_at, stamp_ns)

    def forget_joints(self) -> None:
        """Drop the joint states, because their source is gone."""
        self._joints.forget()

    def take(self, now: float) -> Matched[Picture, Joints] | None:
        """Return the newest set, and drop all older parts; None if there is no new set."""
        self._drop_old(now)
        if not all(source.parts for source in self._sources.values()):
            return None
        newest = self._newest()
        if newest is None:
            return None
        frames = {name: each.parts[newest[each]] for name, each in self._cameras.items()}
        nearest = self._nearest_joints(frames, newest[self._joints])
        joints = self._joints.parts[nearest]
        for camera in self._cameras.values():
            camera.drop_until(newest[camera])
        self._joints.drop_before(nearest)
        return Matched(frames, joints)

    def obstacles(self, now: float) -> list[str]:
        """Return what prevents a set, one text for each source."""
        self._drop_old(now)
        empty = [
            f'{name}: {_silence(source, now, self._max_age_s)}'
            for name, source in self._sources.items()
            if not source.parts
        ]
        return empty or [self._difference()]

    @property
    def _sources(self) -> dict[str, History[Any]]:
        cameras = {f'camera {name}': each for name, each in self._cameras.items()}
        return {'joints': self._joints, **cameras}

    def _drop_old(self, now: float) -> None:
        oldest = now - self._max_age_s
        for camera in self._cameras.values():
            camera.drop_arrived_before(oldest)
        if self._joints.is_stamped:
            self._joints.drop_arrived_before(oldest)

    def _newest(self) -> dict[History[Any], int] | None:
        """
        Return the index of the newest part of each source that can be in a set; None if none can.

        A part that is too new for the oldest of the others is in no set, because these have no
        newer parts. What is left has therefore the newest part of each source.
        """
        index = {source: len(source.parts) - 1 for source in self._sources.values()}
        constraints = self._constraints()
        is_changed = True
        while is_changed:
            is_changed = False
            for sources, time_of, tolerance in constraints:
                oldest = min(time_of(source.parts[index[source]]) for source in sources)
                for source in sources:
                    while time_of(source.parts[index[source]]) - oldest > tolerance:
                        if index[source] == 0:
                            return None
                        index[source] -= 1
                        is_changed = True
        return index

    def _constraints(self) -> list[_Constraint]:
        cameras = list(self._cameras.values())
        sources: list[History[Any]] = [*cameras, self._joints]
        stamped = [source for source in sources if source.is_stamped]
        tolerance_ns = round(self._tolerance_s * _NS_PER_S)
        constraints = [_Constraint(stamped, _stamp_of, tolerance_ns)] if stamped else []
        if not all(camera.is_stamped for camera in cameras):
            arriving = sources if self._joints.is_stamped else sources[:-1]
            constraints.append(_Constraint(arriving, _arrival_of, self._tolerance_s))
        return constraints

    def _nearest_joints(self, frames: Mapping[str, Part[Picture]], newest: int) -> int:
        """
        Return the index of the joint state that is nearest to the middle of the frames.

        It is within the tolerance, because the newest one that can be in a set is, and is not
        nearer.
        """
        kinds = {camera.is_stamped for camera in self._cameras.values()}
        if len(kinds) > 1 or not self._joints.is_stamped:
            return newest
        time_of = _stamp_of if True in kinds else _arrival_of
        times = [time_of(frame) for frame in frames.values()]
        # Twice the middle, because stamps are integers beyond the precision of a float.
        middle = min(times) + max(times)
        states = self._joints.parts
        # The later one of two that are as near, so that no set is older than one before it.
        return min(range(len(states)), key=lambda i: (abs(2 * time_of(states[i]) - middle), -i))

    def _difference(self) -> str:
        stamps = {
            name: source.newest_ns
            for name, source in self._sources.items()
            if source.newest_ns is not None
        }
        if len(stamps) < 2:
            return 'the cameras and the joints do not arrive at the same time'
        late, early = (each(stamps, key=lambda name: stamps[name]) for each in (min, max))
        behind_s = (stamps[early] - stamps[late]) / _NS_PER_S
        return (
            f'the newest stamp of {late} is {behind_s:.3f} s older than that of {early}, and the'
            f' tolerance is {self._tolerance_s:g} s: do they have the same clock?'
        )


def _silence(source: History[Any], now: float, max_age_s: float) -> str:
    if source.last_at is None:
        return 'nothing arrived yet'
    if now - source.last_at > max_age_s:
        return f'nothing arrived for {now - source.last_at:.1f} s'
    if isinstance(source, FrameHistory) and 0 < source.unstamped < UNSTAMPED:
        return 'the stamps of its frames are not known yet'
    return 'nothing new arrived'


def _stamp_of(part: Part[Any]) -> float:
    return part.stamp_ns or 0


def _arrival_of(part: Part[Any]) -> float:
    return part.arrived_at
