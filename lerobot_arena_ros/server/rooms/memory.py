# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
What a room stores besides its joints: its last stop and the newest state of each robot.

No I/O.
"""

from __future__ import annotations

from typing import NamedTuple

from ...arena.errors import ProtocolError
from ...arena.messages import EmergencyStop, LastStop, RobotReport
from .limits import Limits

__all__ = ['MAX_REPORT_CHARS', 'KnownRobot', 'KnownStop', 'check_report']

MAX_REPORT_CHARS = 64 * 1024
"""
Characters of the state of one robot as JSON.

The limit bounds memory: for each member that reads too slowly, the newest state of each robot is
buffered.
"""


class KnownStop(NamedTuple):
    """
    The last emergency stop of a room.

    :param message: the stop as it was delivered.
    :param steady_s: its time, in seconds of the monotonic clock.
    """

    message: EmergencyStop
    steady_s: float

    def to_last_stop(self, now_s: float) -> LastStop:
        """Return the stop with its age, for the welcome message and REST."""
        stop = self.message
        age_s = now_s - self.steady_s
        return LastStop(stop.reason or '', stop.source or '', stop.timestamp or '', age_s)


class KnownRobot(NamedTuple):
    """
    The newest state of one robot.

    :param message: the state as it was delivered.
    :param steady_s: its time, in seconds of the monotonic clock.
    """

    message: RobotReport
    steady_s: float


def check_report(report: RobotReport, limits: Limits) -> None:
    """
    Check the size of a robot state.

    :raises ProtocolError: the state has too many joints, refused joints or characters.
    """
    if report.state is not None:
        count = max(len(report.state.joints), len(report.state.refused))
        if count > limits.joints:
            raise ProtocolError(
                f'robot_state: at most {limits.joints} joints are accepted, got {count}',
                reason='robot_state',
            )
    if len(report.text) > MAX_REPORT_CHARS:
        raise ProtocolError(
            f'robot_state: at most {MAX_REPORT_CHARS} characters are accepted,'
            f' got {len(report.text)}',
            reason='robot_state',
        )
