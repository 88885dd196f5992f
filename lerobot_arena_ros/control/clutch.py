# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The clutch: a new source of updates has to match the pose of the robot before it moves it.

Rules of this file: it is pure. Positions are in radians or metres.

- The clutch opens when the targets of a source are discarded, and when an update has a joint that
  does not match. While it is open, nothing moves.
- It closes when all joints that the source has sent are near the robot at the same time.
  If one joint after the other sufficed, the first one could be far away again at the end.
- A joint that is sent later has to match, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import math

from .causes import not_matched
from .gate_settings import GateJoint, Handover
from .slew import clamp

__all__ = ['Clutch']


class Clutch:
    """
    Whether the present source of updates may move the robot.

    :param on_handover: with ``approach`` any source may.
    """

    def __init__(self, on_handover: Handover) -> None:
        self._is_used = on_handover is Handover.HOLD
        self._matched: set[str] = set()

    def open(self) -> None:
        """Require a match of all joints again."""
        self._matched.clear()

    def close(self, names: Iterable[str]) -> None:
        """Record that these joints match, because :meth:`obstacle` has returned None."""
        if self._is_used:
            self._matched.update(names)

    def obstacle(
        self,
        joints: Sequence[GateJoint],
        targets: Mapping[str, float],
        position_of: Callable[[GateJoint], float | None],
    ) -> str | None:
        """
        Return which joint has to be brought nearer to the robot; None if all joints match.

        :param targets: what the source has sent, by joint name.
        :param position_of: returns where the motion of a joint would begin; None if it is unknown.
        """
        if not self._is_used or self._matched.issuperset(targets):
            return None
        farthest, cause = 1.0, None
        for joint in joints:
            name = joint.name
            if name in self._matched or name not in targets or joint.is_held:
                continue
            at = position_of(joint)
            distance = 0.0 if at is None else _distance(joint, targets[name], at)
            # Not a <= comparison of the opposite, because NaN must not match.
            if not distance <= farthest * joint.handover_tolerance:
                farthest = distance / joint.handover_tolerance
                cause = not_matched(joint, distance)
        return cause


def _distance(joint: GateJoint, wanted: float, at: float) -> float:
    """Return how far a joint would move to a wanted position."""
    if joint.is_continuous:
        return abs(math.remainder(wanted - at, math.tau))
    return abs(clamp(wanted, joint.lower, joint.upper) - at)
