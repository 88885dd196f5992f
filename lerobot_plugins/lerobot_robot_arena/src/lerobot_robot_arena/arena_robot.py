# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The robot: LeRobot's interface of a :class:`.RemoteRobot`."""

from __future__ import annotations

import logging
from typing import Any

from lerobot.robots import Robot
from lerobot.utils.errors import DeviceAlreadyConnectedError, DeviceNotConnectedError
from lerobot_arena_link import RemoteRobot

from .config_arena_robot import ArenaRobotConfig

__all__ = ['ArenaRobot']


class ArenaRobot(Robot):
    """
    A robot behind the rooms of an arena.

    It follows the rules of its bridge: limits of position and velocity, and the emergency stop.
    Nothing is sent but the actions.

    :raises ValueError: an option is invalid.
    """

    config_class = ArenaRobotConfig
    name = 'arena'

    def __init__(self, config: ArenaRobotConfig) -> None:
        super().__init__(config)
        self.config = config
        # LeRobot counts them.
        self.cameras = config.cameras
        self._settings = config.settings()
        self._remote = RemoteRobot(self._settings)
        # LeRobot logs each line of level INFO, also those of each request for a camera room.
        logging.getLogger('httpx').setLevel(logging.WARNING)

    @property
    def observation_features(self) -> dict[str, Any]:
        """The joints, and the shape of each picture: height, width, 3."""
        shapes = {name: (each.height, each.width, 3) for name, each in self.cameras.items()}
        return {**self._settings.joints.features, **shapes}

    @property
    def action_features(self) -> dict[str, Any]:
        """The joints."""
        return dict(self._settings.joints.features)

    @property
    def is_connected(self) -> bool:
        """Whether the rooms were joined; a lost room is joined again meanwhile."""
        return self._remote.is_connected

    @property
    def is_calibrated(self) -> bool:
        """True, because the robot's own driver is calibrated."""
        return True

    def calibrate(self) -> None:
        """Do nothing."""

    def configure(self) -> None:
        """Do nothing; the robot's bridge is configured at the robot."""

    def connect(self, calibrate: bool = True) -> None:
        """
        Join the rooms; see :meth:`.RemoteRobot.connect` for the errors. The robot does not move.

        :raises DeviceAlreadyConnectedError: it is connected.
        """
        if self.is_connected:
            raise DeviceAlreadyConnectedError(f'{self} is already connected.')
        self._remote.connect()

    def get_observation(self) -> dict[str, Any]:
        """
        Return joints and pictures that belong together and are at most ``max_age_s`` old.

        :raises DeviceNotConnectedError: it is not connected.
        :raises NoObservation: there was none in time; the text has the reasons.
        :raises ValueError: a picture has another size than configured.
        """
        self._check_connected()
        seen = self._remote.observe()
        return {**seen.joints, **seen.pictures()}

    def send_action(self, action: dict[str, Any]) -> dict[str, Any]:
        """
        Send an action, and return what was sent; see :meth:`.RemoteRobot.send` for the errors.

        :raises DeviceNotConnectedError: it is not connected.
        """
        self._check_connected()
        return self._remote.send(action)

    def disconnect(self) -> None:
        """
        Leave the rooms, and send nothing: the robot's bridge decelerates and holds.

        :raises DeviceNotConnectedError: it is not connected.
        """
        self._check_connected()
        self._remote.disconnect()

    def _check_connected(self) -> None:
        if not self.is_connected:
            raise DeviceNotConnectedError(f'{self} is not connected: call connect() first.')
