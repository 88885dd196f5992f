"""ROS domains that no other benchmark, and no test, on this machine is in."""

from __future__ import annotations

import itertools
import os
import socket

__all__ = ['lock_domain']

_FIRST_PORT = 47_300
_DOMAINS = range(1, 102)
"""Those whose DDS ports lie below Linux's ephemeral ports."""

_SPACING = 25
"""Between the first domains of two processes that were started one after the other."""

_turns = itertools.count()


def lock_domain() -> tuple[int, socket.socket]:
    """
    Take a domain that nobody has; a TCP port of its own, bound, is the lock.

    Each call takes another one than the call before, because for some twenty seconds DDS shows
    nodes that were killed in a domain to those that come after them.

    :returns: the domain, and what is closed to give it back.
    :raises RuntimeError: all of them are taken.
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
