# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Builds the distributions from a copy of the repository, and runs programs without ROS."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from .pages import ROOT

__all__ = ['built', 'copied_repository', 'in_git', 'without_ros']

TOOLS = ('build', 'twine', 'wheel')
OF_THIS_CHECKOUT = (
    'AMENT_PREFIX_PATH',
    'COVERAGE_PROCESS_CONFIG',
    'COVERAGE_PROCESS_START',
    'LD_LIBRARY_PATH',
    'LEROBOT_ARENA_TOKEN',
    'PYTHONPATH',
)


def in_git() -> set[str]:
    """Return the files of the repository."""
    if shutil.which('git') is None or not (ROOT / '.git').exists():
        pytest.skip('this is no git repository')
    command = ['git', 'ls-files', '--cached', '--others', '--exclude-standard']
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def copied_repository(folder: Path) -> Path:
    """Copy the files of the repository, because setuptools writes into the source folder."""
    for name in in_git():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return folder


def built(source: Path, folder: Path) -> tuple[Path, Path]:
    """Run ``python -m build``; return the wheel and the source distribution."""
    for tool in TOOLS:
        if importlib.util.find_spec(tool) is None:
            pytest.skip(f'{tool} is not installed; make lint installs it')
    build = [sys.executable, '-m', 'build', '--no-isolation', '--outdir', str(folder)]
    subprocess.run(build, cwd=source, check=True, capture_output=True)
    wheel, archive = sorted(folder.iterdir(), key=lambda path: path.suffix, reverse=True)
    return wheel, archive


def without_ros() -> dict[str, str]:
    """
    Return the environment of a shell in which neither ROS nor this checkout is set up.

    Its pip compiles no modules, because that takes most of the time of an installation.
    """
    others = {name: text for name, text in os.environ.items() if name not in OF_THIS_CHECKOUT}
    return {**others, 'PIP_NO_COMPILE': '1'}
