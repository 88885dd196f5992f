# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The health check of a container with a bridge: exits with 0 if the bridge reports its state.

A latched stop and a lost link are healthy, because another container would not end them.
"""

from __future__ import annotations

import os
import sys

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.task import Future

TIMEOUT_S = 10.0
"""The bridge reports once a second; the rest is for the discovery."""


def main(name: str = '/arena_bridge') -> int:
    """
    Wait for a report of a bridge.

    :param name: the name of its node, with its namespace.
    :returns: the exit code, 0 if there was one.
    """
    # No log files, because the file system of the container is read-only.
    rclpy.init(args=['--ros-args', '--disable-external-lib-logs'])
    try:
        node = rclpy.create_node(f'bridge_health_{os.getpid()}', enable_rosout=False)
        reported = Future()

        def on_report(report: DiagnosticArray) -> None:
            if any(status.name.startswith(f'{name}: ') for status in report.status):
                reported.set_result(True)

        node.create_subscription(DiagnosticArray, '/diagnostics', on_report, 10)
        rclpy.spin_until_future_complete(node, reported, timeout_sec=TIMEOUT_S)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    if reported.done():
        return 0
    print(f'no report of {name} on /diagnostics within {TIMEOUT_S:g} s', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
