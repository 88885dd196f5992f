"""What pages tell their readers to type, typed."""

from __future__ import annotations

from pathlib import Path
import re
import shutil

import pytest
from support.page_runs import is_met, page_run
from support.pages import PAGES, Block, blocks_of
from support.required import require

NEEDS = {
    'ROS 2': 'see test_ros_blocks.py',
    'aiortc': 'see requirements/media.txt',
    'a terminal': 'somebody presses keys',
    'matplotlib': 'see requirements/examples.txt',
    'mujoco': 'see requirements/sim.txt',
    'mcap': 'see requirements/examples.txt',
    'minutes': 'CI does the same',
    'network': 'something is downloaded',
    'root': 'it installs',
    'ros2bag': 'there are no wheels of it',
}
"""What a block may need, and why nobody gives it that here."""

TOOLS = ('curl', 'openssl')


def of(page: str) -> list[Block]:
    """List the blocks of a page that somebody types."""
    return blocks_of(page, 'sh', 'python')


def feasible(page: str) -> list[Block]:
    """List those that this machine has everything for."""
    return [block for block in of(page) if is_met(block.needs)]


@pytest.mark.parametrize('page', [page for page in PAGES if feasible(page)])
def test_a_page_is_done_as_it_says(page: str, tmp_path: Path) -> None:
    """Each block ends well, what keeps running runs, prints what it should and ends on Ctrl-C."""
    blocks = feasible(page)
    for tool in TOOLS:
        if any(re.search(rf'\b{tool}\b', block.text) for block in blocks):
            require(tool, shutil.which(tool), f'{tool} is not installed; apt has it')
    with page_run(tmp_path) as run:
        for name, text in named_files(page):
            (tmp_path / 'lerobot_arena_ros' / name).write_text(text)
        for block in blocks:
            if block.ends_others:
                run.end()
            run.do(block)
        run.end()


def named_files(page: str) -> list[tuple[str, str]]:
    """Give the YAML blocks of a page that its text introduces as files."""
    return [(block.file, block.text) for block in blocks_of(page, 'yaml') if block.file]


@pytest.mark.parametrize('page', PAGES)
def test_what_blocks_need_is_known(page: str) -> None:
    """A need with a typo would be a block that nobody ever does."""
    assert {block.needs for block in of(page)} - {''} <= set(NEEDS)


def test_most_pages_have_something_to_type() -> None:
    """Blocks are found at all, of each kind, with and without needs."""
    blocks = [block for page in PAGES for block in of(page)]

    assert {block.kind for block in blocks} == {'sh', 'python'}
    assert any(block.keeps_running for block in blocks)
    assert any(block.prints for block in blocks)
    assert set(NEEDS) == {block.needs for block in blocks} - {''}
