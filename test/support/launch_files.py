# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The arguments of the launch files, read without launch, which may not be installed."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

__all__ = ['ARGUMENTS', 'Argument']

LAUNCH = Path(__file__).resolve().parents[2] / 'launch'


class Argument(NamedTuple):
    """
    An argument of a launch file.

    :param default: the default value; None if only launch can compute it.
    """

    default: str | None
    description: str


def _arguments(path: Path) -> dict[str, Argument]:
    found: dict[str, Argument] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == 'DeclareLaunchArgument':
            words = {keyword.arg: _text(keyword.value) for keyword in node.keywords}
            name = _text(node.args[0])
            assert name, path
            found[name] = Argument(words.get('default_value'), words.get('description') or '')
    return found


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


ARGUMENTS = {path.name: _arguments(path) for path in sorted(LAUNCH.glob('*.launch.py'))}
"""The arguments, by launch file and name."""
