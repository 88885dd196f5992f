# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Samples frequent events for the audit log. No I/O.

An event that repeats with the same values is counted instead of written. The number of different
lines is limited per event, token name and address, so that no client can hide the actions of
another one or fill the disk. Events beyond this limit are counted without their other values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..access.addresses import client_of

__all__ = ['MAX_PER_SENDER', 'MAX_PER_TOKEN', 'Samples']

MAX_PER_SENDER = 20
"""Different lines per event, token and address; an IPv6 network counts as one address."""

MAX_PER_TOKEN = 200
"""Different lines per event and token, from all addresses together."""

Values = Mapping[str, int | str]
_Key = tuple[str, tuple[tuple[str, int | str], ...]]


class Samples:
    """The events of one period."""

    def __init__(self) -> None:
        self._times: Counter[_Key] = Counter()
        self._others: Counter[_Key] = Counter()
        self._different: Counter[tuple[str, ...]] = Counter()

    def is_new(self, event: str, values: Values) -> bool:
        """
        Count an event, and return whether its line must be written now.

        :param values: with ``peer`` and ``token`` of the sender if they are known, already cut to
            the length limit of a line.
        """
        key = (event, tuple(values.items()))
        if key in self._times:
            self._times[key] += 1
            return False
        token, client = str(values.get('token', '')), client_of(str(values.get('peer', '')))
        of_token, of_sender = (event, token), (event, token, client)
        if self._different[of_token] >= MAX_PER_TOKEN:
            self._count_other(event, 'several', token)
        elif self._different[of_sender] >= MAX_PER_SENDER:
            self._count_other(event, client, token)
        else:
            self._different.update((of_token, of_sender))
            self._times[key] = 1
            return True
        return False

    def remaining(self) -> Iterator[tuple[str, dict[str, int | str]]]:
        """Yield the lines to write at the end of the period, with the number of repetitions."""
        for (event, values), times in self._times.items():
            if times > 1:
                yield event, {**dict(values), 'more': times - 1}
        for (event, values), times in self._others.items():
            yield event, {**dict(values), 'more': times}

    def _count_other(self, event: str, peer: str, token: str) -> None:
        self._others[event, (('peer', peer), ('token', token))] += 1
