# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Control of the rooms on the ROS graph: who has it, and the services that change it."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String
from std_srvs.srv import Trigger

from lerobot_arena_ros.control.causes import INACTIVE
from lerobot_arena_ros.control.stop import Stop

from .bridge_sessions import BridgeSessions

__all__ = ['ControlPanel']

_HOLDER_QOS = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


class ControlPanel:
    """
    The topic and the services of control; it exists as long as the node.

    Topic: ``~/control_holder`` (std_msgs/String, out, latched): who has control of the consumed
    room, or of the produced one if nothing is consumed; empty: nobody, or unknown. Services
    (std_srvs/Trigger): ``~/release_control``, and if the bridge produces, ``~/take_control`` and
    ``~/give_control``. They answer at once; the answer of the room is logged.

    :param sessions: returns the sessions; None: the node is not configured.
    :param stop: returns the latched stop; None = there is none.
    """

    def __init__(
        self,
        node: Node,
        *,
        produces: bool,
        sessions: Callable[[], BridgeSessions | None],
        stop: Callable[[], Stop | None],
    ) -> None:
        self._sessions = sessions
        self._stop = stop
        self._published = ''
        self._holder = node.create_publisher(String, '~/control_holder', _HOLDER_QOS)
        self._holder.publish(String())
        node.create_service(Trigger, '~/release_control', self._on_release)
        if produces:
            node.create_service(Trigger, '~/take_control', self._on_take)
            node.create_service(Trigger, '~/give_control', self._on_give)

    def publish(self) -> None:
        """Publish who has control, if that is new; the arena thread calls it."""
        sessions = self._sessions()
        holder = '' if sessions is None else sessions.control.holder
        if holder != self._published:
            self._published = holder
            self._holder.publish(String(data=holder.encode(errors='backslashreplace').decode()))

    def _on_release(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        sessions = self._sessions()
        if sessions is None:
            response.message = 'not released: the node is not configured'
        else:
            response.success, response.message = sessions.control.release()
        return response

    def _on_give(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        sessions = self._sessions()
        if sessions is None:
            response.message = 'not given: the node is not configured'
        else:
            response.success, response.message = sessions.control.give()
        return response

    def _on_take(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        sessions = self._sessions()
        if sessions is None:
            refusal: str | None = 'the node is not configured'
        elif not sessions.is_enabled:
            refusal = INACTIVE
        elif self._stop() is not None:
            refusal = 'the emergency stop is latched: reset it first'
        else:
            response.success, response.message = sessions.control.take()
            return response
        response.message = f'not taken: {refusal}'
        return response
