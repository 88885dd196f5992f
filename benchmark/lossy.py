# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Measure joints and stops over a lossy link; see docs/performance.md.

Linux has to permit user namespaces and /dev/net/tun. Otherwise nothing is measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
import json
from pathlib import Path
import sys
from typing import Any

from .__main__ import RESULTS, lines_of_noise, machine
from .harness.figures import noise
from .harness.lossy_link import find_obstacle
from .harness.rosbridge import HOW_TO_INSTALL, NOT_INSTALLED, find_rosbridge
from .measure.earlier import compared
from .measure.lossy_bridges import lossy_bridges
from .measure.lossy_paths import VARIANTS
from .measure.lossy_rows import SCENARIOS, lossy_rows
from .measure.lossy_stops import lossy_stops
from .report.lossy_pictures import draw_lossy
from .report.lossy_tables import lossy_tables
from .report.page import PICTURES, markdown, print_tables, put_between
from .report.ratios import Results

__all__ = ['main']

BEGIN, END = '<!-- what make lossy saw -->', '<!-- end of make lossy -->'

SAVED = RESULTS / 'lossy.json'

ROUNDS = 5
"""How often the bridges of each variant are measured in turn."""


def main() -> int:
    """Measure, print, and write the page if asked to."""
    options = _parser().parse_args()
    if options.saved:
        results: Results = json.loads(options.saved.read_text(encoding='utf-8'))
    elif obstacle := find_obstacle():
        print(obstacle)
        return 0
    else:
        results = _measure(options)
    tables = list(lossy_tables(results))
    print_tables(tables)
    noises = list(lines_of_noise(results))
    print('\n'.join(noises))
    if options.page:
        about = results['machine']
        lines = [
            f'{about["cores"]} cores ({about["cpu"]}), Python {about["python"]}, '
            f'{about["date"]}.\n\n' + '\n'.join(f'- {line}' for line in noises)
        ]
        pictures = [
            f'![{title}](performance/{file.name})' for title, file in draw_lossy(results, PICTURES)
        ]
        put_between(BEGIN, END, [*lines, *map(markdown, tables), *pictures])
    return 0


def _measure(options: argparse.Namespace) -> Results:
    peer = find_rosbridge(options.rosbridge)
    if peer is None:
        print(f'{NOT_INSTALLED}, its rows are skipped: {HOW_TO_INSTALL}')
    sections: dict[str, Callable[[], Any]] = {
        'rows': lambda: lossy_rows(options.variants, options.seconds, options.links, peer),
        'stops': lambda: lossy_stops(options.variants, options.stops),
        'bridges': lambda: lossy_bridges(options.variants, ROUNDS, options.seconds / ROUNDS),
    }
    if options.earlier:
        sections['earlier'] = lambda: compared(options.earlier)
    results: Results = {'machine': machine(), 'noise': [noise()]}
    for name, measured in sections.items():
        if options.only and name not in options.only:
            continue
        print(f'measuring {name} ...', flush=True)
        results[name] = measured()
        results['noise'].append(noise())
        # After each part, because a later one may fail.
        RESULTS.mkdir(exist_ok=True)
        SAVED.write_text(json.dumps(results), encoding='utf-8')
    return results


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog='benchmark.lossy', description=__doc__)
    add = parser.add_argument
    add('--seconds', type=float, default=60.0, help='how long joints are sent over each link')
    add('--stops', type=int, default=500, help='how many stops are sent')
    add('--only', nargs='+', choices=('rows', 'stops', 'bridges', 'earlier'), help='some parts')
    add('--links', nargs='+', choices=SCENARIOS, default=list(SCENARIOS), help='some links')
    add('--variants', nargs='+', choices=VARIANTS, default=list(VARIANTS), help='some variants')
    add('--earlier', type=Path, metavar='FOLDER', help='compare with the version in this folder')
    add('--rosbridge', type=Path, metavar='PREFIX', help='the prefix that rosbridge is under')
    add('--page', action='store_true', help='write into docs/performance.md')
    add('--from', type=Path, dest='saved', metavar='FILE', help='show results saved in a file')
    return parser


if __name__ == '__main__':
    sys.exit(main())
