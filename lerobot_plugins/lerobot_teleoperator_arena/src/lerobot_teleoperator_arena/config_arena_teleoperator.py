# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The options of ``--teleop.type=arena``."""

from __future__ import annotations

from dataclasses import dataclass, field

from lerobot.teleoperators import TeleoperatorConfig
from lerobot_arena_link import SO101_JOINTS, JointMap, JointSetting, LeaderSettings

__all__ = ['ArenaTeleoperatorConfig']


@TeleoperatorConfig.register_subclass('arena')
@dataclass(kw_only=True)
class ArenaTeleoperatorConfig(TeleoperatorConfig):
    """
    A leader that sends its joints to a room. The token comes from ``LEROBOT_ARENA_TOKEN``.

    :param units: the unit of the room: ``degrees``, ``normalized`` or ``radians``.
    :param room: the room that the leader sends its joints to.
    :param server_url: the URL of the arena.
    :param workspace_id: the workspace of the room.
    :param joints: the joints by their names in LeRobot; empty: the six of an SO-101.
    :param max_age_s: the maximum age of an action of a leader that sends stamps, in seconds since
        its arrival.
    :param timeout_s: how long to wait for an action or a lost room, in seconds.
    :param ca_file: a PEM file with the only certificate authorities to trust; None: the system's.
    :param allow_insecure: send the token to other machines even without TLS.
    """

    units: str
    room: str
    server_url: str = 'http://localhost:8000'
    workspace_id: str = 'default-workspace'
    joints: dict[str, JointSetting] = field(default_factory=dict)
    max_age_s: float = 0.5
    timeout_s: float = 10.0
    ca_file: str | None = None
    allow_insecure: bool = False

    def settings(self) -> LeaderSettings:
        """
        Return the settings of the link.

        :raises ValueError: an option is invalid.
        """
        return LeaderSettings(
            server_url=self.server_url,
            workspace_id=self.workspace_id,
            room_id=self.room,
            joints=JointMap(self.units, self.joints or SO101_JOINTS),
            max_age_s=self.max_age_s,
            timeout_s=self.timeout_s,
            ca_file=self.ca_file,
            allow_insecure=self.allow_insecure,
        )
