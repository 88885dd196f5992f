"""The bridge's parameters on the graph: declared, checked, and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.node import Node
from rclpy.parameter import Parameter

from ..settings.parameter_table import JOINT_SPECS, SPECS, Spec, Value
from ..settings.parameter_validation import check_parameters

__all__ = ['declare', 'read_parameters']


def declare(node: Node, specs: Iterable[Spec], prefix: str = '') -> dict[str, Any]:
    """
    Declare parameters on the node and give their checked values by name.

    A number that is not set is not declared: ``ros2 param dump`` reads all values at once, and
    gets none of them where one parameter has no value.

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
    values, joints = check_parameters({name: given[name].value for name in given})
    declare(node, SPECS)
    for joint in joints:
        declare(node, JOINT_SPECS, f'joint_map.{joint}.')
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
    if value == []:
        _declare_empty(node, name, _descriptor(spec))
    elif value is not None:
        node.declare_parameter(name, value, _descriptor(spec), ignore_override=True)
    return value


def _declare_empty(node: Node, name: str, descriptor: ParameterDescriptor) -> None:
    """Declare a list without items, which rclpy would take for one of bytes."""
    kind = Parameter.Type.STRING_ARRAY
    node.declare_parameter(name, kind, ignore_override=True)
    node.set_parameters([Parameter(name, kind, [])])
    descriptor.type = kind.value
    node.set_descriptor(name, descriptor)  # Read-only from here on.
