"""The clock for timeouts, delays and ages."""

from __future__ import annotations

import sys
import time

__all__ = ['steady_now']


def steady_now() -> float:
    """
    Return the monotonic time in seconds, including the time in which the machine was suspended.

    ``time.monotonic()`` does not advance while a Linux machine is suspended, so that old data
    would count as fresh afterwards.
    """
    if sys.platform == 'linux':
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()  # pragma: no cover, because coverage is measured on Linux
