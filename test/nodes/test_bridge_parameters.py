# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Which parameters the bridge accepts, and how it refuses the others."""

from __future__ import annotations

import asyncio
import itertools
import math
from pathlib import Path
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lifecycle_msgs.msg import Transition
from rcl_interfaces.srv import DescribeParameters
from support.domain import own_domain
from support.processes import running
from support.robot import NAMESPACE, robot
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsProducer

ROOM = ['-p', 'produce.room_id:=a', '-p', 'units:=degrees']

MISTAKES = {
    'no room': ([], 'no room is named: set produce.room_id (launch: produce_room:=ID)'),
    'no unit': (
        ['-p', 'produce.room_id:=a'],
        "expected one of 'degrees', 'radians', 'normalized'",
    ),
    'wrong unit': ([*ROOM, '-p', 'units:=deg'], "parameter units = 'deg': expected one of"),
    'one room': ([*ROOM, '-p', 'consume.room_id:=a'], "both 'a': expected two rooms"),
    'own commands for feedback': (
        [*ROOM, '-p', 'consume.room_id:=b', '-r', 'joint_commands:=joint_states'],
        'joint_states and joint_commands are both /joint_states: expected two topics',
    ),
    'one topic for two purposes': (
        [*ROOM, '-r', 'robot_description:=emergency_stop'],
        'robot_description and emergency_stop are both /emergency_stop: expected two topics',
    ),
    'depth that is no number': (
        [*ROOM, '-p', 'qos_overrides./joint_states.subscription.depth:=x'],
        "qos_overrides./joint_states.subscription.depth = 'x': expected a whole number from 1",
    ),
    'depth below 1': (
        [*ROOM, '-p', 'qos_overrides./joint_states.subscription.depth:=-1'],
        'qos_overrides./joint_states.subscription.depth = -1: expected a whole number from 1',
    ),
    'unknown reliability': (
        [*ROOM, '-p', 'qos_overrides./joint_commands.publisher.reliability:=perhaps'],
        "publisher.reliability = 'perhaps': expected one of 'reliable', 'best_effort'",
    ),
    'parameter of rclpy with a wrong type': (
        [*ROOM, '-p', 'use_sim_time:=maybe'],
        "'use_sim_time' to 'maybe' of type 'STRING', expecting type 'BOOL'",
    ),
    'camera that is no name': (
        [*ROOM, '-p', 'consume.room_id:=b', '-p', 'consume.require_cameras:=[left wrist]'],
        "parameter consume.require_cameras: 'left wrist': expected letters, digits and",
    ),
    'unknown ROS argument': (['--foo'], 'the ROS arguments cannot be used'),
    'controller without names': (
        [*ROOM, '-p', 'consume.room_id:=b', '-p', 'consume.command_interface:=forward_command'],
        "consume.command_interface = 'forward_command' and joints = []: expected joints in the",
    ),
    'clutch without measurements': (
        ['-p', 'units:=radians', '-p', 'consume.room_id:=b', '-p', 'consume.on_handover:=hold']
        + ['-p', 'consume.require_feedback:=never'],
        "consume.on_handover = 'hold' and consume.require_feedback = 'never': expected 'always'",
    ),
    'limits and none': (
        [*ROOM, '-p', 'joints:=[a]', '-p', 'joint_map.a.min:=-1', '-p', 'joint_map.a.max:=1']
        + ['-p', 'joint_map.a.unlimited:=true'],
        'joint_map.a.unlimited = True and .min = -1.0: expected either limits or none',
    ),
    'bad url': ([*ROOM, '-p', 'server_url:=ftp://x'], "'ftp://x': expected http(s)://host"),
    'bad port': ([*ROOM, '-p', 'server_url:=http://x:99999'], "'http://x:99999': expected"),
    'typo': (['-p', 'prodcue.room_id:=a'], 'prodcue.room_id: no such parameter; did you mean'),
    'number for a string': (
        ['-p', 'produce.room_id:=7'],
        'produce.room_id = 7: expected a string',
    ),
    'string for a number': (
        [*ROOM, '-p', 'produce.max_rate_hz:=fast'],
        "produce.max_rate_hz = 'fast': expected a number from 0 to 5000",
    ),
    'out of range': (
        [*ROOM, '-p', 'produce.max_rate_hz:=-3'],
        '= -3: expected a number from 0 to 5000',
    ),
    'not a number': ([*ROOM, '-p', 'produce.deadband:=.nan'], 'produce.deadband = nan: expected'),
    'negative acceleration': (
        [*ROOM, '-p', 'consume.max_acceleration:=-1.0'],
        'parameter consume.max_acceleration = -1.0: expected a number from 0 to 10000',
    ),
    'lead that is no number': (
        [*ROOM, '-p', 'joints:=[a]', '-p', 'joint_map.a.max_lead:=far'],
        "parameter joint_map.a.max_lead = 'far': expected a number from 0 to 10",
    ),
    'unknown choice': (
        [*ROOM, '-p', 'consume.on_state_sync:=obey'],
        "consume.on_state_sync = 'obey': expected one of 'align', 'ignore'",
    ),
    'removed parameter': (
        [*ROOM, '-p', 'executor:=single'],
        "parameter executor = 'single' was removed: delete it, because the bridge chooses the",
    ),
    'removed choice of feedback': (
        [*ROOM, '-p', 'consume.require_feedback:=auto'],
        "parameter consume.require_feedback = 'auto' was removed: expected always, or never",
    ),
    'removed choice of state_sync': (
        [*ROOM, '-p', 'consume.on_state_sync:=command'],
        "parameter consume.on_state_sync = 'command' was removed: expected align or ignore",
    ),
    'short patience': (
        [*ROOM, '-p', 'link.heartbeat_period_s:=2.0'],
        'link.timeout_s = 1.5: expected at least twice link.heartbeat_period_s = 2',
    ),
    'unknown joint': (
        [*ROOM, '-p', 'joints:=[a]', '-p', 'joint_map.b.min:=1.0'],
        "parameter joint_map.b.min: 'b' is not among the joints; expected one of a",
    ),
    'unknown key of a joint': (
        [*ROOM, '-p', 'joints:=[a]', '-p', 'joint_map.a.invrt:=true'],
        'joint_map.a.invrt: no such parameter; did you mean invert?',
    ),
    'empty range': (
        [*ROOM, '-p', 'joints:=[a]', '-p', 'joint_map.a.min:=1', '-p', 'joint_map.a.max:=1'],
        'joint_map.a.min = 1.0 and .max = 1.0: expected both or none, and min < max',
    ),
    'one joint twice': ([*ROOM, '-p', 'joints:=[a, a]'], 'parameter joints'),
    'no such file': (['--params-file', 'nowhere.yaml'], 'Error opening YAML file'),
}


