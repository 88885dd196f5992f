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
"""What Fast DDS is told about its transports."""


@contextmanager
def reserved_domain() -> Iterator[int]:
    """Hold a domain as long as the context lasts."""
    domain, lock = lock_domain()
    with lock:
        yield domain


@contextmanager
def own_domain() -> Iterator[int]:
    """Put this process and what it starts into a domain of its own, on this machine only."""
    with reserved_domain() as domain, pytest.MonkeyPatch.context() as patch:
        patch.setenv('ROS_DOMAIN_ID', str(domain))
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        if 'fastrtps' in os.environ.get('RMW_IMPLEMENTATION', 'rmw_fastrtps_cpp'):
            # LOCALHOST would bring its own transports, whatever the profile says.
            patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SYSTEM_DEFAULT')
            patch.setenv(_profile_variable(), str(FASTDDS_PROFILE))
        yield domain


def _profile_variable() -> str:
    """Return the variable that Fast DDS reads; the releases from Kilted on warn of the old one."""
    is_old = int(metadata.version('rclpy').partition('.')[0]) < 9
    return 'FASTRTPS_DEFAULT_PROFILES_FILE' if is_old else 'FASTDDS_DEFAULT_PROFILES_FILE'
