"""What an executable says of itself and of words that it cannot use."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
import sys
import textwrap

from lerobot_arena_ros.release import version

from .parameter_table import Spec

__all__ = ['answer']

EXIT_CODES = (
    'Exit code: 0 after SIGINT (Ctrl-C) or SIGTERM; 2 where something has to be changed before '
    'another try: parameters, arguments, a token that is refused.'
)


def answer(
    name: str,
    description: str,
    specs: Iterable[Spec],
    args: Sequence[str] | None = None,
    *,
    examples: Sequence[str] = (),
) -> None:
    """
    Answer ``--help`` and ``--version`` of a node; all that it takes otherwise is of ROS.

    :param specs: its parameters.
    :param args: the command line; None for this process's own.
    :param examples: what may follow its name.
    :raises SystemExit: it was asked, or given a word that is not of ROS.
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
    parser.parse_args(_own(sys.argv[1:] if args is None else args))


def _own(args: Sequence[str]) -> list[str]:
    """Leave out what stands between ``--ros-args`` and ``--``."""
    own: list[str] = []
    is_ros = False
    for arg in args:
        if is_ros or arg == '--ros-args':
            is_ros = arg != '--'
        else:
            own.append(arg)
    return own


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
