# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Adjusts the limit of file descriptors and the limit of connections to each other."""

from __future__ import annotations

from dataclasses import replace
import resource

from ..access.admission import MIN_WAITING, waiting_places
from ..rooms.limits import Limits

__all__ = ['RESERVED', 'fit_descriptors']

RESERVED = 64
"""Descriptors for everything except connections: listening sockets, logs, console files."""


def fit_descriptors(limits: Limits) -> tuple[Limits, str | None]:
    """
    Raise the descriptor limit of this process as far as the connections need it.

    :returns: the limits, with fewer connections if the system does not allow enough descriptors;
        and a warning in that case, otherwise None.
    """
    wanted = _needed(limits)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits, None
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return limits, None
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Waiting connections: half of this number, but at least MIN_WAITING.
    most = hard - RESERVED
    fitting = max(1, min(most * 2 // 3, most - MIN_WAITING))
    return replace(limits, connections=fitting), (
        f'--max-connections {limits.connections}: the system allows this process {hard} file'
        f' descriptors, expected {wanted}; taking {fitting} connections instead (ulimit -n or'
        ' LimitNOFILE= raises it)'
    )


def _needed(limits: Limits) -> int:
    return limits.connections + waiting_places(limits) + RESERVED
