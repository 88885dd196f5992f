# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Factory functions that create a client; those for one role also connect it."""

from __future__ import annotations

from .address import DEFAULT_URL
from .clients import RoboticsConsumer, RoboticsProducer
from .joined_client import parse_role
from .messages import Role

__all__ = ['create_client', 'create_consumer_client', 'create_producer_client']


def create_client(
    role: str,
    base_url: str = DEFAULT_URL,
    *,
    token: str | None = None,
    ca_file: str | None = None,
    allow_insecure: bool = False,
) -> RoboticsProducer | RoboticsConsumer:
    """
    Return an unconnected client; see :class:`.RoboticsClientCore` for the options.

    :raises ValueError: the role is neither ``producer`` nor ``consumer``.
    """
    is_producer = parse_role(role) is Role.PRODUCER
    kind: type[RoboticsProducer | RoboticsConsumer] = (
        RoboticsProducer if is_producer else RoboticsConsumer
    )
    return kind(base_url, token=token, ca_file=ca_file, allow_insecure=allow_insecure)


async def create_producer_client(
    base_url: str = DEFAULT_URL,
    workspace_id: str | None = None,
    room_id: str | None = None,
    *,
    token: str | None = None,
    ca_file: str | None = None,
    allow_insecure: bool = False,
) -> RoboticsProducer:
    """
    Create a producer and join a room; the room is created if it does not exist.

    Without a room id or a workspace id, a new room is created. See :class:`.RoboticsClientCore`
    for the options.

    :returns: the client; not connected if the room already has a producer.
    :raises ArenaError: the server was not reached or refused the request.
    """
    client = RoboticsProducer(
        base_url, token=token, ca_file=ca_file, allow_insecure=allow_insecure
    )
    if workspace_id is not None and room_id is not None:
        await client._rooms.ensure(workspace_id, room_id)
    else:
        workspace_id, room_id = await client.create_room(workspace_id, room_id)
    await client.connect(workspace_id, room_id)
    return client


async def create_consumer_client(
    workspace_id: str,
    room_id: str,
    base_url: str = DEFAULT_URL,
    *,
    token: str | None = None,
    ca_file: str | None = None,
    allow_insecure: bool = False,
) -> RoboticsConsumer:
    """
    Create a consumer and join a room; see :class:`.RoboticsClientCore` for the options.

    :returns: the client; not connected if the room does not exist.
    """
    client = RoboticsConsumer(
        base_url, token=token, ca_file=ca_file, allow_insecure=allow_insecure
    )
    await client.connect(workspace_id, room_id)
    return client
