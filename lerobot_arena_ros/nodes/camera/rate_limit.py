# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A limit for the rate of pictures. Pure: the time is an argument."""

from __future__ import annotations

__all__ = ['RateLimit']

TOLERANCE = 0.5
"""How early a picture may come, as a fraction of the period, because cameras jitter."""


class RateLimit:
    """
    Decide which pictures are accepted.

    :param rate_hz: accepted pictures per second, on average; 0 accepts all.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz if rate_hz else 0.0
        self._due_at: float | None = None

    def accepts(self, now: float) -> bool:
        """Return whether a picture that has arrived is accepted."""
        due_at = now if self._due_at is None else self._due_at
        if now < due_at - TOLERANCE * self._period_s:
            return False
        self._due_at = max(now, due_at) + self._period_s
        return True
