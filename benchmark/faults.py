"""
Injects every fault of :data:`TESTS` and writes what was seen into docs/reliability.md.

The table stands between two comments; the rest of the page is written by hand.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
import re
import subprocess
import sys
import tempfile
from typing import Any

__all__ = ['main', 'table']

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / 'docs' / 'reliability.md'
TESTS = ('test_faults.py', 'test_late_links.py', 'test_stops_over_freezes.py')
"""The modules of the tests that inject faults, in the order of the table."""

BEGIN, END = '<!-- what make faults saw -->', '<!-- end -->'


def table(rows: list[dict[str, Any]]) -> str:
    """Draw the rows; a time of None is one that there was none of."""
    lines = [
        '| fault | noticed after | the robot was told | healed after |',
        '|---|---|---|---|',
    ]
    for row in rows:
        noticed, healed = _seconds(row['noticed_s']), _seconds(row['healed_s'])
        lines.append(f'| {row["fault"]} | {noticed} | {row["told"]} | {healed} |')
    return '\n'.join(lines)


def _seconds(value: float | None) -> str:
    return '–' if value is None else f'{value:.2f} s'


def main() -> int:
    """Inject, print the table, and write it into the page if everything held."""
    parser = argparse.ArgumentParser(prog='benchmark.faults', description=__doc__)
    parser.add_argument('--connects', type=int, default=1000, help='connections in a row')
    parser.add_argument('--freezes', type=int, default=100, help='stops pressed in freezes')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / 'report'
        environment = {
            **os.environ,
            'LEROBOT_ARENA_FAULTS_REPORT': str(report),
            'LEROBOT_ARENA_FAULTS_CONNECTS': str(options.connects),
            'LEROBOT_ARENA_FAULTS_FREEZES': str(options.freezes),
        }
        # One after the other: the times are those of a machine that does nothing else.
        tests = [f'test/{name}' for name in TESTS]
        # Twenty freezes take longer than a test that hangs.
        options_of_pytest = ['-q', '-p', 'no:xdist', '-o', 'faulthandler_timeout=0']
        command = [sys.executable, '-m', 'pytest', *options_of_pytest, *tests]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        rows = [json.loads(line) for line in report.read_text(encoding='utf-8').splitlines()]
    print(table(rows))
    if code == 0:
        page = PAGE.read_text(encoding='utf-8')
        between = re.compile(f'{re.escape(BEGIN)}.*{re.escape(END)}', re.DOTALL)
        new = f'{BEGIN}\n\n{table(rows)}\n\n{END}'
        PAGE.write_text(between.sub(lambda _: new, page), encoding='utf-8')
    return code


if __name__ == '__main__':
    sys.exit(main())
