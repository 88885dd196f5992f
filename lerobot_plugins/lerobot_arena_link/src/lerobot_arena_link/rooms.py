# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What all clients of a link share: the timeouts of the connection, and lines in the log."""

from __future__ import annotations

from collections.abc import Callable
import logging

from lerobot_arena_ros.arena.joined_client import JoinedClient
from lerobot_arena_ros.arena.session import LinkTiming

__all__ = ['TIMING', 'log_connection']

TIMING = LinkTiming(heartbeat_period_s=1.0, timeout_s=5.0, join_timeout_s=5.0)
"""Shorter than the client's default, because the loop of a link is never blocked."""

_logger = logging.getLogger(__name__)


def log_connection(client: JoinedClient, on_lost: Callable[[], None] | None = None) -> None:
    """
    Log when a client loses its room, and when it is in it again.

    :param on_lost: called when the room is lost, in the thread of the loop.
    """
    was_lost = False

    def on_disconnected() -> None:
        nonlocal was_lost
        # There is no error if this program leaves the room.
        if client.error is not None:
            was_lost = True
            _logger.warning('room %s: the connection is lost: %s', client.room_id, client.error)
        if on_lost is not None:
            on_lost()

    def on_connected() -> None:
        nonlocal was_lost
        if was_lost:
            was_lost = False
            _logger.warning('room %s: joined again', client.room_id)

    client.on_disconnected(on_disconnected)
    client.on_connected(on_connected)
