# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Plot a recording to PNG, with a line per joint and marks for emergency stops.

    plot_recording.py arm.csv            # writes arm.png

Each value is drawn until the next one, because a room sends nothing for joints at rest. A line
starts with the value that the room remembered, or with the first value of the joint.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from command_line import Failure, run
from recording import Recorded, read_recording, recording_path, values_of

COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7F3C8D', '#555555')
"""Colours that colour-blind people can distinguish; after the last one, the dashes change."""

DASHES = ('-', '--', ':', '-.')
RED = '#C00000'


def main() -> int:
    """Parse the command line and plot."""
    parser = argparse.ArgumentParser(description='Plot a recording of a room to PNG.')
    parser.add_argument('file', type=recording_path, help='a recording, .csv or .mcap')
    parser.add_argument('--output', type=Path, help='the PNG (default: beside the recording)')
    return run(plot(parser.parse_args()))


async def plot(args: argparse.Namespace) -> int:
    """Read the recording and draw it."""
    output = args.output or args.file.with_suffix('.png')
    events = read_recording(args.file)
    if not lines_of(events):
        raise Failure(f'{args.file} has no joints')
    draw(events, args.file.name, output)
    print(output)
    return 0


def lines_of(events: list[Recorded]) -> dict[str, tuple[list[float], list[float]]]:
    """Return the times and values of each joint, up to the end of the recording."""
    lines: dict[str, tuple[list[float], list[float]]] = {}
    for event in events:
        for name, value in values_of(event).items():
            times, values = lines.setdefault(name, ([], []))
            times.append(event.time_s)
            values.append(value)
    for times, values in lines.values():
        times.append(events[-1].time_s)
        values.append(values[-1])
    return lines


def draw(events: list[Recorded], title: str, output: Path) -> None:
    """
    Draw the plot and write the PNG.

    :raises Failure: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError:
        raise Failure(
            'matplotlib is not installed: apt install python3-matplotlib, or pip install it'
        ) from None
    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(10, 5), layout='constrained')
    for number, (name, (times, values)) in enumerate(lines_of(events).items()):
        colour = COLOURS[number % len(COLOURS)]
        dashes = DASHES[number // len(COLOURS) % len(DASHES)]
        axes.step(times, values, dashes, where='post', color=colour, label=escaped(name))
    _mark_stops(axes, [event for event in events if event.kind == 'stop'])
    _format_axes(axes, escaped(title))
    figure.savefig(output, dpi=150)
    pyplot.close(figure)


def escaped(text: str) -> str:
    """Escape a name, because matplotlib reads $ as a formula and hides names with a leading _."""
    return '\u200b' * text.startswith('_') + text.replace('$', r'\$')


def _mark_stops(axes: Any, stops: list[Recorded]) -> None:
    for stop in stops:
        axes.axvline(stop.time_s, color=RED, linewidth=1.5, zorder=3)
        axes.annotate(
            escaped(f'stop: {stop.reason:.40}'),
            xy=(stop.time_s, 1.0),
            xycoords=('data', 'axes fraction'),
            xytext=(-5, -4),
            textcoords='offset points',
            rotation=90,
            verticalalignment='top',
            horizontalalignment='right',
            color=RED,
            fontsize=9,
            bbox={'facecolor': 'white', 'edgecolor': 'none', 'alpha': 0.85, 'pad': 1.0},
        )


def _format_axes(axes: Any, title: str) -> None:
    axes.set_title(title, loc='left', fontsize=12)
    axes.set(xlabel='seconds since the recording began', ylabel="value, in the room's unit")
    axes.margins(x=0.01)
    axes.grid(color='#DDDDDD', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(loc='center left', bbox_to_anchor=(1.0, 0.5), frameon=False)


if __name__ == '__main__':
    sys.exit(main())
