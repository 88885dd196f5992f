# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""ROS domains that no other benchmark and no test on this machine uses."""

from __future__ import annotations

import atexit
from collections import deque
import itertools
import os
import socket

__all__ = ['lock_domain', 'ros_environment']

_FIRST_PORT = 47_300
_DOMAINS = range(1, 102)
"""The domains whose DDS ports are below Linux's ephemeral ports."""

_SPACING = 25
"""Between the first domains of two processes that were started one after the other."""

_MOST_LOCKED = 80
"""More than are in use at once; the remaining ones are for other processes."""

_turns = itertools.count()
_locks: deque[socket.socket] = deque()


def lock_domain() -> tuple[int, socket.socket]:
    """
    Lock a free domain; a TCP port per domain, bound, is the lock.

    Each call returns another domain than the call before, because for some twenty seconds DDS
    shows nodes that were killed in a domain to later nodes.

    :returns: the domain, and the socket whose closing unlocks it.
    :raises RuntimeError: all domains are locked.
    """
    start = (_SPACING * os.getpid() + next(_turns)) % len(_DOMAINS)
    for domain in [*_DOMAINS[start:], *_DOMAINS[:start]]:
        lock = socket.socket()
        try:
            lock.bind(('127.0.0.1', _FIRST_PORT + domain))
        except OSError:
            lock.close()
        else:
            return domain, lock
    raise RuntimeError('every ROS domain is in use by another benchmark or test')


def ros_environment() -> dict[str, str]:
    """
    Return environment variables for ROS nodes that meet no others.

    The domain stays locked until 80 more have been made.
    """
    if len(_locks) == _MOST_LOCKED:
        _locks.popleft().close()
    domain, lock = lock_domain()
    _locks.append(lock)
    return {'ROS_DOMAIN_ID': str(domain), 'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


@atexit.register
def _unlock() -> None:
    """Close the locks, because Python warns of each socket that is still open at its end."""
    for lock in _locks:
        lock.close()
