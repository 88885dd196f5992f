# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The commands of the pages, executed."""

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
    'ROS 2 and aiortc': 'see test_ros_blocks.py and requirements/video.txt',
    'aiortc': 'see requirements/video.txt',
    'a container engine': 'see test_containers.py',
    'LeRobot': 'see requirements/lerobot.txt',
    'a terminal': 'a person presses keys',
    'matplotlib': 'see requirements/examples.txt',
    'mujoco': 'see requirements/sim.txt',
    'mcap': 'see requirements/examples.txt',
    'minutes': 'CI does the same',
    'network': 'something is downloaded',
    'root': 'it installs',
    'pixi': 'no registry of CI has RoboStack',
    'ros2bag': 'there are no wheels of it',
}
"""The needs of blocks that this test cannot provide, and why."""

TOOLS = ('curl', 'openssl')


def of(page: str) -> list[Block]:
    """Return the blocks of a page with commands."""
    return blocks_of(page, 'sh', 'python')


def feasible(page: str) -> list[Block]:
    """Return the blocks whose needs this machine meets."""
    return [block for block in of(page) if is_met(block.needs)]


@pytest.mark.parametrize('page', [page for page in PAGES if feasible(page)])
def test_a_page_is_done_as_it_says(page: str, tmp_path: Path) -> None:
    """Each block succeeds; a program that keeps running prints its text and ends on Ctrl-C."""
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
    """Return the YAML blocks of a page that its text introduces as files."""
    return [(block.file, block.text) for block in blocks_of(page, 'yaml') if block.file]


@pytest.mark.parametrize('page', PAGES)
def test_what_blocks_need_is_known(page: str) -> None:
    """Each need is a known one, because a typo would exclude its block."""
    assert {block.needs for block in of(page)} - {''} <= set(NEEDS)


def test_most_pages_have_something_to_type() -> None:
    """Most pages have blocks of each kind, with and without needs."""
    blocks = [block for page in PAGES for block in of(page)]

    assert {block.kind for block in blocks} == {'sh', 'python'}
    assert any(block.keeps_running for block in blocks)
    assert any(block.prints for block in blocks)
    assert set(NEEDS) == {block.needs for block in blocks} - {''}
