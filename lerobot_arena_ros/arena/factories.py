"""One call that gives a client, connected where a room is named."""

from __future__ import annotations

from .address import DEFAULT_URL, Address
from .client_core import parse_role
from .clients import RoboticsConsumer, RoboticsProducer
from .messages import Role
from .rooms import Rooms

__all__ = ['create_client', 'create_consumer_client', 'create_producer_client']


def create_client(role: str, base_url: str = DEFAULT_URL) -> RoboticsProducer | RoboticsConsumer:
    """
    Make an unconnected client.

    :raises ValueError: the role is neither ``producer`` nor ``consumer``.
    """
    return (
        RoboticsProducer(base_url)
        if parse_role(role) is Role.PRODUCER
        else RoboticsConsumer(base_url)
    )


async def create_producer_client(
    base_url: str = DEFAULT_URL, workspace_id: str | None = None, room_id: str | None = None
) -> RoboticsProducer:
    """
    Make a producer in a room of its own, or in the named one, which is created if missing.

    :returns: the client; not connected where the room has a producer.
    :raises ArenaError: the server was not reached or refused.
    """
    client = RoboticsProducer(base_url)
    if workspace_id is not None and room_id is not None:
        await Rooms(Address.parse(base_url)).ensure(workspace_id, room_id)
    else:
        workspace_id, room_id = await client.create_room(workspace_id, room_id)
    await client.connect(workspace_id, room_id)
    return client


async def create_consumer_client(
    workspace_id: str, room_id: str, base_url: str = DEFAULT_URL
) -> RoboticsConsumer:
    """
    Make a consumer in a room.

    :returns: the client; not connected where there is no such room.
    """
    client = RoboticsConsumer(base_url)
    await client.connect(workspace_id, room_id)
    return client
