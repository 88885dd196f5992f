# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A demo in a terminal of a given size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
import sys

from .terminal import Terminal, in_terminal

__all__ = ['demo_in_terminal']

START = 'import sys; from lerobot_arena_ros.executables import {name}; sys.exit({name}())'
UNSET = ('NO_COLOR', 'COLUMNS', 'LINES')


@contextmanager
def demo_in_terminal(
    name: str, *, columns: int = 80, rows: int = 24, variables: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """
    Run a demo in a terminal.

    :param name: the name of a function in ``executables.py``.
    :param variables: environment variables, in addition to those of this process.
    """
    inherited = {key: value for key, value in os.environ.items() if key not in UNSET}
    environment = {**inherited, 'TERM': 'xterm', **(variables or {})}
    command = [sys.executable, '-c', START.format(name=name)]
    with in_terminal(command, environment, columns=columns, rows=rows) as terminal:
        yield terminal
