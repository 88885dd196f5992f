# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The parts of the diagnostics that all nodes share: statuses, rates and ages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.condition import Condition

__all__ = ['Rates', 'array', 'seconds_since', 'status']


class Rates:
    """Event rates, computed from counts that only grow."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float, float]] = {}

    def of(self, what: str, count: int) -> str:
        """Return the rate of ``what`` in Hz, over the last second or since the last call."""
        now = steady_now()
        before, at, rate_hz = self._seen.setdefault(what, (count, now, 0.0))
        if now - at >= 1.0:
            rate_hz = (count - before) / (now - at)
            self._seen[what] = (count, now, rate_hz)
        return f'{rate_hz:.1f}'


def array(
    node_name: str, server: str, stamp: Any, parts: list[DiagnosticStatus]
) -> DiagnosticArray:
    """Return the message with the statuses of one node; the server is the hardware id."""
    for part in parts:
        part.name = f'{node_name}: {part.name}'
        part.hardware_id = server
    message = DiagnosticArray(status=parts)
    message.header.stamp = stamp
    return message


def status(name: str, condition: Condition, values: Mapping[str, object]) -> DiagnosticStatus:
    """Return the status of one part of a node."""
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    level = bytes([condition.level])
    return DiagnosticStatus(level=level, name=name, message=condition.text, values=pairs)


def seconds_since(moment: float | None) -> str:
    """Return how long ago a moment of the steady clock was; ``never`` for None."""
    return 'never' if moment is None else f'{steady_now() - moment:.2f}'
