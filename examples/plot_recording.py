# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Plot a recording to PNG: the values of each joint, in the colour of who sent them.

    plot_recording.py arm.csv            # writes arm.png

Each value is drawn until the next one, because a room sends nothing for joints at rest. A value
that nobody has sent since the recording began, or since control changed, is grey. Updates without
effect (shadows) are thin and dashed. Vertical lines mark changes of control and emergency stops.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any, Literal, TypeVar

from command_line import Failure, plain, run
from plot_lines import Line, Mark, drivers_of, lines_of, marks_of, spans_of
from recording import Recorded, read_recording, recording_path

COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#7F3C8D')
"""Colours that colour-blind people can distinguish; after the last one, the dashes change."""

Dashes = Literal['-', '-.', ':']
DASHES: tuple[Dashes, ...] = ('-', '-.', ':')
GREY = '#888888'
RED = '#C00000'

MOST_JOINTS = 24
MOST_MARKS = 100
MOST_DRIVERS = 20
"""More are not shown, because strangers may fill a room, and nobody could read the picture."""

PANEL_INCHES = 1.6
STRIP_INCHES = 0.25
LEGEND_FRACTION = 0.2

Item = TypeVar('Item')

Styles = dict[str | None, tuple[str, Dashes]]
"""The colour and the dashes of each driver; None = nobody."""


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
    lines = lines_of(events)
    if not lines:
        raise Failure(f'{args.file} has no joints')
    draw(events, lines, args.file.name, output)
    print(output)
    for driver, counts in drivers_of(events).items():
        name = plain(driver) or 'unknown'
        print(f'{name}: {counts["update"]} updates, {counts["shadow"]} shadows')
    return 0


def draw(events: list[Recorded], lines: dict[str, list[Line]], title: str, output: Path) -> None:
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
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    names = first(MOST_JOINTS, list(lines), 'joints')
    heights = [STRIP_INCHES, *(PANEL_INCHES for _ in names)]
    figure, (strip, *panels) = pyplot.subplots(
        len(heights),
        figsize=(11, sum(heights) + 3.0),
        height_ratios=heights,
        sharex=True,
        layout=ConstrainedLayoutEngine(rect=(0.0, 0.0, 1.0 - LEGEND_FRACTION, 1.0)),
    )
    _fill(figure, strip, dict(zip(names, panels, strict=True)), events, lines)
    figure.suptitle(escaped(title), fontsize=12)
    figure.savefig(output, dpi=150)
    pyplot.close(figure)


def first(most: int, items: list[Item], what: str) -> list[Item]:
    """Return the first items, and print how many are left out, if any."""
    if len(items) > most:
        print(f'only the first {most} of {len(items)} {what} are shown')
    return items[:most]


