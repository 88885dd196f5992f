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

from .bridge_sessions import BridgeSessions
from .control_requests import ControlRequests

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
    """

    def __init__(
        self,
        node: Node,
        *,
        produces: bool,
        sessions: Callable[[], BridgeSessions | None],
    ) -> None:
        self._sessions = sessions
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
        return self._request(response, 'released', ControlRequests.release)

    def _on_give(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        return self._request(response, 'given', ControlRequests.give)

    def _on_take(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        sessions = self._sessions()
        refusal = None if sessions is None else sessions.why_not_driving
        if refusal is not None:
            response.message = f'not taken: {refusal}'
            return response
        return self._request(response, 'taken', ControlRequests.take)

    def _request(
        self,
        response: Trigger.Response,
        done: str,
        request: Callable[[ControlRequests], tuple[bool, str]],
    ) -> Trigger.Response:
        sessions = self._sessions()
        if sessions is None:
            response.message = f'not {done}: the node is not configured'
        else:
            response.success, response.message = request(sessions.control)
        return response
