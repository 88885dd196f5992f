"""A simulated arm: it waves by itself, or follows joint_commands like a position controller."""

from __future__ import annotations

import math
import sys
import time

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from lerobot_arena_ros.control.slew import step

from ..bridge.conversions import joint_state_from_ros, joint_state_to_ros
from ..runtime.cli_help import parse_arguments
from ..runtime.node_log import NodeLog
from ..runtime.parameters import declare
from ..runtime.run_node import Program, run
from ..runtime.shutdown_signal import ShutdownSignal
from ..settings.parameter_table import Spec
from .so101 import SO101

__all__ = ['SPECS', 'DemoArm', 'main']

SPECS = (
    Spec(
        'motion',
        'follow',
        'Wave about the middle of each range (sine), or go where joint_commands say (follow).',
        choices=('sine', 'follow'),
    ),
    Spec('joints', (), "Names of the joints. Empty: the SO-101's; others range over +-1 rad."),
    Spec('rate_hz', 50.0, 'Steps and joint_states per second.', 'Hz', 1.0, 1000.0),
    Spec('max_velocity', 4.0, 'The fastest that a joint moves.', 'rad/s', 0.01, 100.0),
    Spec('swing', 0.3, 'Amplitude of the waving, as a share of half the range.', '', 0.0, 1.0),
    Spec('period_s', 8.0, 'One wave of the first joint; the others are slower.', 's', 0.5, 600.0),
)

_COMMAND_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)


class DemoArm(Node):
    """
    The node ``demo_arm``.

    Topics: ``joint_commands`` (sensor_msgs/JointState, in), ``joint_states`` (the same, out).

    :raises ParameterError: a parameter is unacceptable.
    """

    def __init__(self) -> None:
        super().__init__('demo_arm')
        values = declare(self, SPECS)
        self._waves = values['motion'] == 'sine'
        self._max_velocity: float = values['max_velocity']
        self._swing: float = values['swing']
        self._wave_s: float = values['period_s']
        self._ranges = {
            name: SO101.get(name, (-1.0, 1.0)) for name in values['joints'] or list(SO101)
        }
        self._positions = {name: sum(ends) / 2 for name, ends in self._ranges.items()}
        self._targets = dict(self._positions)
        self._begun_at = self._stepped_at = time.monotonic()
        self._states = self.create_publisher(JointState, 'joint_states', 10)
        self.create_subscription(JointState, 'joint_commands', self._on_command, _COMMAND_QOS)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / values['rate_hz'], self._on_step, clock=steady)
        does = 'waves' if self._waves else 'goes where joint_commands say'
        NodeLog(self.get_logger()).info(f'a simulated arm that {does}: {", ".join(self._ranges)}')

    def _on_command(self, message: JointState) -> None:
        wanted = joint_state_from_ros(message)
        self._targets.update({n: p for n, p in wanted.items() if n in self._targets})

    def _on_step(self) -> None:
        now = time.monotonic()
        largest = self._max_velocity * (now - self._stepped_at)
        self._stepped_at = now
        if self._waves:
            self._targets = self._wave(now - self._begun_at)
        self._positions = {
            name: step(position, self._targets[name], largest)
            for name, position in self._positions.items()
        }
        stamp = self.get_clock().now().to_msg()
        names, positions = list(self._positions), list(self._positions.values())
        self._states.publish(joint_state_to_ros(names, positions, stamp))

    def _wave(self, elapsed_s: float) -> dict[str, float]:
        """Give where each joint is on its wave; each is a little slower than the one before."""
        targets = {}
        for index, (name, (lower, upper)) in enumerate(self._ranges.items()):
            phase = 2 * math.pi * elapsed_s / (self._wave_s * (1 + 0.25 * index))
            half = (upper - lower) / 2
            targets[name] = lower + half + self._swing * half * math.sin(phase)
        return targets


def main(args: list[str] | None = None) -> int:
    """Run the simulated arm; gives the exit code."""
    stop = ShutdownSignal()
    parse_arguments(
        'arena_demo_arm',
        'A simulated arm: publishes joint_states, and waves or obeys joint_commands.',
        SPECS,
        args,
        examples=('--ros-args -p motion:=sine -r __ns:=/leader',),
    )
    return run(lambda: Program([DemoArm()]), 'arena_demo_arm', args, stop)


if __name__ == '__main__':
    sys.exit(main())
