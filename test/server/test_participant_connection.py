# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the order in which a server writes to a participant that has a lane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import json
from typing import Any, cast

import pytest
from support.channels import channel_pair

from lerobot_arena_ros.arena.control_messages import ControlPolicy, ControlState
from lerobot_arena_ros.arena.lane.decisions import LaneTiming
from lerobot_arena_ros.arena.lane.lane import Lane
from lerobot_arena_ros.arena.messages import JointUpdate
from lerobot_arena_ros.server.log.rate_limited_log import RateLimitedLog
from lerobot_arena_ros.server.net.web_socket import WebSocket
from lerobot_arena_ros.server.participants.participant_connection import ParticipantConnection
from lerobot_arena_ros.server.rooms.counters import Counters


class Socket:
    """Records what is written to the WebSocket of a participant."""

    def __init__(self, *, is_writable: bool) -> None:
        self.is_writable = is_writable
        self.written: list[dict[str, Any]] = []
        self.on_drained: Callable[[], object] = dict
        self.on_congested: Callable[[], object] = dict

    def write(self, frame: bytes) -> None:
        """Record a message."""
        self.written.append(json.loads(frame[frame.index(b'{') :]))


def update(seq: int, **values: float) -> JointUpdate:
    """Return an update as the server sends it."""
    return replace(JointUpdate.of(values), source='policy', seq=seq)


def control(number: int, seq: int, holder: str | None) -> ControlState:
    """Return who has control."""
    return ControlState(holder, ControlPolicy.TAKE, number=number, seq=seq)


@pytest.mark.parametrize('is_writable', [True, False])
async def test_no_value_from_before_a_change_of_control_is_written_after_it(
    is_writable: bool,
) -> None:
    """The repetition of an update that took the lane does not wait until after the change."""
    socket = Socket(is_writable=is_writable)
    made = ParticipantConnection(
        cast('WebSocket', socket),
        cast('Any', None),
        cast('Any', None),
        stall_s=60.0,
        counters=Counters(),
        log=cast('RateLimitedLog', None),
    )
    channel, _ = channel_pair()
    lane = Lane(
        channel, LaneTiming(), on_text=print, repeat=made.repeat, on_end=lambda reason: None
    )
    made.use_lane(lane)

    made.put(update(1, pan=1.0, lift=1.0))
    made.put(update(2, pan=2.0, lift=2.0))
    made.put(control(2, 3, None))
    made.put(control(3, 3, 'policy'))
    made.put(update(3, pan=3.0))
    lane.close()
    socket.is_writable = True
    socket.on_drained()

    assert [each.get('seq') for each in socket.written] == [2, 3, 3, 3]
    assert [each['type'] for each in socket.written] == [
        'joint_update',
        'control',
        'control',
        'joint_update',
    ]
    assert [entry['name'] for entry in socket.written[-1]['data']] == ['pan']
