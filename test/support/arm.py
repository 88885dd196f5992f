# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A simulated arm that follows a bridge's commands, and a record of its commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import math
import time
from typing import Any, NamedTuple

from sensor_msgs.msg import JointState

from lerobot_arena_ros.nodes.settings.parameter_table import SPECS

from .probe import EVERY, Probe, published_at, stamp_s
from .processes import ros_arguments, running
from .waiting import wait_for

__all__ = ['Arm', 'arm']

TRAILING = 0.1
"""The largest distance of the arm from a command that it has not reached yet, in radians."""


DEFAULTS = {spec.name: spec.default for spec in SPECS}
FEEDBACK_AGE_S = float(str(DEFAULTS['consume.max_feedback_age_s']))
"""The maximum age of a measurement that a bridge uses."""


class Step(NamedTuple):
    """
    One command to one joint.

    :param at: when it was published, in seconds of the monotonic clock.
    :param stamp_s: the time of its stamp, in seconds of the system clock of the bridge.
    :param begins: whether it is the first command, or the first after :meth:`Arm.begin`.
    """

    at: float
    stamp_s: float
    begins: bool
    commanded: float


class Arm:
    """The measured position and the commands of an arm with one joint ``j1``."""

    def __init__(self) -> None:
        self.position: float | None = None
        self.steps: list[Step] = []
        self._begun_at: float | None = -math.inf
        self._poses: list[tuple[float, float]] = []  # Stamps and measured positions.

    def begin(self) -> None:
        """Count the next command that is published as the beginning of a motion."""
        self._begun_at = time.monotonic()

    @property
    def beginnings(self) -> list[Step]:
        """The first command of each motion."""
        return [step for step in self.steps if step.begins]

    @property
    def largest_step(self) -> float:
        """The largest distance between two consecutive commands of one motion, in radians."""
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return max(
            (
                abs(after.commanded - before.commanded)
                for before, after in pairs
                if not after.begins
            ),
            default=0.0,
        )

    def first_steps(self, count: int) -> list[tuple[float, float]]:
        """
        Return the first steps of each motion: the time since its first command, and the distance.

        :param count: steps of each motion.
        """
        found = []
        began_s, number = 0.0, 0
        for before, after in zip([None, *self.steps], self.steps, strict=False):
            if before is None or after.begins:
                began_s, number = after.stamp_s, 0
                continue
            number += 1
            if number <= count:
                distance = abs(after.commanded - before.commanded)
                found.append((after.stamp_s - began_s, distance))
        return found

    def jumps(self, largest: float) -> list[Step]:
        """
        Return the commands that are far from both the previous command and the measured position.

        A motion that begins anew, as it may at any time during a fault, begins at a measured
        pose. The bridge may have used an older pose than the last one that the test received.

        :param largest: the largest distance of two commands of one motion, in radians.
        """
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return [
            after
            for before, after in pairs
            if abs(after.commanded - before.commanded) > largest and not self.was_near(after)
        ]

    def was_near(self, step: Step) -> bool:
        """Return whether a measurement that the bridge could use for a command was near it."""
        return any(
            abs(position - step.commanded) <= TRAILING
            for stamp_s, position in self._poses
            if step.stamp_s - FEEDBACK_AGE_S <= stamp_s <= step.stamp_s
        )

    def on_state(self, message: JointState) -> None:
        """Store the measured position."""
        self.position = message.position[0]
        self._poses.append((stamp_s(message), self.position))

    def on_command(self, message: JointState, info: Mapping[str, Any]) -> None:
        """Record a command."""
        at = published_at(info)
        begins = self._begun_at is not None and at > self._begun_at
        if begins:
            self._begun_at = None
        self.steps.append(Step(at, stamp_s(message), begins, message.position[0]))


@contextmanager
def arm(probe: Probe, namespace: str, *, rate_hz: float = 50.0) -> Iterator[Arm]:
    """
    Run an arm with one joint, +-1 rad, on the topics of the bridge in a namespace.

    :param rate_hz: the rate of joint_states.
    """
    seen = Arm()
    node = probe.node
    node.create_subscription(JointState, f'/{namespace}/joint_states', seen.on_state, EVERY)
    arguments = ros_arguments(
        namespace, {'joints': ['j1'], 'max_velocity': 20.0, 'rate_hz': rate_hz}
    )
    with running('nodes.demo.arm', arguments):
        wait_for(lambda: seen.position is not None, 'the arm')
        node.create_subscription(
            JointState,
            f'/{namespace}/joint_commands',
            seen.on_command,  # type: ignore[arg-type]
            EVERY,
        )
        yield seen
