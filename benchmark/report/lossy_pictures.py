# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pictures of the ages of joint values over a lossy link, if matplotlib is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..measure.lossy_paths import TO_SERVER
from ..measure.lossy_rows import BLACKOUT, BLACKOUT_S, BURSTS, loss_row
from .pictures import import_pyplot
from .ratios import Results

__all__ = ['draw_lossy']


def draw_lossy(results: Results, folder: Path) -> Iterator[tuple[str, Path]]:
    """Draw into a folder; return title and file of each picture, none without matplotlib."""
    rows = [row for row in results.get('rows', []) if row['way'] == TO_SERVER]
    pyplot = import_pyplot() if rows else None
    if pyplot is None:
        return
    for name, title, picture in (
        ('lossy_ages', 'Share of the values that were older than this at their arrival', _ages),
        ('lossy_blackout', 'Age of the values around a blackout of 1 s', _blackout),
    ):
        figure = pyplot.figure(figsize=(9, 3.6), layout='constrained')
        figure.suptitle(title)
        picture(figure, rows)
        file = folder / f'{name}.png'
        figure.savefig(file, dpi=80)
        pyplot.close(figure)
        yield title, file


def _ages(figure: Any, rows: list[dict[str, Any]]) -> None:
    names = [loss_row(1), loss_row(3), BURSTS]
    panels = figure.subplots(1, len(names), sharey=True)
    for axes, name in zip(panels, names, strict=True):
        for row in (row for row in rows if row['scenario'] == name):
            ages = sorted(row['ages_ms'])
            older = [1.0 - index / len(ages) for index in range(len(ages))]
            axes.step(ages, older, label=row['variant'])
        axes.set(title=name, xlabel='age in ms', xscale='log', yscale='log')
    panels[0].set(ylabel='share of the values')
    panels[-1].legend(fontsize=8)


def _blackout(figure: Any, rows: list[dict[str, Any]]) -> None:
    axes = figure.subplots()
    axes.axvspan(0.0, BLACKOUT_S, color='0.85', label='blackout')
    for row in (row for row in rows if row['scenario'] == BLACKOUT and row['trace']):
        axes.plot(*zip(*row['trace'], strict=True), '.', label=row['variant'], markersize=4)
    axes.set(xlabel='time of arrival in s', ylabel='age in ms')
    axes.legend(fontsize=8)
