# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Run the tests of faults and of attacks, and write their results into docs/reliability.md.

Each table is between two comments of the page; the other text is not generated.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile
from typing import Any

__all__ = ['SECTIONS', 'Section', 'attack_table', 'main', 'table']

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'reliability.md'

Row = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """
    One table of the page.

    :param tests: the test modules of its rows, in the order of the table.
    :param begin: the comment before the table.
    :param end: the comment after it.
    :param draw: returns the table for its rows.
    """

    tests: tuple[str, ...]
    begin: str
    end: str
    draw: Callable[[list[Row]], str]

    def put(self, page: str, rows: list[Row]) -> str:
        """Return the page with a table of these rows instead of the old one."""
        between = re.compile(f'{re.escape(self.begin)}.*{re.escape(self.end)}', re.DOTALL)
        return between.sub(lambda _: f'{self.begin}\n\n{self.draw(rows)}\n\n{self.end}', page)


def table(rows: list[Row]) -> str:
    """Return the table of faults; a time of None is shown as a dash."""
    lines = [
        '| fault | noticed after | commands to the robot | healed after |',
        '|---|---|---|---|',
    ]
    for row in rows:
        noticed, healed = _seconds(row['noticed_s']), _seconds(row['healed_s'])
        lines.append(f'| {row["fault"]} | {noticed} | {row["told"]} | {healed} |')
    return '\n'.join(lines)


def attack_table(rows: list[Row]) -> str:
    """Return the table of attacks, with each time without, beside and under the attack."""
    lines = [
        '| attack | what | median: quiet, beside, attacked | p99: quiet, beside, attacked |',
        '|---|---|---|---|',
    ]
    for row in rows:
        triples = zip(row['quiet_ms'], row['beside_ms'], row['attacked_ms'], strict=True)
        cells = ' | '.join(
            ', '.join(f'{value:.2f}' for value in triple) + ' ms' for triple in triples
        )
        lines.append(f'| {row["attack"]} | {row["what"]} | {cells} |')
    return '\n'.join(lines)


SECTIONS = {
    'faults': Section(
        ('test_faults.py', 'test_late_links.py', 'test_stops_over_freezes.py'),
        '<!-- what make faults saw -->',
        '<!-- end -->',
        table,
    ),
    'attacks': Section(
        ('test_under_attack.py',),
        '<!-- what make faults saw of attacks -->',
        '<!-- end of attacks -->',
        attack_table,
    ),
}


def _seconds(value: float | None) -> str:
    return '–' if value is None else f'{value:.2f} s'


def main() -> int:
    """Run the tests, print the tables, and write each into the page if its tests passed."""
    parser = argparse.ArgumentParser(prog='make faults', description=__doc__)
    parser.add_argument('--only', choices=SECTIONS, help='run the tests of one table')
    parser.add_argument('--connects', type=int, default=1000, help='connections in a row')
    parser.add_argument('--freezes', type=int, default=100, help='stops pressed in freezes')
    parser.add_argument('--hostile', type=int, default=5000, help='hostile connections')
    options = parser.parse_args()
    sections = SECTIONS.values() if options.only is None else [SECTIONS[options.only]]
    return max(_run(section, options) for section in sections)


def _run(section: Section, options: argparse.Namespace) -> int:
    """Run the tests of a section and write its table; return their exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / 'report'
        environment = {
            **os.environ,
            'LEROBOT_ARENA_FAULTS_REPORT': str(report),
            'LEROBOT_ARENA_FAULTS_CONNECTS': str(options.connects),
            'LEROBOT_ARENA_FAULTS_FREEZES': str(options.freezes),
            'LEROBOT_ARENA_FAULTS_HOSTILE': str(options.hostile),
            'LEROBOT_ARENA_FAULTS_ROUNDS': '5',
            'LEROBOT_ARENA_FAULTS_SECONDS': '3',
        }
        # One test at a time, because the others would change the times.
        tests = [str(path) for name in section.tests for path in (ROOT / 'test').rglob(name)]
        # Twenty freezes take longer than the timeout of a test that hangs.
        options_of_pytest = ['-q', '-p', 'no:xdist', '-o', 'faulthandler_timeout=0']
        command = [sys.executable, '-m', 'pytest', *options_of_pytest, *tests]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        rows = [json.loads(line) for line in report.read_text(encoding='utf-8').splitlines()]
    print(section.draw(rows))
    if code == 0:
        page = PAGE.read_text(encoding='utf-8')
        PAGE.write_text(section.put(page, rows), encoding='utf-8')
    return code


if __name__ == '__main__':
    sys.exit(main())
