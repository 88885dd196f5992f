# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fixtures of the tests of the plugins, which need no ROS; two modules need LeRobot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import sys

import pytest

HERE = Path(__file__).resolve().parent

# The plugins need not be installed for their tests.
sys.path[:0] = [str(HERE), str(HERE.parent / 'test'), *map(str, sorted(HERE.glob('*/src')))]

from support.remote_arm import RemoteArm, remote_arm  # noqa: E402
from support.server import running_server  # noqa: E402


@pytest.fixture(scope='session', autouse=True)
def this_machine_only() -> Iterator[None]:
    """Connect without the proxy and the token of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('no_proxy', '127.0.0.1,localhost')
        patch.delenv('LEROBOT_ARENA_TOKEN', raising=False)
        yield


@pytest.fixture(scope='session')
def arena_url() -> Iterator[str]:
    """Serve an arena; each test uses its own workspace."""
    with running_server() as url:
        yield url


@pytest.fixture
def arm(arena_url: str) -> Iterator[RemoteArm]:
    """Run an arm with the joints elbow and gripper, in degrees."""
    with remote_arm(arena_url) as running:
        yield running
