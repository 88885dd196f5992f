# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Waits for the participants of a room, because the public server removes them late."""

from __future__ import annotations

from collections.abc import Sequence
import time

from lerobot_arena_ros import RoboticsClientCore

__all__ = ['wait_for_participants']

TIMEOUT_S = 30.0


async def wait_for_participants(
    client: RoboticsClientCore,
    room: tuple[str, str],
    *,
    producer: str | None = None,
    consumers: Sequence[str | None] = (),
) -> None:
    """
    Poll until a room has exactly these participants; by default, none.

    :raises AssertionError: the deadline has passed.
    """
    expected = {
        'producer': producer,
        'consumers': list(consumers),
        'total': len(consumers) + (producer is not None),
    }
    deadline = time.monotonic() + TIMEOUT_S
    while (seen := (await client.get_room_info(*room))['participants']) != expected:
        assert time.monotonic() < deadline, f'after {TIMEOUT_S:g} s: {seen}, not {expected}'
