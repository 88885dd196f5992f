# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The protocol extensions that a participant and a server negotiate.

A client lists its features in the join frame. The server answers in ``joined`` with those that
it enables for this participant. Messages of other features are never sent, so that a program
without features receives no unknown messages. docs/reference/messages.md has the table.
"""

from __future__ import annotations

from enum import Enum

__all__ = ['Feature', 'known_features']


class Feature(str, Enum):
    """
    One protocol extension.

    ``heartbeat_seq``: heartbeats are numbered, and each answer repeats the number.
    ``last_stop``: ``joined`` contains the last emergency stop of the room and its age.
    ``robot_state``: a robot may send its state; participants that send none receive it.
    ``refused_joints``: an error lists the joints because of which an update was refused.
    ``remote_reset``: a viewer may request that a robot with this feature resets its stop.
    ``liveness``: ``joined`` contains the time after which a silent participant is disconnected.
    Only messages reset that timeout, because a browser answers pings for a frozen page.
    ``stamps``: a producer sends when joints were measured; a consumer also receives updates in
    which only that time is new.
    ``fast_lane``: joint updates are numbered, and together with stops they may also travel on a
    lane of datagrams that does not wait for lost packets.
    ``control``: the participant is told who has control of the room, and may request it.
    ``shadows``: the participant also receives the joint updates of drivers without control, in
    messages of another type.
    """

    HEARTBEAT_SEQ = 'heartbeat_seq'
    LAST_STOP = 'last_stop'
    ROBOT_STATE = 'robot_state'
    REFUSED_JOINTS = 'refused_joints'
    REMOTE_RESET = 'remote_reset'
    LIVENESS = 'liveness'
    STAMPS = 'stamps'
    FAST_LANE = 'fast_lane'
    CONTROL = 'control'
    SHADOWS = 'shadows'


def known_features(names: object) -> frozenset[Feature]:
    """Return the known features in a JSON list; ignore everything else."""
    if not isinstance(names, list):
        return frozenset()
    return frozenset(feature for feature in Feature if feature.value in names)
