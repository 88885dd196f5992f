# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
How the bitrate of a camera follows the loss that its viewers report. Pure: time is an argument.

One encoding serves all viewers, so that the viewer with the worst network decides. Loss above
:data:`HIGH_LOSS` lowers the bitrate at once, in proportion to the loss; after
:data:`CALM_S` without loss above :data:`LOW_LOSS` it rises again in small steps. A change is worth
a key frame, because the encoder has to start anew, so that small or frequent changes are not made.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['BitrateBounds', 'BitrateControl']

HIGH_LOSS = 0.1
"""The fraction of lost packets above which the bitrate is lowered."""

LOW_LOSS = 0.02
"""The fraction of lost packets below which the bitrate may rise."""

CALM_S = 5.0
"""The time without a loss after which the bitrate rises, in seconds."""

RISE = 1.25
"""The factor of one rise."""

MAX_FALL = 0.5
"""The smallest factor of one fall."""

MIN_PERIOD_S = 2.0
"""The minimum time between two changes, in seconds."""

REPORT_LIFETIME_S = 5.0
"""A report counts for this time, in seconds, because a viewer that vanished sends no new one."""


@dataclass(frozen=True)
class BitrateBounds:
    """
    The bitrates that a camera may use, in bits per second.

    :raises ValueError: not ``0 < lowest <= highest``.
    """

    highest: int = 1_000_000
    lowest: int = 150_000

    def __post_init__(self) -> None:
        if not 0 < self.lowest <= self.highest:
            raise ValueError(
                f'bitrate: expected 0 < lowest <= highest, got {self.lowest} and {self.highest}'
            )


@dataclass(frozen=True)
class _Report:
    loss: float
    at: float


class BitrateControl:
    """
    The bitrate of one camera.

    :param now: the current time, in seconds of any clock that never jumps.
    """

    def __init__(self, bounds: BitrateBounds, now: float) -> None:
        self._bounds = bounds
        self._bitrate = bounds.highest
        self._changed_at = now - MIN_PERIOD_S
        self._calm_since = now
        self._reports: dict[str, _Report] = {}

    @property
    def bitrate(self) -> int:
        """The current bitrate, in bits per second."""
        return self._bitrate

    def report(self, viewer: str, loss: float, now: float) -> None:
        """
        Note the loss that a viewer reported.

        :param loss: the fraction of packets lost since its last report, from 0 to 1.
        """
        self._reports[viewer] = _Report(min(1.0, max(0.0, loss)), now)

    def forget(self, viewer: str) -> None:
        """Forget a viewer that has left."""
        self._reports.pop(viewer, None)

    def update(self, now: float) -> int | None:
        """Return a new bitrate; None if the current one stays."""
        loss = max(
            (r.loss for r in self._reports.values() if now - r.at < REPORT_LIFETIME_S), default=0.0
        )
        if loss > LOW_LOSS:
            self._calm_since = now
        if now - self._changed_at < MIN_PERIOD_S:
            return None
        if loss > HIGH_LOSS:
            return self._change(self._bitrate * max(MAX_FALL, 1.0 - loss), now)
        if now - self._calm_since >= CALM_S:
            return self._change(self._bitrate * RISE, now)
        return None

    def _change(self, bitrate: float, now: float) -> int | None:
        wanted = round(min(self._bounds.highest, max(self._bounds.lowest, bitrate)))
        if wanted == self._bitrate:
            return None
        self._bitrate, self._changed_at, self._calm_since = wanted, now, now
        return wanted
