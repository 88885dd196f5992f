"""A simulated arm that follows a bridge's commands, and a record of its commands."""

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
"""The largest distance of the arm from a command that it has not reached yet, in radians."""


class Step(NamedTuple):
    """
    One command to one joint.

    :param at: the time of its arrival, in seconds of the monotonic clock.
    :param begins: whether it is the first command, or the first after :meth:`Arm.begin`.
    :param measured: the measured position when the command arrived.
    """

    at: float
    begins: bool
    measured: float
    commanded: float


class Arm:
    """The measured position and the commands of an arm with one joint ``j1``."""

    def __init__(self) -> None:
        self.position: float | None = None
        self.steps: list[Step] = []
        self._begins = True

    def begin(self) -> None:
        """Count the next command as the beginning of a motion."""
        self._begins = True

    @property
    def beginnings(self) -> list[Step]:
        """The first command of each motion."""
        return [step for step in self.steps if step.begins]

    def widest(self, *, first: int | None = None) -> float:
        """
        Return the largest distance between two successive commands of one motion.

        :param first: the number of commands after each beginning that count; None = all.
        """
        widest, count = 0.0, 0
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            count = 0 if after.begins else count + 1
            if not after.begins and (first is None or count <= first):
                widest = max(widest, abs(after.commanded - before.commanded))
        return widest

    def jumps(self, largest: float) -> list[Step]:
        """
        Return the commands that are far from both the previous command and the measured position.

        A motion that begins anew, as it may at any time during a fault, begins at the measured
        pose.
        """
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return [
            after
            for before, after in pairs
            if abs(after.commanded - before.commanded) > largest
            and abs(after.commanded - after.measured) > TRAILING
        ]

    def on_state(self, message: JointState) -> None:
        """Store the measured position."""
        self.position = message.position[0]

    def on_command(self, message: JointState) -> None:
        """Record a command."""
        assert self.position is not None
        self.steps.append(Step(time.monotonic(), self._begins, self.position, message.position[0]))
        self._begins = False


@contextmanager
def arm(probe: Probe, namespace: str, *, rate_hz: float = 50.0) -> Iterator[Arm]:
    """
    Run an arm with one joint, +-1 rad, on the topics of the bridge in a namespace.

    :param rate_hz: the rate of joint_states.
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
