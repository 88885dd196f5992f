# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The teleoperator: LeRobot's interface of a :class:`.RemoteLeader`."""

from __future__ import annotations

from typing import Any

from lerobot.teleoperators import Teleoperator
from lerobot.utils.errors import DeviceAlreadyConnectedError, DeviceNotConnectedError
from lerobot_arena_link import RemoteLeader

from .config_arena_teleoperator import ArenaTeleoperatorConfig

__all__ = ['ArenaTeleoperator']


class ArenaTeleoperator(Teleoperator):
    """
    A leader that sends its joints to a room: an arm, a browser, a policy.

    :raises ValueError: an option is invalid.
    """

    config_class = ArenaTeleoperatorConfig
    name = 'arena'

    def __init__(self, config: ArenaTeleoperatorConfig) -> None:
        super().__init__(config)
        self.config = config
        self._settings = config.settings()
        self._remote = RemoteLeader(self._settings)

    @property
    def action_features(self) -> dict[str, Any]:
        """The joints."""
        return dict(self._settings.joints.features)

    @property
    def feedback_features(self) -> dict[str, Any]:
        """Nothing: a room has no feedback to its leader."""
        return {}

    @property
    def is_connected(self) -> bool:
        """Whether the room was joined; a lost room is joined again meanwhile."""
        return self._remote.is_connected

    @property
    def is_calibrated(self) -> bool:
        """True, because the leader is calibrated where it is."""
        return True

    def calibrate(self) -> None:
        """Do nothing."""

    def configure(self) -> None:
        """Do nothing."""

    def connect(self, calibrate: bool = True) -> None:
        """
        Join the room; see :meth:`.RemoteLeader.connect` for the errors.

        :raises DeviceAlreadyConnectedError: it is connected.
        """
        if self.is_connected:
            raise DeviceAlreadyConnectedError(f'{self} is already connected.')
        self._remote.connect()

    def get_action(self) -> dict[str, Any]:
        """
        Return the newest action; see :meth:`.RemoteLeader.action` for its age and the errors.

        :raises DeviceNotConnectedError: it is not connected.
        """
        self._check_connected()
        return dict(self._remote.action())

    def send_feedback(self, feedback: dict[str, Any]) -> None:
        """Do nothing, because a room has no feedback to its leader."""

    def disconnect(self) -> None:
        """
        Leave the room.

        :raises DeviceNotConnectedError: it is not connected.
        """
        self._check_connected()
        self._remote.disconnect()

    def _check_connected(self) -> None:
        if not self.is_connected:
            raise DeviceNotConnectedError(f'{self} is not connected: call connect() first.')
