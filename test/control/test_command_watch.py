# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Whether the robot is commanded, and the text if it is not."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.control.causes import INACTIVE, LIVE, NO_PRODUCER, NO_UPDATE
from lerobot_arena_ros.control.command_watch import commanding, present_cause
from lerobot_arena_ros.control.condition import Condition, Level, Severity
from lerobot_arena_ros.control.gate_output import State

TOPIC = '/arm/joint_commands'


def watched(
    state: State, cause: str = LIVE, *, has_subscriber: bool = True, age_s: float | None = 0.1
) -> Condition:
    """Return the condition of the commands."""
    return commanding(state, cause, has_subscriber=has_subscriber, topic=TOPIC, age_s=age_s)


def test_commanding_is_well_for_a_second_after_each_command() -> None:
    """The condition is OK for one second after each command, and stale after that."""
    assert watched(State.ACTIVE, age_s=1.0) == (Level.OK, 'commanding', Severity.NONE)

    found = watched(State.ACTIVE, age_s=38.0)
    assert found.level is Level.STALE
    assert found.text == 'no command for 38.0 s, because the room sends nothing new'


def test_a_robot_that_does_not_listen_is_named_though_the_gate_is_active() -> None:
    """Commands without a subscriber are a fault although the gate is active."""
    found = watched(State.ACTIVE, has_subscriber=False)

    cause = present_cause(State.ACTIVE, LIVE, has_subscriber=False, topic=TOPIC)
    assert cause.startswith(f'nothing subscribes to {TOPIC}: start the controller')
    assert found.text.startswith(f'commands do not flow: {cause}')
    assert (found.level, found.severity) == (Level.WARN, Severity.WARN)


@pytest.mark.parametrize(
    ('cause', 'severity'),
    [
        ('no fresh joint_states of j1', Severity.WARN),
        (INACTIVE, Severity.INFO),
        (NO_PRODUCER, Severity.INFO),
        (NO_UPDATE, Severity.INFO),
    ],
)
def test_the_text_has_the_cause_and_the_age_of_the_last_command(
    cause: str, severity: Severity
) -> None:
    """
    The text has the cause and the age of the last command.

    The log has a warning only if something is wrong.
    """
    assert watched(State.WAITING, cause, age_s=38.0) == (
        Level.WARN,
        f'commands do not flow: {cause} (last command 38.0 s ago)',
        severity,
    )
    assert watched(State.WAITING, cause, age_s=None) == (
        Level.STALE,
        f'commands do not flow: {cause}',
        severity,
    )


def test_a_stop_is_left_to_the_emergency_stop_to_log() -> None:
    """A stop is not logged as a condition, because the emergency stop logs it at once."""
    assert watched(State.STOPPED, 'button').severity is Severity.NONE
