# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Factory functions of the public video client; those for one role also connect it."""

from __future__ import annotations

from ..arena.address import DEFAULT_URL
from ..arena.joined_client import parse_role
from ..arena.messages import Role
from .video_consumer import VideoConsumer
from .video_producer import VideoProducer
from .video_types import ClientOptions

__all__ = ['create_client', 'create_consumer_client', 'create_producer_client']


def create_client(
    role: Role | str, base_url: str = DEFAULT_URL, options: ClientOptions | None = None
) -> VideoProducer | VideoConsumer:
    """
    Return an unconnected client.

    :raises ValueError: the role is neither ``producer`` nor ``consumer``.
    """
    is_producer = parse_role(role) is Role.PRODUCER
    kind: type[VideoProducer | VideoConsumer] = VideoProducer if is_producer else VideoConsumer
    return kind(base_url, options)


async def create_producer_client(
    base_url: str = DEFAULT_URL,
    workspace_id: str | None = None,
    room_id: str | None = None,
    participant_id: str | None = None,
    options: ClientOptions | None = None,
) -> VideoProducer:
    """
    Create a producer and join a room; the room is created if it does not exist.

    :raises ValueError: the room cannot be joined.
    :raises ArenaError: the server was not reached or refused the request.
    """
    return await VideoProducer.create_and_connect(
        base_url, workspace_id, room_id, participant_id, options
    )


async def create_consumer_client(
    workspace_id: str,
    room_id: str,
    base_url: str = DEFAULT_URL,
    participant_id: str | None = None,
    options: ClientOptions | None = None,
) -> VideoConsumer:
    """
    Create a consumer and join a room.

    :raises ValueError: the room cannot be joined.
    """
    return await VideoConsumer.create_and_connect(
        workspace_id, room_id, base_url, participant_id, options
    )
