# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Limits, timeouts and policies of the server."""

from __future__ import annotations

from dataclasses import dataclass

from ...arena.control_messages import ControlPolicy

__all__ = [
    'MAX_BODY_BYTES',
    'MAX_JOINT_NAME_CHARS',
    'MAX_PARTICIPANT_ID_CHARS',
    'MAX_ROOM_ID_CHARS',
    'Limits',
    'Policy',
    'Timing',
]

MAX_BODY_BYTES = 64 * 1024
"""The longest body of a REST request; a valid one has a few kilobytes."""

MAX_JOINT_NAME_CHARS = 50
"""The longest name of a joint that a room stores."""

MAX_PARTICIPANT_ID_CHARS = 100
"""The longest id of a participant."""

MAX_ROOM_ID_CHARS = 128
"""The longest id of a room or a workspace."""


@dataclass(frozen=True)
class Limits:
    """
    Size and rate limits of the server.

    :param rooms: rooms in all workspaces together.
    :param members: participants in one room.
    :param joints: joints that one room stores.
    :param frame_bytes: bytes of one message from a participant; clients accept up to 1 MiB.
    :param frames_hz: messages per second from one participant, averaged over two seconds.
    :param connections: connections with a token or in a room, see :mod:`..access.admission`.
    :param per_address: connections from one address, including waiting ones; 0 for no limit.
    :param fast_lanes: participants with a fast lane; 0 for no lanes.
    :param idle_s: delete a room that has been empty and unchanged for this many seconds.
    """

    rooms: int = 1000
    members: int = 100
    joints: int = 1000
    frame_bytes: int = 256 * 1024
    frames_hz: float = 5000.0
    connections: int = 500
    per_address: int = 250
    fast_lanes: int = 200
    idle_s: float = 3600.0


@dataclass(frozen=True)
class Timing:
    """
    Timeouts and periods of the server, in seconds.

    :param join_s: timeout for a join message, a complete REST request and a TLS handshake.
    :param probe_s: timeout for the answer to a ping when another client wants the place of a
        participant.
    :param stall_s: timeout for a peer that does not read what it is sent.
    :param keepalive_s: period of pings; a peer that sends nothing for two periods is disconnected.
    :param liveness_s: disconnect a participant with the feature ``liveness`` that sends no message
        for this time, plus up to a fifth of it.
    :param sweep_s: period of the deletion of idle rooms.
    :param log_s: period of the log's rate limit.
    """

    join_s: float = 10.0
    probe_s: float = 3.0
    stall_s: float = 10.0
    keepalive_s: float = 10.0
    liveness_s: float = 5.0
    sweep_s: float = 900.0
    log_s: float = 10.0


@dataclass(frozen=True)
class Policy:
    """
    Behaviour that the operator of the server chooses.

    :param commands: accept joint commands over REST in a room without a producer.
    :param newest_wins: let a client that joins with an id in use replace the current holder,
        even if the holder is alive.
    :param fresh_rooms: clear the stored joints of an empty room when it is created again, as the
        public server does; otherwise the room stays unchanged.
    :param control: how a driver gets control of a room while another one has it, unless the
        creator of the room chose otherwise.
    """

    commands: bool = True
    newest_wins: bool = False
    fresh_rooms: bool = False
    control: ControlPolicy = ControlPolicy.FIRST
