# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A simulated arm that moves in sine waves, or follows joint_commands."""

from __future__ import annotations

import math
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
        'Move each joint in a sine wave about the middle of its range (sine), or to the positions '
        'in joint_commands (follow).',
        choices=('sine', 'follow'),
    ),
    Spec(
        'joints',
        (),
        'Names of the joints. Empty: those of the SO-101. Any other joint has a range of +-1 rad.',
    ),
    Spec('rate_hz', 50.0, 'Steps and joint_states per second.', 'Hz', 1.0, 1000.0),
    Spec('max_velocity', 4.0, 'Maximum velocity of a joint.', 'rad/s', 0.01, 100.0),
    Spec('swing', 0.3, 'Amplitude of the waves, as a fraction of half the range.', '', 0.0, 1.0),
    Spec(
        'period_s',
        8.0,
        'Period of the wave of the first joint. The other joints are slower.',
        's',
        0.5,
        600.0,
    ),
)

_COMMAND_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)


class DemoArm(Node):
    """
    The node ``demo_arm``.

    It subscribes to ``joint_commands`` and publishes ``joint_states`` (sensor_msgs/JointState).

    :raises ParameterError: a parameter is invalid.
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
        motion = 'moves in sine waves' if self._waves else 'follows joint_commands'
        NodeLog(self.get_logger()).info(f'simulated arm {motion}: {", ".join(self._ranges)}')

    def _on_command(self, message: JointState) -> None:
        targets = joint_state_from_ros(message)
        self._targets.update({n: p for n, p in targets.items() if n in self._targets})

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
        """Return the position of each joint on its wave; each wave is slower than the last."""
        targets = {}
        for index, (name, (lower, upper)) in enumerate(self._ranges.items()):
            phase = 2 * math.pi * elapsed_s / (self._wave_s * (1 + 0.25 * index))
            half = (upper - lower) / 2
            targets[name] = lower + half + self._swing * half * math.sin(phase)
        return targets


def main(args: list[str] | None = None) -> int:
    """Run the simulated arm, and return the exit code."""
    shutdown = ShutdownSignal()
    parse_arguments(
        'arena_demo_arm',
        'A simulated arm: publishes joint_states, and moves in sine waves or follows '
        'joint_commands.',
        SPECS,
        args,
        examples=('--ros-args -p motion:=sine -r __ns:=/leader',),
    )
    return run(lambda: Program([DemoArm()]), 'arena_demo_arm', args, shutdown)
