"""Whether parameters on the command line are for the node that it starts; knows no ROS."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
from pathlib import Path
import re

from ..settings.parameter_table import SPECS, ParameterError
from ..settings.yaml_file import Section, UnreadableYaml, flatten, mismatch, sections_of
from .cli_help import split_arguments

__all__ = ['check_arguments']

_BRIDGES = ('arena_bridge', 'arena_producer', 'arena_consumer')
_OF_BRIDGES = ('produce.', 'consume.', 'joint_map.')
"""What parameters begin with that no other node has."""
_NAMES = frozenset(spec.name for spec in SPECS)


def check_arguments(node: str, args: Sequence[str]) -> list[str]:
    """
    Refuse parameters that were meant for this node and do not reach it, such as its limits.

    A file may have parameters of many nodes. If files have some of bridges, and no file has any
    for this node, a name is wrong, and the first of them is refused. A file without parameters of
    a bridge gives a warning if none of it is for this node.

    :param node: its name with its namespace, as remapped.
    :param args: the command line.
    :returns: warnings, one line each.
    :raises ParameterError: parameters do not reach the node.
    :raises YamlError: a file has a key twice.
    """
    warnings = []
    files: dict[Path, list[Section]] = {}
    for option, value in itertools.pairwise(split_arguments(args)[1]):
        if option in ('-p', '--param'):
            _check_rule(node, value)
        elif option == '--params-file':
            try:
                files[Path(value)] = sections_of(Path(value))
            except UnreadableYaml as exc:
                # ROS has read it already, and its reader takes more.
                warnings.append(f'{exc}; whether it has parameters for {node} was not checked')
    every = [section for sections in files.values() for section in sections]
    is_reached = any(section.is_for(node) and _has_ours(section) for section in every)
    for path, sections in files.items():
        warnings += _check_file(node, path, sections, is_reached=is_reached)
    return warnings


def _check_file(
    node: str, path: Path, sections: Sequence[Section], *, is_reached: bool
) -> list[str]:
    if any(section.is_for(node) and _has_ours(section) for section in sections):
        return []
    of_bridges = [section for section in sections if _is_for_a_bridge(section)]
    if of_bridges and not is_reached:
        raise ParameterError(mismatch(node, path, of_bridges))
    if of_bridges or any(section.is_for(node) for section in sections):
        return []
    return [mismatch(node, path, sections)]


def _has_ours(section: Section) -> bool:
    """Return whether a section has parameters of a bridge, under whatever name of a node."""
    names = [name for name, _ in flatten(section.parameters)]
    return any(name in _NAMES or name.startswith(_OF_BRIDGES) for name in names)


def _check_rule(node: str, rule: str) -> None:
    """Refuse ``-p NODE:NAME:=VALUE`` of another node."""
    named = re.match(r'(\w+):[^:=]+:=', rule)
    if named and f'/{named[1]}' != node:
        raise ParameterError(
            f'-p {rule}: is for /{named[1]}, and this node is {node}: expected -p without '
            f'`{named[1]}:`'
        )


def _is_for_a_bridge(section: Section) -> bool:
    if section.nodes.rpartition('/')[2] in _BRIDGES:
        return True
    return any(name.startswith(_OF_BRIDGES) for name, _ in flatten(section.parameters))
