# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Reads the Dockerfiles in deploy/, and runs commands as a container does."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
import re
import shutil
import subprocess
from typing import NamedTuple

from .distributions import in_git
from .pages import ROOT

__all__ = [
    'CONFINE',
    'USER',
    'Instruction',
    'argument_of',
    'can_confine',
    'context_of',
    'instructions_of',
    'words_of',
]

USER = '10001'
CONFINE = (
    *('unshare', '--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child'),
    *('sh', '-c', 'mount -o remount,bind,ro / && exec "$@"', 'sh'),
    *('unshare', '--user', f'--map-user={USER}', f'--map-group={USER}'),
)
"""
Runs a command as the first process of its PID namespace, as an unprivileged user and with a
read-only root file system. Files of the caller belong to that user.
"""


class Instruction(NamedTuple):
    """
    An instruction of a Dockerfile.

    :param word: such as ``RUN``.
    :param text: its arguments, in one line.
    """

    word: str
    text: str


def instructions_of(path: Path) -> list[Instruction]:
    """Return the instructions of a Dockerfile, in order."""
    lines = path.read_text(encoding='utf-8').splitlines()
    text = '\n'.join(line for line in lines if not line.lstrip().startswith('#'))
    joined = re.sub(r' *\\\n *', ' ', text)
    return [Instruction(*line.split(' ', 1)) for line in joined.splitlines() if line]


def argument_of(path: Path, word: str) -> str:
    """Return the arguments of the only instruction of a kind."""
    (text,) = (each.text for each in instructions_of(path) if each.word == word)
    return text


def words_of(path: Path, word: str) -> list[str]:
    """Return the command of the only instruction of a kind, which is a JSON list."""
    _, bracket, rest = argument_of(path, word).partition('[')
    words: list[str] = json.loads(bracket + rest)
    return words


def context_of(folder: Path) -> Path:
    """Copy the files of the repository that .dockerignore admits."""
    lines = (ROOT / '.dockerignore').read_text(encoding='utf-8').splitlines()
    admitted = [line.removeprefix('!') for line in lines if line.startswith('!')]
    for name in in_git():
        if any(name == each or name.startswith(f'{each}/') for each in admitted):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    return folder


def can_confine(folder: Path) -> bool:
    """Return whether this machine can run commands with :data:`CONFINE`."""
    if shutil.which('unshare') is None:
        return False

    def runs(command: Sequence[str]) -> bool:
        done = subprocess.run([*CONFINE, *command], capture_output=True, check=False)
        return done.returncode == 0

    return runs(['true']) and not runs(['touch', str(folder / 'written')])
