# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Event counters. They are plain integers, because they are updated for every message."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ['RoomCounters', 'Counters']


@dataclass
class RoomCounters:
    """
    Counters of one room, or the sum of several rooms.

    :param updates: joint updates that changed at least one joint.
    :param stops: emergency stops that were delivered.
    :param robot_states: accepted robot states.
    :param signals: signals of WebRTC that were delivered.
    """

    updates: int = 0
    stops: int = 0
    robot_states: int = 0
    signals: int = 0

    def add(self, other: RoomCounters) -> None:
        """Add the counters of another room."""
        self.updates += other.updates
        self.stops += other.stops
        self.robot_states += other.robot_states
        self.signals += other.signals


@dataclass
class Counters:
    """
    Counters of the whole server since its start. Each room has its own :class:`RoomCounters`.

    :param frames_in: WebSocket messages received from participants after their join.
    :param frames_out: WebSocket frames written, counted once per recipient.
    :param merged: messages that were not sent because a newer message replaced them.
    :param requests: accepted REST requests and WebSockets, by token name.
    :param refused: refusals, by the error code that the sender received.
    """

    frames_in: int = 0
    frames_out: int = 0
    merged: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
