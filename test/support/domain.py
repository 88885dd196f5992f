"""A ROS domain that no other test run on this machine uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
import socket

__all__ = ['own_domain', 'reserved_domain']

FIRST_PORT = 47_300
DOMAINS = range(1, 102)
"""Those whose DDS ports lie below Linux's ephemeral ports."""

_VARIABLES = ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE')


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
    before = {name: os.environ.get(name) for name in _VARIABLES}
    with reserved_domain() as domain:
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        try:
            yield domain
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
