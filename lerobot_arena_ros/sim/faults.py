# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Applies the dynamic parameters of ``sim_arm`` to its arm and its driver. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .arm import Servo
from .driver import Driver
from .names import JOINTS

__all__ = ['apply_faults']


def apply_faults(driver: Driver, values: Mapping[str, Any], given: Collection[str]) -> None:
    """
    Apply the parameters to the arm and the driver.

    :param values: the values of all parameters, by name.
    :param given: the names of the parameters that were just set; some faults begin when they are
        set.
    """
    arm = driver.arm
    arm.gravity = values['gravity']
    arm.servo = Servo(
        stiffness=values['stiffness'],
        damping=values['damping'],
        torque=values['max_torque'],
        speed=values['max_speed'],
    )
    arm.drives_on = values['drives_on']
    driver.delay_s = values['stamp_delay_s']
    driver.offsets = {values['offset_joint']: values['offset']}
    if 'cube_x' in given or 'cube_y' in given:
        arm.place_cube(values['cube_x'], values['cube_y'])
    if 'hang_s' in given:
        driver.hang(values['hang_s'])
    if 'frozen_joint' in given:
        driver.unfreeze()
        if values['frozen_joint']:
            driver.freeze(values['frozen_joint'])
    if 'blocked_joint' in given:
        for joint in JOINTS:
            arm.unblock(joint)
        if values['blocked_joint']:
            arm.block(values['blocked_joint'])
