"""One call that gives a client, connected where a room is named."""

from __future__ import annotations

from .address import DEFAULT_URL
from .client_core import parse_role
from .clients import RoboticsConsumer, RoboticsProducer
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
    Make an unconnected client; see :class:`.RoboticsClientCore` for the options.

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
    Make a producer in a room of its own, or in the named one, which is created if missing.

    See :class:`.RoboticsClientCore` for the options.

    :returns: the client; not connected where the room has a producer.
    :raises ArenaError: the server was not reached or refused.
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
    Make a consumer in a room; see :class:`.RoboticsClientCore` for the options.

    :returns: the client; not connected where there is no such room.
    """
    client = RoboticsConsumer(
        base_url, token=token, ca_file=ca_file, allow_insecure=allow_insecure
    )
    await client.connect(workspace_id, room_id)
    return client
