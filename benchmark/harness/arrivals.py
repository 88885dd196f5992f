# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The figures of values that travelled over a link: age, gaps, and what arrived after a blackout.

All times are seconds of one clock, which both ends share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from .figures import quantile

__all__ = ['Arrival', 'Blackout', 'Stream', 'after_blackout']


@dataclass(frozen=True)
class Arrival:
    """
    A value at the receiver.

    :param number: that of the value; the sender counts up.
    :param sent_s: when it was sent.
    :param at_s: when it arrived.
    """

    number: int
    sent_s: float
    at_s: float

    @property
    def age_s(self) -> float:
        """The time from sending to arrival."""
        return self.at_s - self.sent_s


class Stream:
    """
    The values of one run, as the receiver got them.

    :param sent: the time of sending by number; not empty.
    :param arrived: number and time of each arrival, in the order of arrival. Numbers that were
        not sent in this run are ignored.
    :ivar arrivals: the arrivals that were newer than all before.
    :ivar steps_back: the number of arrivals that were not: a robot would have moved back.
    """

    def __init__(self, sent: Mapping[int, float], arrived: Sequence[tuple[int, float]]) -> None:
        self.sent = sent
        self.arrivals: list[Arrival] = []
        self.steps_back = 0
        newest = -1
        for number, at in arrived:
            if number not in sent:
                continue
            if number > newest:
                newest = number
                self.arrivals.append(Arrival(number, sent[number], at))
            else:
                self.steps_back += 1

    @property
    def has_last(self) -> bool:
        """Whether the value that was sent last has arrived."""
        return bool(self.arrivals) and self.arrivals[-1].number == max(self.sent)

    @property
    def share(self) -> float:
        """The values that arrived, as a share of those sent."""
        return len(self.arrivals) / len(self.sent)

    @property
    def ages_s(self) -> list[float]:
        """The age of each value at its arrival; infinite if nothing arrived."""
        return [each.age_s for each in self.arrivals] or [math.inf]

    @property
    def gaps_s(self) -> list[float]:
        """The time between each two arrivals; infinite if there were not two."""
        times = [each.at_s for each in self.arrivals]
        return [after - before for before, after in zip(times, times[1:], strict=False)] or [
            math.inf
        ]

    def row(self) -> dict[str, object]:
        """Return the figures as plain numbers; times are in milliseconds."""
        ages, gaps = self.ages_s, self.gaps_s
        return {
            'sent': len(self.sent),
            'share': self.share,
            'has_last': self.has_last,
            'steps_back': self.steps_back,
            'age_p50_ms': 1e3 * quantile(ages, 0.5),
            'age_p99_ms': 1e3 * quantile(ages, 0.99),
            'age_max_ms': 1e3 * max(ages),
            'gap_p99_ms': 1e3 * quantile(gaps, 0.99),
            'gap_max_ms': 1e3 * max(gaps),
        }


@dataclass(frozen=True)
class Blackout:
    """
    What a receiver got after a time in which the link lost everything.

    :param first_age_s: the age of the first value that arrived after it.
    :param old: the number of values that arrived after it and were older than the delay of the
        link and one period.
    :param new_after_s: when the first value arrived that was sent after the end, counted from the
        end; infinite if none arrived.
    """

    first_age_s: float
    old: int
    new_after_s: float


def after_blackout(
    arrivals: Sequence[Arrival], end_s: float, until_s: float, fresh_s: float
) -> Blackout:
    """
    Return what arrived after a blackout.

    :param end_s: the end of the blackout.
    :param until_s: arrivals at this time or later do not count, because of the next blackout.
    :param fresh_s: a value with a higher age is old.
    """
    after = [each for each in arrivals if end_s <= each.at_s < until_s]
    new = [each.at_s for each in after if each.sent_s >= end_s]
    return Blackout(
        after[0].age_s if after else math.inf,
        sum(each.age_s > fresh_s for each in after),
        new[0] - end_s if new else math.inf,
    )
