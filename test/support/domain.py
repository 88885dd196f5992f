"""A ROS domain that no other test run on this machine uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import socket

import pytest

__all__ = ['own_domain', 'reserved_domain']

FIRST_PORT = 47_300
DOMAINS = range(1, 102)
"""Those whose DDS ports lie below Linux's ephemeral ports."""

_SETTINGS = {
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    # Tests kill processes, and Fast DDS 2.14 may crash where it meets the shared memory of one
    # that was killed (SharedMemChannelResource::release).
    'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
}


@contextmanager
def reserved_domain() -> Iterator[int]:
    """Hold a domain; a TCP port of its own, bound as long as the context lasts, is the lock."""
    start = os.getpid() % len(DOMAINS)
    for domain in [*DOMAINS[start:], *DOMAINS[:start]]:
        lock = socket.socket()
        try:
            lock.bind(('127.0.0.1', FIRST_PORT + domain))
        except OSError:
            lock.close()
            continue
        with lock:
            yield domain
        return
    raise AssertionError('every ROS domain is in use by another test run')


@contextmanager
def own_domain() -> Iterator[int]:
    """Put this process and what it starts into a domain of its own, on this machine only."""
    with reserved_domain() as domain, pytest.MonkeyPatch.context() as patch:
        for name, value in {**_SETTINGS, 'ROS_DOMAIN_ID': str(domain)}.items():
            patch.setenv(name, value)
        yield domain
