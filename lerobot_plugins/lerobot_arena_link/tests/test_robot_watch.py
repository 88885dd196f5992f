# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What robots report, compared with the configuration."""

from __future__ import annotations

import logging

from lerobot_arena_link.robot_watch import RobotWatch
import pytest

from lerobot_arena_ros.arena.robot_state import Refusal, RobotJoint, RobotState, StopCause


def state(
    unit: str = 'degrees', gate: str = 'active', cause: str = 'live', stop: str | None = None
) -> RobotState:
    """Return the state of a robot with the joint elbow."""
    return RobotState(
        'arm',
        'here',
        gate,
        cause,
        stop=None if stop is None else StopCause(stop, 'a person'),
        joints=(RobotJoint('elbow', unit),),
        refused=(Refusal('elbow', 999.0, 'too far'),) if cause == 'refusing' else (),
    )


def test_a_robot_and_its_joints_can_be_missing() -> None:
    """Without a robot, or without one of the joints, there is a reason."""
    watch = RobotWatch({'elbow': 'degrees', 'wrist': 'degrees'})
    assert watch.missing() == 'no robot in the room reports its state'

    watch.on_state('arm1', state())
    assert watch.missing() == "no robot in the room has the joints ['wrist']; there are ['elbow']"

    watch = RobotWatch({'elbow': 'degrees'})
    watch.on_state('arm1', state())
    assert watch.missing() is None
    watch.on_state('arm1', None)
    assert watch.missing() is not None


def test_another_unit_is_named() -> None:
    """A joint of any robot in another unit is named with both units."""
    watch = RobotWatch({'elbow': 'degrees'})
    watch.on_state('arm1', state())
    assert watch.wrong_unit() is None

    watch.on_state('arm2', state('normalized'))
    assert str(watch.wrong_unit()).startswith(
        'robot arm2 has elbow in normalized, expected degrees: correct'
    )


def test_a_stopped_robot_is_named_until_it_is_reset() -> None:
    """While a robot reports a stop, its reason and source are known."""
    watch = RobotWatch({'elbow': 'degrees'})
    watch.on_state('arm1', state(stop='smoke'))
    assert watch.stopped() == 'robot arm1 by a person: smoke'

    watch.on_state('arm1', state())
    assert watch.stopped() is None


def test_changes_and_refusals_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log has each new state of the gate, each new refusal, and the end."""
    watch = RobotWatch({'elbow': 'degrees'})
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            watch.on_state('arm1', state(gate='holding', cause='no producer'))
        for _ in range(3):
            watch.on_state('arm1', state(cause='refusing'))
        watch.on_state('arm1', None)

    lines = [(record.levelno, record.getMessage()) for record in caplog.records]
    assert lines == [
        (logging.WARNING, 'robot arm1: holding: no producer'),
        (logging.INFO, 'robot arm1: active: refusing'),
        (logging.WARNING, 'robot arm1 refused elbow = 999: too far'),
        (logging.WARNING, 'robot arm1 has left the room'),
    ]
