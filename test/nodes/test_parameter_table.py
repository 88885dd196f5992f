# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the parameter table: valid values, invalid values and error messages."""

from __future__ import annotations

import math

import pytest

from lerobot_arena_ros.nodes.settings.parameter_table import (
    JOINT_SPECS,
    REMOVED,
    SPECS,
    ParameterError,
    Spec,
    Value,
)
from lerobot_arena_ros.nodes.settings.parameter_validation import check_parameters

BY_NAME = {spec.name: spec for spec in SPECS}
BY_JOINT_NAME = {spec.name: spec for spec in JOINT_SPECS}
NUMBERS = [spec for spec in SPECS + JOINT_SPECS if spec.is_number]


def name_of(spec: Spec) -> str:
    """Return the name of a spec for a test id."""
    return spec.name


@pytest.mark.parametrize('specs', [SPECS, JOINT_SPECS], ids=['bridge', 'joint'])
def test_no_parameter_is_listed_twice(specs: tuple[Spec, ...]) -> None:
    """Each parameter name occurs once in its table."""
    names = [spec.name for spec in specs]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize('spec', SPECS + JOINT_SPECS, ids=name_of)
def test_every_parameter_is_described(spec: Spec) -> None:
    """Each description ends with a period, and each number has a unit."""
    assert spec.description.endswith('.')
    assert spec.unit or not spec.is_number


@pytest.mark.parametrize('spec', SPECS + JOINT_SPECS, ids=name_of)
def test_every_default_is_acceptable(spec: Spec) -> None:
    """Each default is a valid value and is not changed by the check."""
    assert spec.check(spec.initial) == spec.initial


def test_the_unit_has_no_default() -> None:
    """The default of units is not a unit, so that the bridge can request one."""
    assert BY_NAME['units'].initial not in BY_NAME['units'].choices


@pytest.mark.parametrize(
    ('name', 'initial', 'type_name'),
    [
        pytest.param('joints', [], 'string[]', id='list'),
        pytest.param('autostart', True, 'bool', id='bool'),
        pytest.param('estop_on_start', False, 'bool', id='false'),
        pytest.param('produce.max_rate_hz', 50.0, 'double', id='number'),
        pytest.param('produce.deadband', 0.0, 'double', id='zero is no bool'),
        pytest.param('units', '', 'string', id='string'),
    ],
)
def test_a_default_gives_type_and_value(name: str, initial: Value, type_name: str) -> None:
    """The initial value and the ROS type of a parameter follow from its default."""
    spec = BY_NAME[name]

    assert (spec.initial, spec.type_name) == (initial, type_name)


@pytest.mark.parametrize('name', ['min', 'max', 'max_velocity'])
def test_a_number_may_have_no_default(name: str) -> None:
    """A number without a default is None until it is set."""
    spec = BY_JOINT_NAME[name]

    assert spec.initial is None
    assert spec.type_name == 'double'
    assert spec.check(None) is None


@pytest.mark.parametrize(
    ('name', 'value', 'accepted'),
    [
        pytest.param('produce.max_rate_hz', 30, 30.0, id='int for a number'),
        pytest.param('produce.max_rate_hz', 0.1, 0.1, id='lower end'),
        pytest.param('produce.max_rate_hz', 5000.0, 5000.0, id='upper end'),
        pytest.param('units', 'degrees', 'degrees', id='choice'),
        pytest.param('server_url', 'ws://x', 'ws://x', id='any string'),
        pytest.param('joints', ['b', 'a'], ['b', 'a'], id='list'),
        pytest.param('joints', None, [], id='empty list from YAML'),
        pytest.param('autostart', False, False, id='bool'),
    ],
)
def test_good_values_are_accepted(name: str, value: object, accepted: Value) -> None:
    """A valid value is returned with the parameter's own type."""
    checked = BY_NAME[name].check(value)

    assert checked == accepted
    assert type(checked) is type(accepted)