@pytest.mark.parametrize('name', ['/arena_bridge', '/left/arena_producer', 'arena_bridge'])
def test_a_file_for_another_node_ends_the_bridge_with_one_line(name: str, tmp_path: Path) -> None:
    """A parameter file for another node is an error, because its limits would have no effect."""
    file = tmp_path / 'arm.yaml'
    file.write_text(f'{name}: {{ros__parameters: {{consume: {{max_velocity: 0.1}}}}}}')
    arguments = ['--ros-args', '-r', '__ns:=/left', *ROOM, '--params-file', str(file)]
    with own_domain(), running('nodes.bridge.main', arguments) as bridge:
        assert bridge.wait() == 2, bridge.output
        (line,) = bridge.output.splitlines()

    assert 'arm.yaml: has no parameters for /left/arena_bridge, only for /' in line
    assert 'expected `/**:` or `/left/arena_bridge:`' in line


@pytest.mark.parametrize(('arguments', 'expected'), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_ends_the_bridge_with_one_line(arguments: list[str], expected: str) -> None:
    """The exit code is 2, and one line names the parameter and what was expected."""
    with own_domain(), running('nodes.bridge.main', ['--ros-args', *arguments]) as bridge:
        code = bridge.wait()

        ours = [line for line in bridge.output.splitlines() if line.startswith('arena_bridge:')]
        assert code == 2, bridge.output
        assert len(ours) == 1, bridge.output
        assert expected in ours[0]
        assert 'Traceback' not in bridge.output


def test_qos_under_the_name_before_remapping_is_warned_of() -> None:
    """A QoS override under the original topic name has no effect, and is logged."""
    old = 'qos_overrides./robot/joint_states.subscription.depth'
    remapping = ('-r', 'joint_states:=/robot/measured')
    with robot({'produce.room_id': 'a', old: 3}, *remapping) as bridged:
        (line,) = bridged.wait_for_log(old)

    assert '[WARN]' in line
    assert f'without effect: {old}; expected ' in line
    assert 'qos_overrides./robot/measured.subscription. or ' in line


def test_a_producer_alone_wants_its_room() -> None:
    """arena_producer ignores the consumer's room."""
    arguments = ['--ros-args', '-p', 'consume.room_id:=a', '-p', 'units:=degrees']
    with own_domain(), running('nodes.bridge.main:main_producer', arguments) as bridge:
        assert bridge.wait() == 2, bridge.output
        assert 'no room is named' in bridge.output


def test_integers_and_an_empty_list_are_taken(tmp_path: Path) -> None:
    """A YAML file may have 20 for 20.0, and an empty list of joints."""
    file = tmp_path / 'params.yaml'
    file.write_text(
        '/**: {ros__parameters: {produce: {room_id: a, max_rate_hz: 20}, joints: []}}',
        encoding='utf-8',
    )
    with robot({}, '--params-file', str(file)) as bridged:
        bridged.wait_for_status('produce link', 'joined')


def test_dynamic_parameters_change_and_the_others_do_not() -> None:
    """Dynamic parameters are checked as at the start; others are refused with a reason."""
    with robot({'produce.room_id': 'a'}) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        assert bridged.set_parameter('produce.max_rate_hz', 20.0) == (True, '')
        assert bridged.set_parameter('produce.max_rate_hz', 20) == (True, '')
        done, why = bridged.set_parameter('produce.max_rate_hz', -1.0)
        assert not done
        assert 'expected a number from 0 to 5000' in why or 'out of range' in why
        done, why = bridged.set_parameter('link.timeout_s', 3.0)
        assert not done
        assert 'read-only' in why


@pytest.mark.parametrize('value', [-1.0, math.nan, math.inf, 0, 'fast'])
def test_a_dynamic_parameter_refuses_nonsense_with_a_reason(value: float | str) -> None:
    """The old value stays in force."""
    with robot({'consume.room_id': 'a', 'joints': ['j1']}) as bridged:
        bridged.wait_for_status('consume link', 'joined')

        done, why = bridged.set_parameter('consume.max_velocity', value)

        assert not done
        assert 'consume.max_velocity' in why
        assert 'expected a number from 0.001 to 100' in why or 'out of range' in why


def test_a_rate_that_changes_counts_from_the_next_message_on() -> None:
    """A new ``produce.max_rate_hz`` limits the updates of a running robot at once."""
    slow_hz, count = 5.0, 10
    with robot({'produce.room_id': 'a', 'joints': ['j1']}) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        values = itertools.count()

        def stream_until(enough: int) -> None:
            def is_enough() -> bool:
                bridged.probe.publish_joints(NAMESPACE, ['j1'], [next(values) * 1e-3])
                return bridged.count('producing', 'sent') >= enough

            wait_for(is_enough, f'{enough} updates')

        stream_until(20)
        assert bridged.set_parameter('produce.max_rate_hz', slow_hz) == (True, '')
        bridged.wait_for_status('producing', 'sending')
        begun_at = time.monotonic()
        stream_until(bridged.count('producing', 'sent') + count)

        # Diagnostics come once a second, and two updates may have been in transit.
        assert time.monotonic() - begun_at >= (count - 2) / slow_hz - 1.0


def test_what_is_set_before_configuring_counts() -> None:
    """A dynamic parameter that was changed while unconfigured is in force afterwards."""
    parameters = {'consume.room_id': 'a', 'joints': ['j1'], 'autostart': False}
    with robot(parameters) as bridged:
        assert bridged.set_parameter('consume.max_velocity', 0.5) == (True, '')
        assert bridged.change_state(Transition.TRANSITION_CONFIGURE)
        assert bridged.change_state(Transition.TRANSITION_ACTIVATE)
        bridged.wait_for_status('consume link', 'joined')

        async def act(producer: RoboticsProducer) -> None:
            degrees = itertools.cycle((-50.0, 50.0))
            loop = asyncio.get_running_loop()

            def moves() -> bool:
                joints = [{'name': 'j1', 'value': next(degrees)}]
                asyncio.run_coroutine_threadsafe(producer.send_joint_update(joints), loop).result()
                return len(bridged.commands) > 50

            await loop.run_in_executor(None, wait_for, moves, 'commands')

        bridged.lead('a', act)

        positions = [command.position[0] for command in bridged.commands]
        widest = max(abs(b - a) for a, b in zip(positions, positions[1:], strict=False))
        assert 0.0 < widest <= 0.5 * 0.01 + 1e-9


def test_parameters_describe_themselves() -> None:
    """``ros2 param describe`` shows meaning, unit, range and choices."""
    with robot({'produce.room_id': 'a'}) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        request = DescribeParameters.Request(names=['produce.max_rate_hz', 'link.on_loss'])
        rate, loss = bridged.probe.ask(
            NAMESPACE, 'describe_parameters', DescribeParameters, request
        ).descriptors

        assert rate.description.endswith('[Hz]')
        assert not rate.read_only
        assert (
            rate.floating_point_range[0].from_value,
            rate.floating_point_range[0].to_value,
        ) == (
            0.0,
            5000.0,
        )
        assert loss.read_only
        assert loss.additional_constraints == "one of 'hold', 'emergency_stop'"


def test_a_limit_that_is_switched_off_is_warned_of_once() -> None:
    """An acceleration of 0 means no limit, for all joints or for one, and is logged once."""
    parameters = {
        'consume.room_id': 'a',
        'joints': ['j1'],
        'consume.max_acceleration': 0.0,
        'joint_map.j1.max_lead': 0.0,
    }
    with robot(parameters) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        assert bridged.change_state(4)
        assert bridged.change_state(2)
        assert bridged.change_state(1)

        for name in ('consume.max_acceleration', 'joint_map.j1.max_lead'):
            (line,) = bridged.wait_for_log(f'{name} is 0')
            assert '[WARN]' in line
