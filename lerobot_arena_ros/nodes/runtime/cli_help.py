# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Handle ``--help``, ``--version`` and unknown arguments of the executables."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
import sys
import textwrap

from lerobot_arena_ros.release import version

from ..settings.parameter_table import Spec

__all__ = ['EXIT_CODES', 'parse_arguments', 'split_arguments']

EXIT_CODES = (
    'Exit code: 0 after SIGINT (Ctrl-C) or SIGTERM; 2 if the user has to change something before '
    'the next start: parameters, arguments, or a token that the server rejects.'
)
"""The exit codes of each node."""


def parse_arguments(
    name: str,
    description: str,
    specs: Iterable[Spec],
    args: Sequence[str] | None = None,
    *,
    examples: Sequence[str] = (),
) -> None:
    """
    Handle ``--help`` and ``--version`` of a node; all its other arguments are ROS arguments.

    :param specs: parameters of the node.
    :param args: command line; None: that of this process.
    :param examples: examples of arguments.
    :raises SystemExit: the arguments contain one of the two options, or an unknown argument.
    """
    parser = argparse.ArgumentParser(
        prog=name,
        usage='%(prog)s [-h] [--version] [--ros-args ...]',
        description=textwrap.fill(description, 90),
        epilog=_epilog(name, specs, examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {version()}')
    parser.parse_args(split_arguments(sys.argv[1:] if args is None else args)[0])


def split_arguments(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split arguments into our own and those between ``--ros-args`` and ``--``."""
    ours: list[str] = []
    of_ros: list[str] = []
    is_ros = False
    for arg in args:
        is_ros = is_ros or arg == '--ros-args'
        (of_ros if is_ros else ours).append(arg)
        is_ros = is_ros and arg != '--'
    return ours, of_ros


def _epilog(name: str, specs: Iterable[Spec], examples: Sequence[str]) -> str:
    lines = ['parameters, after --ros-args:']
    for spec in specs:
        default = '' if spec.initial in ('', [], None) else f' Default: {_shown(spec.initial)}.'
        unit = f' [{spec.unit}]' if spec.unit else ''
        choices = f' One of {", ".join(filter(None, spec.choices))}.' if spec.choices else ''
        text = f'{spec.description}{unit}{choices}{default}'
        lines += [f'  {spec.name}', textwrap.indent(textwrap.fill(text, 84), '      ')]
    if examples:
        lines += ['', 'examples:', *(f'  {name} {example}' for example in examples)]
    return '\n'.join([*lines, '', textwrap.fill(EXIT_CODES, 90)])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'{value:g}' if isinstance(value, float) else str(value)
