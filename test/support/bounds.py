# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Results of a long test as a table, each with its bounds."""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import NamedTuple

__all__ = ['Row', 'table']


class Row(NamedTuple):
    """One result with a remark and its bounds."""

    name: str
    value: float
    remark: str
    at_most: float = math.inf
    at_least: float = -math.inf

    @property
    def is_within_bounds(self) -> bool:
        """Whether the value is within the bounds."""
        return self.at_least <= self.value <= self.at_most

    @property
    def bounds(self) -> str:
        """The bounds as a short text."""
        most = '' if self.at_most == math.inf else f'<= {self.at_most:g}'
        least = '' if self.at_least == -math.inf else f'>= {self.at_least:g}'
        return f'{least}{most}'


def table(rows: Iterable[Row]) -> str:
    """Return a line for each result."""
    return '\n'.join(_line(row) for row in rows)


def _line(row: Row) -> str:
    digits = 0 if float(row.value).is_integer() else 1
    verdict = '' if row.is_within_bounds else '  OUT OF BOUNDS'
    number = f'{row.value:>12.{digits}f}'
    return f'{row.name:<22}{number}  {row.bounds:<12}{row.remark}{verdict}'.rstrip()