@pytest.mark.parametrize(
    ('name', 'value', 'expected'),
    [
        pytest.param('produce.max_rate_hz', -0.1, 'a number from 0 to 5000', id='too small'),
        pytest.param('produce.max_rate_hz', 1e9, 'a number from 0 to 5000', id='too large'),
        pytest.param('produce.max_rate_hz', math.nan, 'a number from 0 to 5000', id='NaN'),
        pytest.param('produce.max_rate_hz', '50', 'a number from 0 to 5000', id='string'),
        pytest.param('produce.max_rate_hz', True, 'a number from 0 to 5000', id='bool'),
        pytest.param('produce.max_rate_hz', None, 'a number from 0 to 5000', id='nothing'),
        pytest.param('units', 'grad', "one of 'degrees', 'radians', 'normalized'", id='choice'),
        pytest.param('server_url', 8000, 'a string, in quotes', id='number for a string'),
        pytest.param('workspace_id', None, 'a string, in quotes', id='nothing for a string'),
        pytest.param('autostart', 1, 'true or false', id='int for a bool'),
        pytest.param('autostart', 'true', 'true or false', id='string for a bool'),
        pytest.param('joints', 'a', 'a list of strings', id='string for a list'),
        pytest.param('joints', ['a', 1], 'a list of strings', id='mixed list'),
    ],
)
def test_bad_values_are_refused_in_one_line(name: str, value: object, expected: str) -> None:
    """The error is one line with the parameter, the value and the expected values."""
    with pytest.raises(ParameterError) as caught:
        BY_NAME[name].check(value)

    text = str(caught.value)
    assert text.startswith(f'parameter {name} = {value!r}: expected {expected}')
    assert '\n' not in text


@pytest.mark.parametrize(('name', 'value', 'advice'), REMOVED, ids=str)
def test_what_was_removed_is_refused_in_one_line(
    name: str, value: str | None, advice: str
) -> None:
    """The error names the parameter and its value, and what to do instead."""
    given = value or 'auto'
    with pytest.raises(ParameterError) as caught:
        check_parameters({'consume.room_id': 'a', name: given})

    assert str(caught.value) == f'parameter {name} = {given!r} was removed: {advice}'


def test_an_error_contains_the_full_name_of_a_joints_parameter() -> None:
    """The error for a joint's parameter contains the full name with the joint."""
    with pytest.raises(ParameterError, match=r'^parameter joint_map\.pan\.min = inf: expected'):
        BY_JOINT_NAME['min'].check(math.inf, name='joint_map.pan.min')


@pytest.mark.parametrize(
    ('spec', 'expected'),
    [
        pytest.param(Spec('n', 0.0, '.'), 'a number', id='no bounds'),
        pytest.param(Spec('n', 0.0, '.', lower=2.0), 'a number of at least 2', id='lower'),
        pytest.param(Spec('n', 0.0, '.', '', 0.0, 1.0), 'a number from 0 to 1', id='both'),
    ],
)
def test_the_expected_values_include_the_bounds(spec: Spec, expected: str) -> None:
    """The expected values of a number include its bounds, if any."""
    assert spec.expected() == expected


@pytest.mark.parametrize('spec', NUMBERS, ids=name_of)
def test_no_number_may_be_infinite(spec: Spec) -> None:
    """Infinity and NaN are invalid for each number."""
    for value in (math.inf, -math.inf, math.nan):
        with pytest.raises(ParameterError):
            spec.check(value)


@pytest.mark.parametrize(
    'name', ['consume.max_velocity', 'consume.start_velocity', 'consume.ramp_rate_hz']
)
def test_limits_of_velocity_and_rate_are_positive(name: str) -> None:
    """Parameters that limit a motion reject zero and negative values."""
    for value in (0.0, -1.0):
        with pytest.raises(ParameterError):
            BY_NAME[name].check(value)


MOTION = (
    'consume.max_measured_velocity',
    'consume.limit_tolerance',
    'consume.max_acceleration',
    'consume.max_lead',
    'consume.lead_time_s',
    'consume.stall_s',
)


@pytest.mark.parametrize('value', [-0.1, math.nan, 'much'], ids=str)
@pytest.mark.parametrize(
    'spec',
    [BY_NAME[name] for name in MOTION]
    + [BY_JOINT_NAME[name] for name in ('max_acceleration', 'max_lead', 'stall_s')],
    ids=name_of,
)
def test_limits_of_motion_are_numbers_and_not_negative(spec: Spec, value: object) -> None:
    """Negative and non-numeric motion limits are errors that name the parameter and value."""
    with pytest.raises(ParameterError) as caught:
        spec.check(value)

    assert str(caught.value).startswith(f'parameter {spec.name} = {value!r}: expected a number')


@pytest.mark.parametrize('name', ['consume.on_hold', 'consume.on_stop', 'consume.require_limits'])
def test_an_error_lists_the_choices(name: str) -> None:
    """An unknown choice is an error that lists the choices."""
    with pytest.raises(ParameterError, match='expected one of'):
        BY_NAME[name].check('softly')
