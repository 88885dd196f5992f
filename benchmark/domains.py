"""ROS domains that no other benchmark, and no test, on this machine is in."""

from __future__ import annotations

import os
import socket

__all__ = ['lock_domain']

_FIRST_PORT = 47_300
_DOMAINS = range(1, 102)
"""Those whose DDS ports lie below Linux's ephemeral ports."""


def lock_domain() -> tuple[int, socket.socket]:
    """
    Take a domain that nobody has; a TCP port of its own, bound, is the lock.

    :returns: the domain, and what is closed to give it back.
    :raises RuntimeError: all of them are taken.
    """
    start = os.getpid() % len(_DOMAINS)
    for domain in [*_DOMAINS[start:], *_DOMAINS[:start]]:
        lock = socket.socket()
        try:
            lock.bind(('127.0.0.1', _FIRST_PORT + domain))
        except OSError:
            lock.close()
        else:
            return domain, lock
    raise RuntimeError('every ROS domain is in use by another benchmark or test')
