# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Requests to a worker and its replies: lines of JSON over stdin and stdout."""

from __future__ import annotations

from collections.abc import Iterator
import json
import sys
import time
from typing import Any

__all__ = ['STEP_RAD', 'Pace', 'number_of', 'positions_of', 'reply', 'requests']

STEP_RAD = 1e-6
"""The difference between the positions of two numbers, below every velocity limit."""

_APART_RAD = 0.1234567890123


def positions_of(number: int, joints: int) -> list[float]:
    """
    Encode a number in joint positions, all of which change with it.

    The first is the number; the others have as many digits as measured positions.
    """
    moved = number * STEP_RAD
    return [moved, *(moved + _APART_RAD * joint for joint in range(1, joints))]


def number_of(position: float) -> int:
    """Decode the number from the position of the first joint."""
    return round(position / STEP_RAD)


def reply(**fields: Any) -> None:
    """Send a reply to the parent."""
    print(json.dumps(fields), flush=True)


def requests() -> Iterator[dict[str, Any]]:
    """Yield the requests of the parent until it closes stdin."""
    for line in sys.stdin:
        yield json.loads(line)


class Pace:
    """
    Compute when each message of a run is due; a late sender catches up.

    The rate is therefore the requested one, or the highest that the sender can reach.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._due = time.monotonic()

    def wait_s(self) -> float:
        """Return the seconds until the next message is due, at least 0."""
        self._due += self._period_s
        return max(0.0, self._due - time.monotonic())
