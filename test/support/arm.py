"""A simulated arm that follows a bridge's commands, and what passed between the two, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sensor_msgs.msg import JointState

from .processes import ros_arguments, running
from .robot import NAMESPACE, Robot
from .waiting import wait_for

__all__ = ['Arm', 'arm']


class Step(NamedTuple):
    """
    One command to one joint.

    :param begins: whether nothing was commanded before, or something was waited for meanwhile.
    :param measured: where the joint was when the command came.
    """

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

    def widest(self, *, first: int | None = None) -> float:
        """
        Give the largest distance between two commands that follow each other in one motion.

        :param first: only of so many commands after each beginning; None takes all.
        """
        widest, count = 0.0, 0
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            count = 0 if after.begins else count + 1
            if not after.begins and (first is None or count <= first):
                widest = max(widest, abs(after.commanded - before.commanded))
        return widest

    def on_state(self, message: JointState) -> None:
        """Note where the arm is."""
        self.position = message.position[0]

    def on_command(self, message: JointState) -> None:
        """Note what it was told."""
        assert self.position is not None
        self.steps.append(Step(self._begins, self.position, message.position[0]))
        self._begins = False


@contextmanager
def arm(bridged: Robot) -> Iterator[Arm]:
    """Have an arm of one joint, +-1 rad, on the bridge's topics."""
    seen = Arm()
    node = bridged.probe.node
    node.create_subscription(JointState, f'/{NAMESPACE}/joint_states', seen.on_state, 100)
    arguments = ros_arguments(NAMESPACE, {'joints': ['j1'], 'max_velocity': 20.0})
    with running('nodes.demo_arm', arguments):
        wait_for(lambda: seen.position is not None, 'the arm', 20.0)
        node.create_subscription(JointState, f'/{NAMESPACE}/joint_commands', seen.on_command, 100)
        yield seen