def styles_of(events: list[Recorded]) -> Styles:
    """Return the colour and the dashes of each driver, and of nobody."""
    styles: Styles = {None: (GREY, '-')}
    for number, driver in enumerate(drivers_of(events)):
        colour = COLOURS[number % len(COLOURS)]
        styles[driver] = (colour, DASHES[number // len(COLOURS) % len(DASHES)])
    return styles


def escaped(text: str) -> str:
    """Escape a name, because matplotlib reads $ as a formula and hides names with a leading _."""
    text = plain(text)
    return '\u200b' * text.startswith('_') + text.replace('$', r'\$')


def _fill(
    figure: Any,
    strip: Any,
    panels: dict[str, Any],
    events: list[Recorded],
    lines: dict[str, list[Line]],
) -> None:
    """Draw who had control into the strip, and each joint into its panel."""
    styles = styles_of(events)
    _draw_holders(strip, events, styles)
    for name, axes in panels.items():
        for line in lines[name]:
            _draw_line(axes, line, styles)
        _format_panel(axes, escaped(name))
    marks = first(MOST_MARKS, marks_of(events), 'stops and changes of control')
    _draw_marks(strip, [*panels.values()], marks, styles)
    end_s = events[-1].time_s
    margin_s = 0.01 * max(1.0, end_s)
    strip.set_xlim(-margin_s, end_s + margin_s)
    [*panels.values()][-1].set_xlabel('seconds since the recording began')
    figure.supylabel("value, in the room's unit", fontsize=10)
    figure.legend(handles=_legend(lines, styles), loc='upper right', frameon=False, fontsize=9)


def _draw_holders(axes: Any, events: list[Recorded], styles: Styles) -> None:
    """Draw a strip in the colour of who has control."""
    spans = spans_of(events)
    places = [(span.begin_s, span.end_s - span.begin_s) for span in spans]
    colours = ['white' if span.holder is None else styles[span.holder][0] for span in spans]
    axes.broken_barh(places, (0.0, 1.0), facecolors=colours)
    if spans:
        axes.set_ylabel('control', rotation=0, fontsize=9, ha='right', va='center')
    axes.set(ylim=(0.0, 1.0), yticks=[])
    axes.tick_params(bottom=False, labelbottom=False)
    axes.spines[['top', 'right', 'left', 'bottom']].set_visible(False)


def _draw_line(axes: Any, line: Line, styles: Styles) -> None:
    colour, dashes = styles[line.driver]
    if line.is_shadow:
        # A single value has no line, so it needs a marker.
        marker = '.' if len(line.times_s) == 1 else ''
        style = {'linestyle': '--', 'linewidth': 0.8, 'marker': marker, 'markersize': 3}
    else:
        style = {'linestyle': dashes, 'linewidth': 1.0 if line.driver is None else 1.6}
    axes.step(line.times_s, line.values, where='post', color=colour, **style)


def _draw_marks(strip: Any, panels: list[Any], marks: list[Mark], styles: Styles) -> None:
    from matplotlib.collections import LineCollection

    colours = [RED if mark.is_stop else styles[mark.driver][0] for mark in marks]
    widths = [1.5 if mark.is_stop else 0.9 for mark in marks]
    places = [[(mark.time_s, 0.0), (mark.time_s, 1.0)] for mark in marks]
    for axes in (strip, *panels):
        # x is a time, and y a fraction of the height.
        whole = axes.get_xaxis_transform()
        lines = LineCollection(places, colors=colours, linewidths=widths, transform=whole)
        axes.add_collection(lines, autolim=False)
    for mark, colour in zip(marks, colours, strict=True):
        strip.annotate(
            escaped(f'{mark.text:.40}'),
            xy=(mark.time_s, 1.0),
            xycoords=('data', 'axes fraction'),
            xytext=(0, 3),
            textcoords='offset points',
            rotation=35,
            rotation_mode='anchor',
            verticalalignment='bottom',
            color=colour,
            fontsize=8,
        )


def _format_panel(axes: Any, title: str) -> None:
    axes.set_title(title, loc='left', fontsize=9)
    axes.grid(color='#DDDDDD', linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[['top', 'right']].set_visible(False)


def _legend(lines: dict[str, list[Line]], styles: Styles) -> list[Any]:
    """Return an entry for each driver, and for what else the lines show."""
    from matplotlib.lines import Line2D

    drawn = [line for of_joint in lines.values() for line in of_joint]
    entries = []
    drivers = [driver for driver in styles if driver is not None]
    for driver in first(MOST_DRIVERS, drivers, 'drivers'):
        colour, dashes = styles[driver]
        label = escaped(f'{driver or "unknown":.28}')
        entries.append(Line2D([], [], color=colour, linestyle=dashes, label=label))
    if any(line.driver is None for line in drawn):
        entries.append(Line2D([], [], color=GREY, linewidth=1.0, label='kept by the room'))
    if any(line.is_shadow for line in drawn):
        label = 'without effect (shadow)'
        entries.append(Line2D([], [], color='black', linestyle='--', linewidth=0.8, label=label))
    return entries


if __name__ == '__main__':
    sys.exit(main())
