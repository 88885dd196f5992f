# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The common base of producer and consumer of joint rooms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .address import DEFAULT_URL
from .control_messages import ControlState
from .features import Feature
from .joined_client import PAUSES_S, TIMING, JoinedClient
from .lane.lane import LaneReport
from .messages import ResetStop, Role
from .robot_state import RobotState
from .rooms_client import RoomsClient
from .session import LinkTiming

__all__ = ['RoboticsClientCore']

WATCHING = frozenset((Feature.ROBOT_STATE, Feature.REMOTE_RESET))
"""The features of a program that has an ``on_robot_state`` callback."""


class RoboticsClientCore(JoinedClient, RoomsClient):
    """
    The common base of producer and consumer: rooms over REST, and one joined room.

    :param base_url: the URL of the server; a path such as ``/api`` is kept.
    :param reconnect: join the same room again after the connection was lost; the callbacks report
        both.
    :param name: the beginning of the participant ids, of which each join has a new one; None: the
        name of the machine and the role.
    :param token: the bearer token; None reads it from the environment variable
        ``LEROBOT_ARENA_TOKEN`` if that is set.
    :param ca_file: a PEM file with the only certificate authorities to trust; None trusts those
        of the system, or of ``SSL_CERT_FILE``.
    :param allow_insecure: send the token to other machines even without TLS, like
        ``LEROBOT_ARENA_ALLOW_INSECURE=1``.
    :param timing: the timeouts of the link.
    :param pauses_s: the shortest and the longest pause between two attempts to join again, in
        seconds.
    :param fast_lane: ``auto`` also uses a lane of datagrams for joint updates and stops, which
        does not wait for lost packets, if the server has lanes and pyOpenSSL is installed;
        ``never`` uses the WebSocket only.
    :raises ValueError: ``fast_lane`` has another value.
    :raises InvalidAddress: ``base_url`` is not an http or https URL.
    :raises InvalidAccess: the token or the CA file is invalid or must not be used with this URL.
    """

    _own_features: frozenset[Feature] = frozenset()

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        reconnect: bool = False,
        name: str | None = None,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
        timing: LinkTiming = TIMING,
        pauses_s: tuple[float, float] = PAUSES_S,
        fast_lane: str = 'auto',
    ) -> None:
        super().__init__(
            base_url,
            reconnect=reconnect,
            name=name,
            token=token,
            ca_file=ca_file,
            allow_insecure=allow_insecure,
            timing=timing,
            pauses_s=pauses_s,
        )
        if fast_lane not in ('auto', 'never'):
            raise ValueError(f"Invalid fast_lane: {fast_lane!r}, expected 'auto' or 'never'")
        self._wants_lane = fast_lane == 'auto'

    @property
    def lane_report(self) -> LaneReport | None:
        """How the fast lane works; None if there is none now."""
        return None if self._connection is None else self._connection.lane_report

    @property
    def lane_obstacle(self) -> str | None:
        """Why there is no fast lane; None while there is one, or it is being opened."""
        return None if self._connection is None else self._connection.lane_obstacle

    async def request_reset(self, participant_id: str, stop_id: str) -> None:
        """
        Request that a robot in the room resets its emergency stop.

        The robot's next state is the answer: it has no ``stop``, or it has a ``reset_refusal``.
        ``on_error`` is called if the room has no such robot that allows it.

        :param stop_id: ``stop.id`` of the robot's state; another stop is not reset.
        :raises ValueError: not connected, or the server or this client does not support it.
        :raises ConnectionLost: the connection was lost.
        """
        connection = self._joined('request a reset')
        if Feature.REMOTE_RESET not in connection.features:
            raise ValueError(
                'a reset requires a server with the feature remote_reset, and an on_robot_state'
                ' callback that was set before connecting'
            )
        await connection.send(ResetStop(participant_id, stop_id=stop_id))

    def get_connection_info(self) -> dict[str, Any]:
        """Return the current room, role and participant id; each is None if not connected."""
        return {
            'connected': self.is_connected(),
            'workspace_id': self.workspace_id,
            'room_id': self.room_id,
            'role': self.role,
            'participant_id': self.participant_id,
            'base_url': self.base_url,
        }

    def on_robot_state(self, callback: Callable[[str, RobotState | None], Any]) -> None:
        """
        Call ``callback(participant_id, state)`` for each state that a robot reports.

        ``state`` is None if the robot has left the room. Set the callback before connecting,
        because the server sends states only to clients that request them in the join. The public
        server sends none.
        """
        self._callbacks.set('robot_state', callback)

    def on_control(self, callback: Callable[[ControlState], Any]) -> None:
        """
        Call ``callback(state)`` after the join and at each change of who has control of the room.

        Set the callback before connecting, because the server tells only the clients that request
        it in the join. The public server tells nobody.
        """
        self._callbacks.set('control', callback)

    def _features(self, role: Role) -> frozenset[Feature]:
        features = super()._features(role) | self._own_features
        if self._wants_lane:
            features |= {Feature.FAST_LANE}
        if self._callbacks.has('control'):
            features |= {Feature.CONTROL}
        return features | WATCHING if self._callbacks.has('robot_state') else features
