# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The errors of a link; the text of each is one line for the user.

::

    LinkError
    +- EmergencyStopped   an emergency stop was received; also a RuntimeError
    +- NoObservation      nothing new arrived in time; also a TimeoutError
    +- NotConnected       the room is not joined; also a ConnectionError
    +- NotInControl       this program has no control of the robot; also a PermissionError
    +- RobotProblem       the robot has other joints or units than configured; also a ValueError
"""

from __future__ import annotations

__all__ = [
    'EmergencyStopped',
    'LinkError',
    'NoObservation',
    'NotConnected',
    'NotInControl',
    'RobotProblem',
]


class LinkError(Exception):
    """The base class of the errors of a link."""


class EmergencyStopped(LinkError, RuntimeError):
    """An emergency stop was received; connect again after it was reset at the robot."""


class NoObservation(LinkError, TimeoutError):
    """Nothing that is new enough has arrived in time; the text has the reasons."""


class NotConnected(LinkError, ConnectionError):
    """The link is not connected, or its room was not joined again in time."""


class NotInControl(LinkError, PermissionError):
    """This program does not have control of the robot, and did not get it back in time."""


class RobotProblem(LinkError, ValueError):
    """The robot in the room is missing, or has other joints or units than configured."""
