"""Have enough file descriptors for all connections that there may be."""

from __future__ import annotations

from dataclasses import replace
import resource

from ..access.admission import MIN_WAITING, waiting_places
from ..rooms.limits import Limits

__all__ = ['RESERVED', 'fit_descriptors']

RESERVED = 64
"""Descriptors that are kept for all else: listening sockets, logs, files of the console."""


def fit_descriptors(limits: Limits) -> tuple[Limits, str | None]:
    """
    Raise this process's limit of descriptors as far as the connections need it.

    :returns: the limits, with fewer connections where the system allows no more descriptors; and
        a warning of that, or None.
    """
    wanted = _needed(limits)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits, None
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return limits, None
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Half as many may wait, but not fewer than MIN_WAITING.
    most = hard - RESERVED
    fitting = max(1, min(most * 2 // 3, most - MIN_WAITING))
    return replace(limits, connections=fitting), (
        f'--max-connections {limits.connections}: the system allows this process {hard} file'
        f' descriptors, expected {wanted}; taking {fitting} connections instead (ulimit -n or'
        ' LimitNOFILE= raises it)'
    )


def _needed(limits: Limits) -> int:
    return limits.connections + waiting_places(limits) + RESERVED
