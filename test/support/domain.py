# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A ROS domain that no other test run on this machine uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
import os
from pathlib import Path

import pytest

from benchmark.harness.domains import lock_domain

__all__ = ['FASTDDS_PROFILE', 'own_domain', 'reserved_domain']

FASTDDS_PROFILE = Path(__file__).with_name('fastdds.xml')
"""The transport settings of Fast DDS."""


@contextmanager
def reserved_domain() -> Iterator[int]:
    """Reserve a domain while the context is open."""
    domain, lock = lock_domain()
    with lock:
        yield domain


@contextmanager
def own_domain() -> Iterator[int]:
    """Put this process and its children into a reserved domain, on this machine only."""
    with reserved_domain() as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv('ROS_DOMAIN_ID', str(domain))
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        if 'fastrtps' in os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp'):
            # LOCALHOST would override the transports of the profile.
            patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SYSTEM_DEFAULT')
            patch.setenv(_profile_variable(), str(FASTDDS_PROFILE))
        yield domain


def _profile_variable() -> str:
    """Return the variable that Fast DDS reads; from Kilted on it warns about the old one."""
    is_old = int(metadata.version('rclpy').partition('.')[0]) < 9
    return 'FASTRTPS_DEFAULT_PROFILES_FILE' if is_old else 'FASTDDS_DEFAULT_PROFILES_FILE'
