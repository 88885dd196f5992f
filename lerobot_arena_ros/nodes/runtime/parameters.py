# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Declare the parameters on the node, check them, and read them."""

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
    Declare parameters on the node and return their checked values by name.

    A number that is not set is not declared, because ``ros2 param dump`` reads all values at once
    and gets none of them if one parameter has no value.

    :param prefix: prefix of each name on the node.
    :raises ParameterError: a value is invalid.
    """
    given: Mapping[str, Parameter] = node._parameter_overrides
    return {spec.name: _declare(node, spec, prefix + spec.name, given) for spec in specs}


def read_parameters(node: Node) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """
    Declare all parameters of the bridge on the node and return the checked values.

    :returns: values by name, and for each of the ``joints``, its values by the name after
        ``joint_map.<joint>.``.
    :raises ParameterError: a value is invalid, or a name is unknown.
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
        # A dynamic number has to accept 2 for 2.0. The callback checks its type.
        dynamic_typing=spec.dynamic,
    )
    if math.isfinite(spec.lower) and math.isfinite(spec.upper):
        numbers = FloatingPointRange(from_value=spec.lower, to_value=spec.upper, step=0.0)
        descriptor.floating_point_range = [numbers]
    return descriptor


def _declare(node: Node, spec: Spec, name: str, given: Mapping[str, Parameter]) -> Value:
    """Check the user's value before rclpy does, because rclpy would print a traceback."""
    value = spec.check(given[name].value, name=name) if name in given else spec.initial
    if value == []:
        _declare_empty(node, name, _descriptor(spec))
    elif value is not None:
        node.declare_parameter(name, value, _descriptor(spec), ignore_override=True)
    return value


def _declare_empty(node: Node, name: str, descriptor: ParameterDescriptor) -> None:
    """Declare an empty list, which rclpy would take for a list of bytes."""
    kind = Parameter.Type.STRING_ARRAY
    node.declare_parameter(name, kind, ignore_override=True)
    node.set_parameters([Parameter(name, kind, [])])
    descriptor.type = kind.value
    node.set_descriptor(name, descriptor)  # From here on, the parameter is read-only.
