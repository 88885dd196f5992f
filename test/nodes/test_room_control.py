# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a link knows and logs of the control of its room."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lerobot_arena_ros.arena.control_messages import (
    ControlAction,
    ControlAnswer,
    ControlChange,
    ControlPolicy,
    ControlState,
)
from lerobot_arena_ros.nodes.bridge.room_control import RoomControl
from lerobot_arena_ros.nodes.runtime.node_log import NodeLog

TAKE, FIRST = ControlPolicy.TAKE, ControlPolicy.FIRST


class Log(NodeLog):
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, text: str) -> None:
        """Keep a line."""
        self.lines.append(f'INFO {text}')

    def warning(self, text: str, *, throttle: str | None = None) -> None:
        """Keep a line."""
        self.lines.append(f'WARN {text}')


@pytest.fixture
def log() -> Log:
    """Return a new log."""
    return Log()


@pytest.fixture
def control(log: Log) -> RoomControl:
    """Return the control of a joined room, in which this bridge is called ``us``."""
    made = RoomControl('produce', log)
    made.on_joined('us')
    return made


def state(
    holder: str | None,
    number: int = 1,
    *,
    policy: ControlPolicy = TAKE,
    requests: tuple[str, ...] = (),
    change: ControlChange | None = ControlChange.TAKEN,
    drivers: tuple[str, ...] = (),
) -> ControlState:
    """Return a state that the server reports."""
    by = None if change is None else 'person'
    return ControlState(holder, policy, drivers, requests, number, change, by)


def test_each_change_is_one_line(control: RoomControl, log: Log) -> None:
    """A state with the same number is no change."""
    control.on_state(state('person'))
    control.on_state(state('person', requests=('policy',)))
    control.on_state(state(None, 2, change=ControlChange.RELEASED))

    assert log.lines == [
        'INFO produce: control: person has control (taken by person)',
        'INFO produce: control: nobody has control (released by person)',
    ]


def test_a_room_that_nobody_controlled_is_no_line(control: RoomControl, log: Log) -> None:
    """Nor is a producer that got control by its join, because that has a line."""
    control.on_state(state(None, 0, change=None))
    control.on_state(state('us', 1, change=ControlChange.JOINED))

    assert not log.lines


def test_who_asks_this_bridge_is_logged_once(control: RoomControl, log: Log) -> None:
    """A person at the leader decides."""
    control.on_state(state('us', requests=('policy',)))
    control.on_state(state('us', requests=('policy', 'person')))

    asked = [line.split(' asks')[0] for line in log.lines if 'asks' in line]
    assert asked == ['INFO produce: control: policy', 'INFO produce: control: person']


@pytest.mark.parametrize(
    ('holder', 'policy', 'refusal', 'obstacle'),
    [
        ('us', FIRST, None, None),
        (None, FIRST, None, 'nobody has control of the room; call ~/take_control'),
        ('other', TAKE, None, 'other has control of the room; call ~/take_control'),
        ('other', FIRST, 'other has control', 'it has to release control first'),
    ],
)
def test_what_prevents_this_bridge_from_driving(
    control: RoomControl,
    holder: str | None,
    policy: ControlPolicy,
    refusal: str | None,
    obstacle: str | None,
) -> None:
    """Whether it can take control depends on the holder and the policy."""
    control.on_state(state(holder, policy=policy))

    assert (control.untakable() or '').startswith(refusal or '')
    assert (control.untakable() is None) is (refusal is None)
    assert obstacle is control.obstacle or str(obstacle) in str(control.obstacle)


def test_it_is_reported_when_this_bridge_gets_control(control: RoomControl) -> None:
    """Once, and also if it had control before."""
    assert not control.on_state(state('person'))
    assert control.on_state(state('us', 2))
    assert not control.on_state(state('us', 2, requests=('person',)))
    assert control.on_state(state('us', 4))


def test_who_asks_gets_control_before_who_had_it(control: RoomControl) -> None:
    """Only if it is still in the room; after another join nobody is known."""
    drivers = ('policy', 'us', 'person')
    control.on_state(state('policy', drivers=drivers))
    ours = state('us', 2, drivers=drivers)
    control.on_state(ours)

    assert control.recipient(ours) == 'policy'
    assert control.recipient(replace(ours, requests=('person',))) == 'person'
    assert control.recipient(replace(ours, drivers=('us', 'person'))) is None

    control.on_lost()
    control.on_joined('us')
    control.on_state(ours)
    assert control.recipient(ours) is None


def test_without_a_room_or_its_control_nothing_can_be_requested(log: Log) -> None:
    """The refusal says which of them is missing."""
    control = RoomControl('consume', log)
    assert control.unavailable() == 'the consume room is not joined'

    control.on_joined('us')
    assert 'has no control' in str(control.untakable())
    assert set(control.values().values()) == {'unknown'}

    control.on_state(state(None))
    assert control.unavailable() is None
    control.on_lost()
    assert control.unavailable() == 'the consume room is not joined'


def test_the_answer_to_a_request_is_logged_once(control: RoomControl, log: Log) -> None:
    """Answers that this bridge did not ask for are ignored."""
    done = control.request(ControlAction.TAKE)
    refused = control.request(ControlAction.RELEASE)
    assert done != refused

    control.on_answer(ControlAnswer())
    control.on_answer(ControlAnswer(refused, 'no'))
    control.on_answer(ControlAnswer(done))
    control.on_answer(ControlAnswer(done))

    assert log.lines == [
        'WARN produce: release_control was refused: no',
        'INFO produce: take_control: done',
    ]


def test_a_request_for_control_that_is_lost_is_logged(control: RoomControl, log: Log) -> None:
    """It is not sent again; one to release control needs no answer."""
    control.request(ControlAction.RELEASE)
    control.on_lost()
    assert not log.lines

    control.request(ControlAction.TAKE)
    control.on_lost()
    control.on_lost()
    (line,) = log.lines
    assert line.startswith('WARN produce: take_control: the link was lost')
