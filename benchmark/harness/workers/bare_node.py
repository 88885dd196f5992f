# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A bare rclpy node with the message imports of the bridge, to measure what those alone cost."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from .node_worker import run_node_worker

IMPORTED = (
    Bool,
    DiagnosticArray,
    Float64MultiArray,
    JointState,
    JointTrajectory,
    SetBool,
    String,
    Trigger,
)


def main() -> None:
    """Spin until the parent closes stdin."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('bare_node')
    node.create_subscription(JointState, 'joint_states', lambda message: None, 10)
    run_node_worker(node, lambda request: None)


if __name__ == '__main__':
    main()
