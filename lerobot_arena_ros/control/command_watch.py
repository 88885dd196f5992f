# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Reports whether the robot is commanded, and if not, why. Pure."""

from __future__ import annotations

from .causes import NORMAL_CAUSES, no_subscriber
from .condition import Condition, Level, Severity, ago, fine
from .gate_output import State

__all__ = ['COMMAND_FRESH_S', 'commanding', 'present_cause']

COMMAND_FRESH_S = 1.0
"""An older command does not count as recent."""


def present_cause(state: State, cause: str, *, has_subscriber: bool, topic: str) -> str:
    """
    Return why the robot moves or does not move.

    :param cause: the cause of the gate.
    :param has_subscriber: whether the commands have a subscriber.
    :param topic: the topic of the commands.
    """
    return no_subscriber(topic) if state is State.ACTIVE and not has_subscriber else cause


def commanding(
    state: State, cause: str, *, has_subscriber: bool, topic: str, age_s: float | None
) -> Condition:
    """
    Return whether the robot is commanded, and if not, why.

    :param cause: the cause of the gate.
    :param has_subscriber: whether the commands have a subscriber.
    :param topic: the topic of the commands.
    :param age_s: the age of the last command; None before the first command.
    """
    cause = present_cause(state, cause, has_subscriber=has_subscriber, topic=topic)
    is_active = state is State.ACTIVE and has_subscriber
    if is_active and age_s is not None:
        if age_s <= COMMAND_FRESH_S:
            return fine('commanding')
        text = f'no command for {age_s:.1f} s, because the room sends nothing new'
        return Condition(Level.STALE, text, Severity.NONE)
    if state is State.STOPPED:
        severity = Severity.NONE  # The emergency stop logs it.
    else:
        severity = Severity.INFO if cause in NORMAL_CAUSES else Severity.WARN
    return Condition(
        Level.STALE if age_s is None else Level.WARN,
        f'commands do not flow: {cause}{ago("last command", age_s)}',
        severity,
    )
