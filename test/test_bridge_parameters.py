"""What a user may and may not say to the bridge."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import DescribeParameters, SetParameters
from support.domain import own_domain
from support.processes import running
from support.robot import NAMESPACE, Robot, robot

ROOM = ['-p', 'produce.room_id:=a', '-p', 'units:=degrees']

MISTAKES = {
    'no room': ([], 'no room is named: set produce.room_id (launch: produce_room:=ID)'),
    'no unit': (
        ['-p', 'produce.room_id:=a'],
        "expected one of 'degrees', 'radians', 'normalized'",
    ),
    'wrong unit': ([*ROOM, '-p', 'units:=deg'], "parameter units = 'deg': expected one of"),
    'one room': ([*ROOM, '-p', 'consume.room_id:=a'], "both 'a': expected two rooms"),
    'bad url': ([*ROOM, '-p', 'server_url:=ftp://x'], "'ftp://x': expected http(s)://host"),
    'bad port': ([*ROOM, '-p', 'server_url:=http://x:99999'], "'http://x:99999': expected"),
    'typo': (['-p', 'prodcue.room_id:=a'], 'prodcue.room_id: no such parameter; did you mean'),
    'number for a string': (
        ['-p', 'produce.room_id:=7'],
        'produce.room_id = 7: expected a string',
    ),
    'string for a number': (
        [*ROOM, '-p', 'produce.max_rate_hz:=fast'],
        "produce.max_rate_hz = 'fast': expected a number from 0.1 to 1000",
    ),
    'out of range': ([*ROOM, '-p', 'produce.max_rate_hz:=-3'], '= -3: expected a number from 0.1'),
    'not a number': ([*ROOM, '-p', 'produce.deadband:=.nan'], 'produce.deadband = nan: expected'),
    'unknown choice': (
        [*ROOM, '-p', 'consume.on_state_sync:=obey'],
        "consume.on_state_sync = 'obey': expected one of 'align', 'ignore', 'command'",
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


@pytest.mark.parametrize(('arguments', 'said'), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_ends_the_bridge_with_one_line(arguments: list[str], said: str) -> None:
    """It exits with 2 and one line that names the thing and what was expected."""
    with own_domain(), running('nodes.bridge', ['--ros-args', *arguments]) as bridge:
        code = bridge.wait()

        ours = [line for line in bridge.output.splitlines() if line.startswith('arena_bridge:')]
        assert code == 2, bridge.output
        assert len(ours) == 1, bridge.output
        assert said in ours[0]
        assert 'Traceback' not in bridge.output


def test_a_producer_alone_wants_its_room() -> None:
    """arena_producer does not look at the consume side's room."""
    arguments = ['--ros-args', '-p', 'consume.room_id:=a', '-p', 'units:=degrees']
    with own_domain(), running('nodes.bridge:main_producer', arguments) as bridge:
        assert bridge.wait() == 2, bridge.output
        assert 'no room is named' in bridge.output


def test_integers_and_an_empty_list_are_taken(tmp_path: Path) -> None:
    """A YAML file may say 20 for 20.0, and that no joints are listed."""
    file = tmp_path / 'params.yaml'
    file.write_text(
        '/**: {ros__parameters: {produce: {room_id: a, max_rate_hz: 20}, joints: []}}',
        encoding='utf-8',
    )
    with robot({}, '--params-file', str(file)) as bridged:
        bridged.wait_for_status('produce link', 'joined')


def set_parameter(bridged: Robot, name: str, value: ParameterValue) -> tuple[bool, str]:
    """Set a parameter as ``ros2 param set`` does."""
    request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
    (result,) = bridged.probe.ask(NAMESPACE, 'set_parameters', SetParameters, request).results
    return bool(result.successful), str(result.reason)


def number(value: float) -> ParameterValue:
    """Make a number for a parameter; an int stays one."""
    if isinstance(value, int):
        return ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=value)
    return ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)


def test_dynamic_parameters_change_and_the_others_do_not() -> None:
    """What may change is checked as at the start; the rest is refused with a reason."""
    with robot({'produce.room_id': 'a'}) as bridged:
        bridged.wait_for_status('produce link', 'joined')
        assert set_parameter(bridged, 'produce.max_rate_hz', number(20.0)) == (True, '')
        assert set_parameter(bridged, 'produce.max_rate_hz', number(20)) == (True, '')
        done, why = set_parameter(bridged, 'produce.max_rate_hz', number(-1.0))
        assert not done
        assert 'expected a number from 0.1 to 1000' in why or 'out of range' in why
        done, why = set_parameter(bridged, 'link.timeout_s', number(3.0))
        assert not done
        assert 'read-only' in why


def test_parameters_describe_themselves() -> None:
    """``ros2 param describe`` tells meaning, unit, range and choices."""
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
            0.1,
            1000.0,
        )
        assert loss.read_only
        assert loss.additional_constraints == "one of 'hold', 'emergency_stop'"
