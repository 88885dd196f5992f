# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Runs the blocks of a page as a reader does: in a checkout, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import importlib.util
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys

from .executables import EXECUTABLES
from .pages import ROOT, Block
from .processes import free_port
from .required import VARIABLE
from .waiting import wait_for

__all__ = ['PageRun', 'is_met', 'page_run']

TIMEOUT_S = 30.0
LISTENS = 'arena_server listening on'
PORT = '8000'
"""The port of pages and defaults; in the copy of the checkout it is a free one."""

COPIED = ('*.md', 'config', 'docs', 'examples', 'launch', 'lerobot_arena_ros', 'package.xml')
HEEDING_CTRL_C = ('env', '--default-signal=INT,QUIT')


def is_met(needs: str) -> bool:
    """
    Return whether this machine has what a block needs.

    Blocks that need ROS 2 run only with ``REQUIRE=ros2``, with this package built and sourced,
    because each takes seconds.
    """
    each = needs.split(' and ')
    if {'ROS 2', 'ros2bag'} & set(each) and not _insists_on_ros2():
        return False
    modules = [need.replace(' ', '_') for need in each if need not in ('', 'ROS 2')]
    return all(importlib.util.find_spec(module) is not None for module in modules)


def _insists_on_ros2() -> bool:
    return 'ros2' in os.environ.get(VARIABLE, '').split(',')


class PageRun:
    """
    A copy of the checkout, and the programs that run in it.

    :param folder: the folder of the copy.
    :param port: the port of its arena.
    """

    def __init__(self, folder: Path, port: str) -> None:
        self._folder = folder
        self._port = port
        self._environment = _environment(folder)
        self._left: list[tuple[subprocess.Popen[bytes], Path]] = []

    def do(self, block: Block) -> None:
        """
        Run a block to its end, or until it has printed the text of the page, or anything.

        :raises AssertionError: it failed, ended too early, or printed something else.
        """
        log = self._folder / f'block_{len(list(self._folder.glob("block_*")))}'
        process = self._start(block, log)
        if not block.keeps_running:
            try:
                code = process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                code = None
            _kill(process)
            assert code == 0, f'exit code {code}:\n{block.text}\n{log.read_text()}'
            assert not block.prints or self._has_printed(block.prints, log), log.read_text()
            return
        self._left.append((process, log))
        # A warning of the server is no sign that it listens.
        is_server = re.search(r'^arena_server\b', block.text, re.MULTILINE) is not None
        prints = block.prints or (LISTENS if is_server else '')
        wait_for(
            lambda: self._has_printed(prints, log) or process.poll() is not None,
            f'{prints or "anything"} of {block.text}',
            TIMEOUT_S,
        )
        assert process.poll() is None, f'it ended:\n{block.text}\n{log.read_text()}'

    def end(self) -> None:
        """End the running programs as Ctrl-C does."""
        codes: list[tuple[int | None, str]] = []
        for process, log in reversed(self._left):
            os.killpg(process.pid, signal.SIGINT)
            try:
                codes.append((process.wait(TIMEOUT_S), log.read_text()))
            except subprocess.TimeoutExpired:
                codes.append((None, log.read_text()))
        self.kill()
        assert [code for code, _ in codes if code != 0] == [], codes

    def kill(self) -> None:
        """Kill the running programs."""
        for process, _ in self._left:
            _kill(process)
        self._left = []

    def _has_printed(self, text: str, log: Path) -> bool:
        """Return whether a text of a page was printed; an ellipsis in it matches anything."""
        words = self._written(text).split('…')
        return bool(
            re.search('.+' if words == [''] else '.*'.join(map(re.escape, words)), log.read_text())
        )

    def _written(self, text: str) -> str:
        """Return a text of a page with the port of this copy."""
        return re.sub(rf'\b{PORT}\b', self._port, text)

    def _start(self, block: Block, log: Path) -> subprocess.Popen[bytes]:
        program = {
            'sh': ('bash', '-euo', 'pipefail', '-c'),
            'python': (sys.executable, '-W', 'error', '-c'),
        }[block.kind]
        with log.open('wb') as output:
            return subprocess.Popen(
                [*HEEDING_CTRL_C, *program, self._written(block.text)],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextmanager
def page_run(folder: Path) -> Iterator[PageRun]:
    """Copy the checkout into a folder, and kill its programs afterwards."""
    # An installed package has the port of the pages.
    port = PORT if _insists_on_ros2() else str(free_port())
    checkout = folder / 'lerobot_arena_ros'
    _copy(checkout, port)
    _write_shims(folder / 'bin')
    (folder / 'home').mkdir()
    run = PageRun(checkout, port)
    try:
        yield run
    finally:
        run.kill()


def _copy(checkout: Path, port: str) -> None:
    checkout.mkdir()
    for pattern in COPIED:
        for source in ROOT.glob(pattern):
            copy = checkout / source.name
            if source.is_dir():
                shutil.copytree(source, copy, ignore=shutil.ignore_patterns('*.pyc', '*.png'))
            else:
                shutil.copy(source, copy)
    for path in (*checkout.rglob('*.py'), *checkout.rglob('*.yaml')):
        text = path.read_text(encoding='utf-8')
        path.write_text(re.sub(rf'\b{PORT}\b', port, text), encoding='utf-8')


def _write_shims(folder: Path) -> None:
    """Create the commands that an installation would put on the path."""
    folder.mkdir()
    programs = dict.fromkeys(('python', 'python3'), '')
    for name, place in EXECUTABLES.items():
        module, function = place.split(':')
        programs[name] = f"-c 'import sys, {module} as m; sys.exit(m.{function}())'"
    for name, arguments in programs.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
        (folder / name).chmod(0o755)


def _environment(checkout: Path) -> dict[str, str]:
    before = os.environ
    paths = [str(checkout), before.get('PYTHONPATH', '')]
    return {
        **{name: value for name, value in before.items() if name != 'LEROBOT_ARENA_TOKEN'},
        'HOME': str(checkout.parent / 'home'),
        'PATH': f'{checkout.parent / "bin"}:{before["PATH"]}',
        'PYTHONPATH': before.get('PYTHONPATH', '') if _insists_on_ros2() else ':'.join(paths),
        'PYTHONUNBUFFERED': '1',
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a block's process group, because children may outlive their parent."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
