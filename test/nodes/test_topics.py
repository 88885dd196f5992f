# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the checks of remapped topics and QoS overrides."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.nodes.settings.parameter_table import ParameterError
from lerobot_arena_ros.nodes.settings.topics import Overridable, check_distinct, check_overrides

STATES = Overridable('/left/measured', 'subscription')
COMMANDS = Overridable('/left/joint_commands', 'publisher')
ENTITIES = (STATES, COMMANDS)


@pytest.mark.parametrize(
    ('policy', 'value'),
    [
        ('depth', 1),
        ('depth', 2**31 - 1),
        ('history', 'keep_all'),
        ('reliability', 'best_effort'),
        ('reliability', 'system_default'),
    ],
)
def test_valid_overrides_are_accepted(policy: str, value: object) -> None:
    """All QoS policies that rclpy accepts may be overridden for both topics."""
    given = {entity.prefix + policy: value for entity in ENTITIES}

    assert check_overrides({'units': 'degrees', **given}, ENTITIES) is None


@pytest.mark.parametrize(
    ('policy', 'value', 'expected'),
    [
        pytest.param('depth', 0, 'a whole number from 1 to', id='nothing kept'),
        pytest.param('depth', 2**31, 'a whole number from 1 to', id='too large for DDS'),
        pytest.param('depth', 1.0, 'a whole number from 1 to', id='double'),
        pytest.param('depth', True, 'a whole number from 1 to', id='bool'),
        pytest.param('depth', None, 'a whole number from 1 to', id='nothing'),
        pytest.param('history', 'all', "one of 'keep_last', 'keep_all'", id='other word'),
        pytest.param('reliability', 1, "one of 'reliable', 'best_effort'", id='number'),
    ],
)
def test_invalid_overrides_are_refused_in_one_line(
    policy: str, value: object, expected: str
) -> None:
    """An invalid QoS override is an error that names the parameter, its value and valid values."""
    name = STATES.prefix + policy
    with pytest.raises(ParameterError) as caught:
        check_overrides({name: value}, ENTITIES)

    assert str(caught.value).startswith(f'parameter {name} = {value!r}: expected {expected}')


@pytest.mark.parametrize(
    'name',
    [
        'qos_overrides./left/joint_states.subscription.depth',
        'qos_overrides./left/measured.publisher.depth',
        'qos_overrides./left/measured.subscription.dept',
        'qos_overrides.measured.subscription.depth',
    ],
)
def test_overrides_without_effect_are_listed(name: str) -> None:
    """An override without effect causes a warning that names the topics of the node."""
    text = check_overrides({name: 3, STATES.prefix + 'depth': 3}, ENTITIES)

    assert text is not None
    assert text.startswith(f'without effect: {name}; expected ')
    assert f'{STATES.prefix} or {COMMANDS.prefix}' in text


def test_two_topics_must_differ() -> None:
    """Two topics with the same name after remapping are an error that names both."""
    check_distinct({'joint_states': '/a', 'joint_commands': '/b'})
    with pytest.raises(ParameterError, match='^joint_states and joint_commands are both /a: '):
        check_distinct({'joint_states': '/a', 'joint_commands': '/a'})
