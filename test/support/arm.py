"""A simulated arm that follows a bridge's commands, and what passed between the two, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import time
from typing import NamedTuple

from sensor_msgs.msg import JointState

from .probe import Probe
from .processes import ros_arguments, running
from .waiting import wait_for

__all__ = ['TRAILING', 'Arm', 'arm']

TRAILING = 0.1
"""How far the arm may be behind a command to which it has not moved yet, in radians."""


class Step(NamedTuple):
    """
    One command to one joint.

    :param at: when it came, in seconds of the steady clock.
    :param stamp_s: when the bridge made it, in seconds of the system clock.
    :param begins: whether nothing was commanded before, or something was waited for meanwhile.
    :param measured: where the joint was when the command came.
    """

    at: float
    stamp_s: float
    begins: bool
    measured: float
    commanded: float


class Arm:
    """What a follower of one joint ``j1`` measured and was told."""

    def __init__(self) -> None:
        self.position: float | None = None
        self.steps: list[Step] = []
        self._begins = True

    def begin(self) -> None:
        """Have the next command count as the beginning of a motion."""
        self._begins = True

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
        List the commands that are neither a small step from the last one nor where the arm is.

        Where a motion begins anew, and that may be at any time when something fails, it begins at
        the measured pose.
        """
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return [
            after
            for before, after in pairs
            if abs(after.commanded - before.commanded) > largest
            and abs(after.commanded - after.measured) > TRAILING
        ]

    def on_state(self, message: JointState) -> None:
        """Note where the arm is."""
        self.position = message.position[0]

    def on_command(self, message: JointState) -> None:
        """Note what it was told."""
        assert self.position is not None
        stamp = message.header.stamp
        stamp_s = stamp.sec + stamp.nanosec * 1e-9
        commanded = message.position[0]
        self.steps.append(Step(time.monotonic(), stamp_s, self._begins, self.position, commanded))
        self._begins = False


@contextmanager
def arm(probe: Probe, namespace: str, *, rate_hz: float = 50.0) -> Iterator[Arm]:
    """
    Run an arm of one joint, +-1 rad, on the topics of a bridge there.

    :param rate_hz: joint_states per second.
    """
    seen = Arm()
    node = probe.node
    node.create_subscription(JointState, f'/{namespace}/joint_states', seen.on_state, 100)
    arguments = ros_arguments(
        namespace, {'joints': ['j1'], 'max_velocity': 20.0, 'rate_hz': rate_hz}
    )
    with running('nodes.demo.arm', arguments):
        wait_for(lambda: seen.position is not None, 'the arm', 20.0)
        node.create_subscription(JointState, f'/{namespace}/joint_commands', seen.on_command, 100)
        yield seen
