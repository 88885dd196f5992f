# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pictures of how the simulated arm followed, if matplotlib is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..measure.arm_rig import PERIOD_S
from ..measure.leaders import HAND, HAND_S, REVERSALS, STEPS
from ..measure.tracking import DEFAULT, STOP_S, VERSION_01, Measured, Trace
from .pictures import import_pyplot

__all__ = ['draw_motion']

GROUPS = {'acceleration': (4, 4), 'lead': (-4, 4), 'lead time': (4, -8)}
"""Variants that differ in one parameter, and the offset of their labels in points."""

NEAR_SHARE = 0.03
"""Labels of values whose error differs by less from the default's would overlap."""


def draw_motion(measured: Mapping[str, Measured], folder: Path) -> Iterator[tuple[str, Path]]:
    """Draw into a folder; return title and file of each picture, none without matplotlib."""
    pyplot = import_pyplot()
    if pyplot is None:
        return
    pictures: dict[str, tuple[str, int, Callable[[Any, Mapping[str, Measured]], None]]] = {
        'motion_hand': ('A leader that moves like a hand', 2, _hand),
        'motion_error': ('Tracking error against the acceleration of the arm', 3, _errors),
        'motion_stop': ('A stop of an arm with a maximum of 0.5 rad/s', 2, _stop),
        'motion_reversal': ('Velocity while a leader jumps back and forth', 2, _reversal),
    }
    for name, (title, count, picture) in pictures.items():
        figure, axes = pyplot.subplots(1, count, figsize=(9, 3.6), layout='constrained')
        figure.suptitle(title)
        picture(axes, measured)
        axes[-1].legend(fontsize=6, loc='upper left', bbox_to_anchor=(1.0, 1.0))
        file = folder / f'{name}.png'
        figure.savefig(file, dpi=80)
        pyplot.close(figure)
        yield title, file


def _before_and_after(
    axes: Any,
    measured: Mapping[str, Measured],
    choose: Callable[[Measured], Trace],
    panel: Callable[[Any, Trace], None],
) -> None:
    for ax, name in zip(axes, (VERSION_01, DEFAULT), strict=True):
        panel(ax, choose(measured[name]))
        ax.set(xlabel='s', title=name)
    axes[1].sharey(axes[0])


def _hand(axes: Any, measured: Mapping[str, Measured]) -> None:
    _before_and_after(axes, measured, lambda one: one.follows[HAND], _hand_panel)
    axes[0].set(ylabel='rad')


def _hand_panel(ax: Any, trace: Trace) -> None:
    shown = slice(round(HAND_S / PERIOD_S))
    seconds = trace.time_s[shown] - trace.time_s[0]
    for label, style in {'leader': 'k--', 'command': 'C0', 'arm': 'C1'}.items():
        ax.plot(seconds, getattr(trace, label)[shown], style, label=label, linewidth=1.0)


def _stop(axes: Any, measured: Mapping[str, Measured]) -> None:
    _before_and_after(axes, measured, lambda one: one.stops['slow'], _stop_panel)
    axes[0].set(ylabel='rad')


def _stop_panel(ax: Any, trace: Trace) -> None:
    seconds = trace.time_s - trace.time_s[0] - STOP_S
    for label in ('command', 'arm'):
        ax.plot(seconds, getattr(trace, label), label=label)
    ax.axvline(0.0, color='red', linestyle=':', label='stop')


def _reversal(axes: Any, measured: Mapping[str, Measured]) -> None:
    _before_and_after(axes, measured, lambda one: one.follows[REVERSALS], _reversal_panel)
    axes[0].set(ylabel='rad/s')


def _reversal_panel(ax: Any, trace: Trace) -> None:
    shown = slice(round(1.6 / PERIOD_S))
    seconds = trace.time_s[1:][shown] - trace.time_s[0]
    for label in ('command', 'arm'):
        ax.plot(seconds, np.diff(getattr(trace, label))[shown] / PERIOD_S, label=label)


def _errors(axes: Any, measured: Mapping[str, Measured]) -> None:
    for ax, leader in zip(axes, (HAND, '1 Hz', STEPS), strict=True):
        before = measured[VERSION_01].follows[leader]
        default = measured[DEFAULT].follows[leader]
        ax.plot(before.peak, before.error_mrad, 'k*', label=VERSION_01, markersize=9)
        for group in GROUPS:
            _error_line(ax, group, leader, measured)
        ax.plot(default.peak, default.error_mrad, 'ko', label=DEFAULT, markersize=5)
        ax.set(title=leader, xlabel='arm, rad/s^2')
    axes[0].set(ylabel='RMS error, mrad')


def _error_line(ax: Any, group: str, leader: str, measured: Mapping[str, Measured]) -> None:
    """Draw the variants of a group as one line; label each except the default."""
    default = measured[DEFAULT].follows[leader].error_mrad
    traces = {
        value: one.follows[leader]
        for name, one in measured.items()
        for of, _, value in [name.rpartition(' ')]
        if of == group
    }
    places = [(trace.peak, trace.error_mrad) for trace in traces.values()]
    (line,) = ax.plot(*zip(*places, strict=True), 'o-', label=group, markersize=4, linewidth=1.0)
    for value, place in zip(traces, places, strict=True):
        if abs(place[1] - default) < NEAR_SHARE * default:
            continue
        ax.annotate(
            value,
            place,
            xytext=GROUPS[group],
            textcoords='offset points',
            ha='right' if GROUPS[group][0] < 0 else 'left',
            color=line.get_color(),
            fontsize=7,
        )
