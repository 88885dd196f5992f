# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Print tables, and write them into docs/performance.md; its other text is not generated."""

from __future__ import annotations

from collections.abc import Iterable
import json
from pathlib import Path
import re

from .pictures import draw
from .ratios import Results
from .tables import Table, tables

__all__ = ['PICTURES', 'markdown', 'print_tables', 'put_between', 'write_page']

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / 'docs' / 'performance.md'
PICTURES = ROOT / 'docs' / 'performance'
REFERENCE = ROOT / 'benchmark' / 'results' / 'reference.json'
BEGIN, END = '<!-- what make bench saw -->', '<!-- end -->'


def print_tables(shown: Iterable[Table]) -> None:
    """Print each table with aligned columns."""
    for title, head, rows in shown:
        lines = [head, *([str(cell) for cell in row] for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        print(f'\n{title}')
        for line in lines:
            cells = (f'{cell:<{width}}' for cell, width in zip(line, widths, strict=True))
            print('  ' + '  '.join(cells).rstrip())
    print()


def markdown(table: Table) -> str:
    """Return a table with its title as Markdown."""
    title, head, rows = table
    lines = [f'| {" | ".join(head)} |', f'|{"---|" * len(head)}']
    lines += [f'| {" | ".join(str(cell) for cell in row)} |' for row in rows]
    return f'### {title}\n\n' + '\n'.join(lines)


def put_between(begin: str, end: str, parts: Iterable[str]) -> None:
    """Replace what is between two comments of the page by paragraphs."""
    new = '\n\n'.join([begin, *parts, end])
    between = re.compile(f'{re.escape(begin)}.*{re.escape(end)}', re.DOTALL)
    page = PAGE.read_text(encoding='utf-8')
    PAGE.write_text(between.sub(lambda _: new, page), encoding='utf-8')


def write_page(results: Results, noise: list[str]) -> None:
    """Write tables and pictures into the page, and save the results that they show."""
    PICTURES.mkdir(exist_ok=True)
    REFERENCE.write_text(json.dumps(results, indent=1), encoding='utf-8')
    machine = results['machine']
    peer = f'rosbridge {results["rosbridge"]}, ' if 'rosbridge' in results else ''
    parts = [
        f'{machine["cores"]} cores ({machine["cpu"]}), Python {machine["python"]}, {peer}'
        f'{machine["date"]}.\n\n' + '\n'.join(f'- {line}' for line in noise)
    ]
    parts += map(markdown, tables(results))
    parts += [f'![{file.stem}](performance/{file.name})' for file in draw(results, PICTURES)]
    put_between(BEGIN, END, parts)
