"""Results as a table, each with its bound."""

from __future__ import annotations

from collections.abc import Iterable
import math
from typing import NamedTuple

__all__ = ['Row', 'print_table']


class Row(NamedTuple):
    """One result, what there is to say of it, and where it has to stay within."""

    name: str
    value: float
    remark: str
    at_most: float = math.inf
    at_least: float = -math.inf

    @property
    def is_good(self) -> bool:
        """Whether it is within its bounds."""
        return self.at_least <= self.value <= self.at_most

    @property
    def bounds(self) -> str:
        """The bounds, in short."""
        most = '' if self.at_most == math.inf else f'<= {self.at_most:g}'
        least = '' if self.at_least == -math.inf else f'>= {self.at_least:g}'
        return f'{least}{most}'


def print_table(rows: Iterable[Row]) -> None:
    """Print one line for each."""
    for row in rows:
        digits = 0 if float(row.value).is_integer() else 1
        verdict = '' if row.is_good else '  OUT OF BOUNDS'
        number = f'{row.value:>12.{digits}f}'
        print(f'{row.name:<22}{number}  {row.bounds:<12}{row.remark}{verdict}'.rstrip())
