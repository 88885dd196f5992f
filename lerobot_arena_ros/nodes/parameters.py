"""The bridge's parameters on the graph: declared, checked, and read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
import difflib
import math
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from .parameter_table import JOINT_SPECS, SPECS, ParameterError, Spec, Value

__all__ = ['declare', 'read_parameters']

_FOREIGN = (
    'use_sim_time',
    'qos_overrides.',
    'start_type_description_service',
    'diagnostic_updater.',
)
"""Parameters that rclpy itself declares or that other tools put into everybody's file."""


def declare(node: Node, specs: Iterable[Spec], prefix: str = '') -> dict[str, Any]:
    """
    Declare parameters on the node and give their checked values by name.

    :param prefix: stands before each name on the graph.
    :raises ParameterError: a value is unacceptable.
    """
    given: Mapping[str, Parameter] = node._parameter_overrides
    return {spec.name: _declare(node, spec, prefix + spec.name, given) for spec in specs}


def read_parameters(node: Node) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """
    Declare everything on the node and give the checked values.

    :returns: values by name, and for each of the ``joints`` its values by the name after
        ``joint_map.<joint>.``.
    :raises ParameterError: a value is unacceptable, or a name is unknown.
    """
    given: Mapping[str, Parameter] = node._parameter_overrides
    values = declare(node, SPECS)
    twice = [name for name, count in Counter(values['joints']).items() if count > 1]
    if twice:
        raise ParameterError(f'parameter joints: {twice[0]!r} stands twice, expected it once')
    joints = {
        joint: declare(node, JOINT_SPECS, f'joint_map.{joint}.') for joint in values['joints']
    }
    _refuse_unknown(given, joints)
    return values, joints


def _descriptor(spec: Spec) -> ParameterDescriptor:
    unit = f' [{spec.unit}]' if spec.unit else ''
    descriptor = ParameterDescriptor(
        name=spec.name,
        description=spec.description + unit,
        additional_constraints=spec.expected(),
        read_only=not spec.dynamic,
        # A number that may change has to take 2 for 2.0; the callback checks its type.
        dynamic_typing=spec.dynamic,
    )
    if math.isfinite(spec.lower) and math.isfinite(spec.upper):
        numbers = FloatingPointRange(from_value=spec.lower, to_value=spec.upper, step=0.0)
        descriptor.floating_point_range = [numbers]
    return descriptor


def _declare(node: Node, spec: Spec, name: str, given: Mapping[str, Parameter]) -> Value:
    """Check what the user gave before rclpy sees it, whose own refusal is a traceback."""
    value = spec.check(given[name].value, name=name) if name in given else spec.initial
    kind = Parameter.Type.DOUBLE if spec.is_number else Parameter.Type.STRING_ARRAY
    # A list that is empty and a number that is not set have a type but no value.
    initial: Any = kind if value is None or value == [] else value
    node.declare_parameter(name, initial, _descriptor(spec), ignore_override=True)
    return value


def _refuse_unknown(given: Mapping[str, Parameter], joints: Mapping[str, object]) -> None:
    """Refuse a name that nobody reads, for a typo must not vanish."""
    known = {spec.name for spec in SPECS}
    known |= {f'joint_map.{joint}.{spec.name}' for joint in joints for spec in JOINT_SPECS}
    for name in given:
        if name in known or name.startswith(_FOREIGN):
            continue
        joint = name.removeprefix('joint_map.').rpartition('.')[0]
        if name.startswith('joint_map.') and joint not in joints:
            raise ParameterError(
                f'parameter {name}: {joint!r} is not among the joints; expected one of '
                f'{", ".join(joints) or "none, the list is empty"}'
            )
        key = name.rpartition('.')[2] if name.startswith('joint_map.') else name
        keys = [spec.name for spec in (JOINT_SPECS if name.startswith('joint_map.') else SPECS)]
        near = difflib.get_close_matches(key, keys, n=1)
        hint = f'did you mean {near[0]}?' if near else f'expected one of {", ".join(keys)}'
        raise ParameterError(f'parameter {name}: no such parameter; {hint}')
