# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The health check of the bridge's image: deploy/bridge_health.py beside a running bridge."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.pages import ROOT
from support.robot import NAMESPACE, robot

CHECK = ROOT / 'deploy' / 'bridge_health.py'
TIMEOUT_S = 120.0


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the health check in the ROS domain of the test."""
    return subprocess.run(
        [sys.executable, str(CHECK), *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_a_bridge_that_reports_is_healthy() -> None:
    """The check passes for a bridge that runs, and fails for the one without a namespace."""
    with robot({'consume.room_id': 'arm'}):
        passed = check(f'/{NAMESPACE}/arena_bridge')
        failed = check()

    assert (passed.returncode, passed.stdout, passed.stderr) == (0, '', '')
    assert failed.returncode == 1
    assert failed.stderr == 'no report of /arena_bridge on /diagnostics within 10 s\n'
