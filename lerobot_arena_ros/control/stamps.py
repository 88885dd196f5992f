# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Checks the age of stamped messages, and detects stamps that cannot be right. Pure.

Ages are absolute differences: a stamp ahead of the clock is as wrong as one behind it. So after a
backward clock jump, no message counts until the stamps and the clock agree again.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ['StampWatch', 'Unusable', 'misdated', 'repeated']


class Unusable(NamedTuple):
    """Why a measurement does not count: a word for the counter, and a sentence for the user."""

    reason: str
    text: str


def misdated(
    age_s: float, stamp_s: float | None, *, oldest_s: float, ahead_s: float
) -> Unusable | None:
    """
    Return why a message of this age does not count; None if it does.

    :param age_s: by the clock of this node; negative: ahead of the clock.
    :param stamp_s: its stamp; None without a stamp.
    :param oldest_s: the largest age that is allowed.
    :param ahead_s: how far the stamp may be ahead of the clock.
    """
    if -ahead_s <= age_s <= oldest_s:
        return None
    if stamp_s is not None and age_s == -stamp_s:
        return Unusable(
            'age', 'the clock of this node is at 0: with use_sim_time, /clock has to be published'
        )
    where = f'{age_s:.1f} s old' if age_s > 0.0 else f'{-age_s:.1f} s ahead'
    return Unusable('age', f'joint_states are {where}: is the clock of the driver set?')


def repeated(age_s: float) -> Unusable:
    """Return the reason for rejecting a message whose stamp has not changed for this long."""
    return Unusable(
        'stamp',
        f'joint_states repeat the stamp of {age_s:.1f} s ago: does the clock of their publisher '
        'run?',
    )


class StampWatch:
    """
    Detects stamps that do not change, and measures their age by the steady clock.

    Without this, a driver that repeats its last message would look fresh while the clock of this
    node does not run either.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def judge(self, key: str, stamp_s: float, now: float, *, oldest_s: float) -> Unusable | None:
        """
        Return why a message does not count; None if it does.

        :param key: identifies the publisher; only stamps of one publisher are compared.
        :param now: in seconds of the steady clock.
        :param oldest_s: how long a stamp may stay the same.
        """
        before_s, since = self._seen.get(key, (None, now))
        if stamp_s != before_s:
            self._seen[key] = stamp_s, now
            return None
        age_s = abs(now - since)
        return repeated(age_s) if age_s > oldest_s else None
