# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Observe both arms of the demo, the commands between them, and their latency."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
import statistics
import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from ..bridge.conversions import joint_state_from_ros, stamp_ns

__all__ = ['FOLLOWER', 'LEADER', 'DemoWatch', 'percentile']

LEADER, FOLLOWER = '/leader', '/follower'

RECENT = 200
"""Number of samples for the rate and the latency: four seconds at the demo's 50 Hz."""

SAME_RAD = 1e-7
"""A command this close to a position of the leader was made from that position."""

_LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


class DemoWatch(Node):
    """
    The node ``demo_watch``: subscribe to both arms, and call the emergency stop services.

    The latency is the time from the stamp of a leader's JointState to the arrival of the command
    with the same position. Commands that a limit has changed have other positions and do not
    count.
    """

    def __init__(self) -> None:
        super().__init__('demo_watch')
        self.leader: Mapping[str, float] = {}
        self.follower: Mapping[str, float] = {}
        self.commands = 0
        self.latencies_s: list[float] = []
        self.stopped: bool | None = None
        self.status: dict[str, str] = {}
        self._recent_latencies_s: deque[float] = deque(maxlen=RECENT)
        self._arrivals: deque[float] = deque(maxlen=RECENT)
        self._sent: deque[tuple[float, JointState]] = deque(maxlen=RECENT)
        sensor = qos_profile_sensor_data
        self.create_subscription(JointState, f'{LEADER}/joint_states', self._on_leader, sensor)
        self.create_subscription(JointState, f'{FOLLOWER}/joint_states', self._on_follower, sensor)
        self.create_subscription(JointState, f'{FOLLOWER}/joint_commands', self._on_command, 10)
        self.create_subscription(
            Bool, f'{FOLLOWER}/arena_bridge/emergency_stop_active', self._on_stopped, _LATCHED
        )
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._trigger = self.create_client(
            Trigger, f'{FOLLOWER}/arena_bridge/trigger_emergency_stop'
        )
        self._reset = [
            self.create_client(Trigger, f'{arm}/arena_bridge/reset_emergency_stop')
            for arm in (FOLLOWER, LEADER)
        ]

    @property
    def error_rad(self) -> float:
        """The largest distance between follower and leader of all joints; infinite if unknown."""
        if not self.follower or self.follower.keys() != self.leader.keys():
            return float('inf')
        return max(abs(self.follower[name] - self.leader[name]) for name in self.leader)

    @property
    def rate_hz(self) -> float:
        """Commands per second over the last two seconds."""
        now = time.monotonic()
        return sum(1 for arrival in self._arrivals if now - arrival < 2.0) / 2.0

    def recent_latency_ms(self, percent: float) -> float | None:
        """Return a percentile of the recent latencies; None while there are too few."""
        return percentile(list(self._recent_latencies_s), percent)

    def call_stop(self) -> None:
        """Request an emergency stop from the follower's bridge."""
        self._trigger.call_async(Trigger.Request())

    def call_reset(self) -> None:
        """Request a reset of the emergency stop from both bridges."""
        for client in self._reset:
            client.call_async(Trigger.Request())

    def _on_leader(self, message: JointState) -> None:
        self.leader = joint_state_from_ros(message)
        if message.position:
            self._sent.append((message.position[0], message))

    def _on_follower(self, message: JointState) -> None:
        self.follower = joint_state_from_ros(message)

    def _on_command(self, message: JointState) -> None:
        self.commands += 1
        self._arrivals.append(time.monotonic())
        now_ns = self.get_clock().now().nanoseconds
        for position, source in reversed(self._sent):
            if abs(position - message.position[0]) < SAME_RAD:
                stamped_ns = stamp_ns(source.header.stamp)
                if stamped_ns is not None:
                    age_s = (now_ns - stamped_ns) * 1e-9
                    self.latencies_s.append(age_s)
                    self._recent_latencies_s.append(age_s)
                return

    def _on_stopped(self, message: Bool) -> None:
        self.stopped = message.data

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.status.update({status.name: status.message for status in message.status})


def percentile(samples_s: list[float], percent: float) -> float | None:
    """Return a percentile in milliseconds of samples in seconds; None for fewer than two."""
    if len(samples_s) < 2:
        return None
    cuts = statistics.quantiles(samples_s, n=100, method='inclusive')
    return cuts[round(percent) - 1] * 1e3
