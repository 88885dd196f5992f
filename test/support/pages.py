# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Reads the pages of the project: their code blocks, links and tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
import re
from typing import NamedTuple

__all__ = ['PAGES', 'ROOT', 'Block', 'anchors_of', 'blocks_of', 'prose_of', 'read', 'rows_of']

ROOT = Path(__file__).resolve().parents[2]

_FOLDERS = ('docs', 'deploy', 'examples', 'lerobot_plugins')

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob('*.md'),
        *(p for name in _FOLDERS for p in (ROOT / name).rglob('*.md')),
    )
    if not path.read_text(encoding='utf-8').startswith('```{include}')
)
"""Each page by its path in the project, without the pages of the site that include another."""

_BLOCK = re.compile(
    r'^(?P<indent> *)(?:<!-- (?P<note>[^>]*) -->\n *)?```(?P<kind>\w*)\n(?P<text>.*?)^ *```$',
    re.M | re.S,
)


class Block(NamedTuple):
    """
    A block of code.

    :param kind: the word after the back-ticks, such as ``sh``.
    :param needs: the needs in the comment before it; may be empty.
    :param keeps_running: whether its program runs during the rest of the page.
    :param ends_others: whether running programs are ended before it.
    :param prints: its output according to the text after it; may be empty.
    :param file: its file name according to the text before it; may be empty.
    """

    kind: str
    text: str
    needs: str = ''
    keeps_running: bool = False
    ends_others: bool = False
    prints: str = ''
    file: str = ''


def read(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text(encoding='utf-8')


def blocks_of(page: str, *kinds: str) -> list[Block]:
    """
    Return the blocks of these kinds in a page, in order.

    A comment just before a block lists its needs, that it keeps running, and that earlier programs
    are ended: ``<!-- needs: ROS 2, ends others, keeps running -->``.
    """
    blocks = []
    page_text = read(page)
    for match in _BLOCK.finditer(page_text):
        if match['kind'] not in kinds:
            continue
        words = [word.strip() for word in (match['note'] or '').split(',')]
        needs = [word.removeprefix('needs: ') for word in words if word.startswith('needs: ')]
        others = [word for word in words if word and not word.startswith('needs: ')]
        assert set(others) <= {'keeps running', 'ends others'}, f'{page}: {match["note"]}'
        text = re.sub(f'^{match["indent"]}', '', match['text'], flags=re.M)
        prints = re.match(r'\n(?:It )?prints `(.+?)`', page_text[match.end() + 1 :])
        file = re.search(r'^`(\w+\.yaml)`.*\n\n\Z', page_text[: match.start()], re.M)
        blocks.append(
            Block(
                match['kind'],
                text,
                ''.join(needs),
                'keeps running' in others,
                'ends others' in others,
                prints[1] if prints else '',
                file[1] if file else '',
            )
        )
    return blocks


def prose_of(page: str) -> str:
    """Return the text of a page without its blocks."""
    return _BLOCK.sub('', read(page))


def rows_of(page: str, heading: str) -> list[list[str]]:
    """
    Return the rows of the first table after a line with this beginning, without the header.

    The first line without a table row ends it.
    """
    text = read(page)
    start = re.search(rf'^{re.escape(heading)}', text, re.M)
    assert start, f'{page} has no line {heading!r}'
    rows = list(_first_table(text[start.end() :]))
    assert len(rows) > 2, f'{page} has no table below {heading!r}'
    return rows[2:]


def _first_table(text: str) -> Iterator[list[str]]:
    begun = False
    for line in text.splitlines()[1:]:
        if line.startswith('|'):
            begun = True
            yield [cell.strip() for cell in line.strip('|').split('|')]
        elif begun:
            return


def anchors_of(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r'^#+ (.+)$', prose_of(page), re.M)
    plain = [re.sub(r'[`*]|\[([^]]*)\]\([^)]*\)', r'\1', heading) for heading in headings]
    return {re.sub(r'[^\w\- ]', '', text.lower()).replace(' ', '-') for text in plain}
