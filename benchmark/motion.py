# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Measure how closely the simulated SO-101 follows a leader through the gate.

It does not use the clock, so each run has the same results. See docs/performance.md.
"""

from __future__ import annotations

import argparse
import sys

from .report.page import PICTURES, markdown, print_tables, put_between

__all__ = ['main']

BEGIN, END = '<!-- what make tracking saw -->', '<!-- end of make tracking -->'


def main() -> int:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(prog='benchmark.motion', description=__doc__)
    parser.add_argument('--page', action='store_true', help='write into docs/performance.md')
    options = parser.parse_args()
    try:
        from .measure.tracking import VARIANTS, measure
        from .report.motion_pictures import draw_motion
        from .report.motion_tables import motion_tables
    except ModuleNotFoundError as exc:
        print(f'{exc.name} is not installed: use make tracking, or requirements/sim.txt')
        return 2
    measured = {}
    for name, parameters in VARIANTS.items():
        print(f'measuring {name} ...', flush=True)
        measured[name] = measure(parameters)
    tables = list(motion_tables(measured))
    print_tables(tables)
    if options.page:
        pictures = [
            f'![{title}](performance/{file.name})'
            for title, file in draw_motion(measured, PICTURES)
        ]
        put_between(BEGIN, END, [*map(markdown, tables), *pictures])
    return 0


if __name__ == '__main__':
    sys.exit(main())
