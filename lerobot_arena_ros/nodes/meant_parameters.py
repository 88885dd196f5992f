"""Whether parameters on the command line are for the node that it starts; knows no ROS."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
from pathlib import Path
import re

from .parameter_table import ParameterError
from .usage import split_arguments
from .yaml_file import Section, flatten, mismatch, sections_of

__all__ = ['check_arguments']

_BRIDGES = ('arena_bridge', 'arena_producer', 'arena_consumer')
_OF_BRIDGES = ('produce.', 'consume.', 'joint_map.')
"""What parameters begin with that no other node has."""


def check_arguments(node: str, args: Sequence[str]) -> list[str]:
    """
    Refuse parameters that were meant for this node and do not reach it, such as its limits.

    A file may have parameters of many nodes. If it has some of bridges, and all of them are for
    other nodes, a name is wrong, and the file is refused. A file without parameters of a bridge
    gives a warning if none of it is for this node.

    :param node: its name with its namespace, as remapped.
    :param args: the command line.
    :returns: warnings, one line each.
    :raises ParameterError: parameters do not reach the node.
    :raises YamlError: a file cannot be read.
    """
    warnings = []
    for option, value in itertools.pairwise(split_arguments(args)[1]):
        if option in ('-p', '--param'):
            _check_rule(node, value)
        elif option == '--params-file':
            warnings += _check_file(node, Path(value))
    return warnings


def _check_file(node: str, path: Path) -> list[str]:
    sections = sections_of(path)
    of_bridges = [section for section in sections if _is_for_a_bridge(section)]
    if any(section.is_for(node) for section in of_bridges or sections):
        return []
    if of_bridges:
        raise ParameterError(mismatch(node, path, of_bridges))
    return [mismatch(node, path, sections)]


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
