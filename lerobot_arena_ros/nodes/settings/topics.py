"""What the user may do to a node's topics: remap them, and change their QoS; knows no ROS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .parameter_table import ParameterError

__all__ = ['Overridable', 'check_apart', 'check_overrides']

_PREFIX = 'qos_overrides.'
_CHOICES = {
    'history': ('keep_last', 'keep_all', 'system_default'),
    'reliability': ('reliable', 'best_effort', 'best_available', 'system_default'),
}
_LARGEST_DEPTH = 2**31 - 1


@dataclass(frozen=True)
class Overridable:
    """
    A publisher or subscription whose QoS the user may change.

    :param topic: its full name, as remapped.
    :param kind: ``publisher`` or ``subscription``.
    """

    topic: str
    kind: str

    @property
    def prefix(self) -> str:
        """What the names of its parameters begin with."""
        return f'{_PREFIX}{self.topic}.{self.kind}.'


def check_apart(topics: Mapping[str, str]) -> None:
    """
    Refuse one topic for two purposes; DDS refuses it with a traceback, and only for two types.

    :param topics: full names as remapped, by the names that the node gives them.
    :raises ParameterError: two are the same.
    """
    taken: dict[str, str] = {}
    for name, topic in topics.items():
        other = taken.setdefault(topic, name)
        if other != name:
            raise ParameterError(
                f'{other} and {name} are both {topic}: expected two topics (remapping: -r '
                f'{name}:=/another)'
            )


def check_overrides(given: Mapping[str, object], entities: Iterable[Overridable]) -> str | None:
    """
    Check what the user gave, because rclpy refuses it with a traceback, or ignores it.

    :param given: values of all parameters by full name.
    :returns: which of them have no effect, in one line; None if there are none.
    :raises ParameterError: a value is unacceptable.
    """
    prefixes = [entity.prefix for entity in entities]
    known = {prefix + policy: policy for prefix in prefixes for policy in ('depth', *_CHOICES)}
    ignored = []
    for name, value in given.items():
        if name in known:
            _check(name, known[name], value)
        elif name.startswith(_PREFIX):
            ignored.append(name)
    if not ignored:
        return None
    return (
        f'without effect: {", ".join(sorted(ignored))}; expected {" or ".join(prefixes)} (topics '
        f'as they are called after remapping), then {", ".join((*_CHOICES, "depth"))}'
    )


def _check(name: str, policy: str, value: object) -> None:
    if policy == 'depth':
        # A bool is an int, and true is no depth.
        if type(value) is int and 1 <= value <= _LARGEST_DEPTH:
            return
        expected = f'a whole number from 1 to {_LARGEST_DEPTH}'
    else:
        choices = _CHOICES[policy]
        if isinstance(value, str) and value in choices:
            return
        expected = f'one of {", ".join(map(repr, choices))}'
    raise ParameterError(f'parameter {name} = {value!r}: expected {expected}')
