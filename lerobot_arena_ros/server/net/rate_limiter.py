# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The rate limiter of the frames of one participant. No I/O.

It consists of two token buckets in a row. A participant within the rate empties neither. If the
first bucket is empty, the frame is dropped and the sender gets an error reply. So up to twice the
rate is tolerated for any time. If the second bucket is empty too, the connection is closed,
because reading the frames costs CPU that the other participants need.
"""

from __future__ import annotations

from enum import Enum

__all__ = ['BURST_S', 'RateLimiter', 'Verdict']

BURST_S = 2.0
"""The size of a bucket: a burst of this many seconds at the full rate passes."""

REPLY_PERIOD_S = 1.0
"""The least time between two error replies to one participant, in seconds."""


class Verdict(Enum):
    """What to do with a frame."""

    PASS = 'pass'
    DROP = 'drop'
    DROP_AND_REPLY = 'drop_and_reply'
    """Drop the frame and send an error reply."""
    CLOSE = 'close'


class RateLimiter:
    """
    The two token buckets of one participant.

    :param rate_hz: frames per second that pass on average.
    :param now_s: the current time of a monotonic clock.
    """

    def __init__(self, rate_hz: float, now_s: float) -> None:
        self._rate_hz = rate_hz
        self._full = max(1.0, rate_hz * BURST_S)
        self._tokens = self._reserve = self._full
        self._seen_s = now_s
        self._replied_s = now_s - REPLY_PERIOD_S

    def check(self, now_s: float, cost: float = 1.0) -> Verdict:
        """
        Return what to do with a frame that was received now.

        :param cost: tokens to take: 1 for a message, less for cheaper frames.
        """
        earned = (now_s - self._seen_s) * self._rate_hz
        self._seen_s = now_s
        self._tokens = min(self._full, self._tokens + earned)
        self._reserve = min(self._full, self._reserve + earned)
        if self._tokens >= cost:
            self._tokens -= cost
            return Verdict.PASS
        if self._reserve < cost:
            return Verdict.CLOSE
        self._reserve -= cost
        if now_s - self._replied_s < REPLY_PERIOD_S:
            return Verdict.DROP
        self._replied_s = now_s
        return Verdict.DROP_AND_REPLY
