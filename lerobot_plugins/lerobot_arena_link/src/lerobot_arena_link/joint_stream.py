# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The joints that the present producer of a room sends."""

from __future__ import annotations

from collections.abc import Callable
import logging

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.messages import JointUpdate
from lerobot_arena_ros.arena.session import Event, Presence

from .rooms import TIMING, log_connection
from .settings import ArenaSettings

__all__ = ['JointStream']

_logger = logging.getLogger(__name__)


class JointStream:
    """
    A consumer of a room that passes on the values of all joints.

    The values that the room remembers are not passed on before the first message of a producer,
    because they may be of yesterday.

    :param on_values: called in the loop with the joints and their stamp, see
        :meth:`.RoboticsConsumer.on_joint_state`.
    :param on_gone: called in the loop when the producer or the connection is lost.
    """

    def __init__(
        self,
        settings: ArenaSettings,
        on_values: Callable[[dict[str, float], int | None], None],
        on_gone: Callable[[], None],
    ) -> None:
        self.client = RoboticsConsumer(
            settings.server_url, reconnect=True, timing=TIMING, **settings.access
        )
        self._on_values = on_values
        self._on_gone = on_gone
        self._joints: dict[str, float] = {}
        self._stamp_ns: int | None = None
        self._source: str | None = None
        self.client.on_joint_state(self._on_joint_state)
        self.client.on_message(self._on_message)
        log_connection(self.client, on_gone)

    def _on_joint_state(self, joints: dict[str, float], stamp_ns: int | None) -> None:
        self._joints, self._stamp_ns = joints, stamp_ns

    def _on_message(self, event: Event) -> None:
        # The client calls on_joint_state before this.
        if isinstance(event, JointUpdate):
            if event.source != self._source:
                _logger.info('room %s: joints from %s', self.client.room_id, event.source)
                self._source = event.source
            self._on_values(self._joints, self._stamp_ns)
        elif isinstance(event, Presence) and event.has_producer is False:
            self._on_gone()
