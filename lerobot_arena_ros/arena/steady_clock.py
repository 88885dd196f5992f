"""The clock by which silence, delay and age are measured."""

from __future__ import annotations

import sys
import time

__all__ = ['steady_now']


def steady_now() -> float:
    """
    Return the steady time in seconds, including the time in which the machine slept.

    ``time.monotonic()`` stands still while a Linux machine is suspended, so that what was received
    before would count as fresh.
    """
    if sys.platform == 'linux':
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
