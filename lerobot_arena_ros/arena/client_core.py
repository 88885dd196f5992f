"""
What a producer and a consumer have in common: rooms, one joined room, and callbacks.

Names, signatures and results are those of the public Python client, so that a program written
for it runs after changing its import. Callbacks run in the event loop that called ``connect``;
a coroutine function is awaited, and one that raises is logged and stops nothing. Nothing is heard
while a callback is awaited: one that takes longer than 15 s is taken for a loss of the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
import contextlib
import functools
import logging
from typing import Any, TypeVar

from .address import DEFAULT_URL
from .callbacks import Callbacks
from .connection import Connection, backoff, keep_joined, open_connection
from .errors import ArenaError, TransportError, UnexpectedError
from .features import Feature
from .messages import (
    MAX_REASON_LENGTH,
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    ResetStop,
    Role,
)
from .robot_state import RobotState
from .rooms_client import RoomsClient
from .session import Event, LinkTiming

__all__ = ['RoboticsClientCore', 'parse_role']

Join = Callable[[], Awaitable[Connection]]
Self = TypeVar('Self', bound='RoboticsClientCore')

TIMING = LinkTiming(heartbeat_period_s=5.0, timeout_s=15.0, join_timeout_s=5.0)
"""Slower than a robot's link: a program may well spend seconds in a callback."""

PRODUCING = frozenset((Feature.HEARTBEAT_SEQ, Feature.LIVENESS))
"""What a producer that rejoins asks for: its place is free while its program is frozen."""

WATCHING = frozenset((Feature.ROBOT_STATE, Feature.REMOTE_RESET))
"""What a program with an ``on_robot_state`` asks the server for."""

_logger = logging.getLogger(__name__)


class RoboticsClientCore(RoomsClient):
    """
    What a producer and a consumer have in common: rooms over REST, and one joined room.

    :param base_url: the server; a path such as ``/api`` is kept.
    :param reconnect: join the same room again when the connection is lost; the callbacks tell.
    :param token: for servers that want one; None takes that of the environment variable
        ``LEROBOT_ARENA_TOKEN``, if there is one.
    :param ca_file: a PEM file with the only authorities to be trusted; None for those of the
        system, or of ``SSL_CERT_FILE``.
    :param allow_insecure: send the token to other machines even without TLS, as does
        ``LEROBOT_ARENA_ALLOW_INSECURE=1``.
    :raises InvalidAddress: ``base_url`` is no http or https URL.
    :raises InvalidAccess: the token or the CA file cannot be used, or not with this URL.
    """

    _own_features: frozenset[Feature] = frozenset()

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        reconnect: bool = False,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
    ) -> None:
        super().__init__(base_url, token=token, ca_file=ca_file, allow_insecure=allow_insecure)
        self._reconnect = reconnect
        self._connection: Connection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._callbacks = Callbacks()
        self._is_deleting = False
        self.workspace_id: str | None = None
        self.room_id: str | None = None
        self.role: str | None = None
        self.participant_id: str | None = None
        self._begin()

    async def __aenter__(self: Self) -> Self:
        """Give the client itself; connecting is up to the caller."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave the room."""
        await self.disconnect()

    # ----- connection

    async def connect_to_room(
        self, workspace_id: str, room_id: str, role: str, participant_id: str | None = None
    ) -> bool:
        """
        Join a room, after leaving the present one.

        :param role: ``producer`` or ``consumer``.
        :param participant_id: None makes up a new one.
        :returns: whether it worked; why not is in the log.
        :raises ValueError: the role is neither.
        """
        wanted_role = parse_role(role)
        features = self._own_features
        # A program that does not rejoin would not come back after seconds in a callback.
        if wanted_role is Role.PRODUCER and self._reconnect:
            features |= PRODUCING
        if self._is_watching:
            features |= WATCHING
        join = functools.partial(
            open_connection,
            self._address,
            workspace_id,
            room_id,
            wanted_role,
            participant_id=participant_id,
            timing=TIMING,
            access=self._access,
            features=features,
        )
        await self.disconnect()
        try:
            connection = await join()
        except ArenaError as exc:
            _logger.warning('cannot join: %s', exc)
            return False
        await self.disconnect()  # From where another call has got us meanwhile: the last one wins.
        self.workspace_id, self.room_id, self.role = workspace_id, room_id, role
        try:
            await self._enter(connection)
        except asyncio.CancelledError:
            await self.disconnect()
            raise
        if self._connection is not connection:
            return False  # The callback left the room.
        self._reader = asyncio.create_task(
            self._read_all(connection, join), name=f'read {connection.name}'
        )
        return True

    async def disconnect(self) -> None:
        """
        Leave the room; the server has let go of it when this returns. Idempotent.

        A coroutine callback that is under way runs to its end: it may be what disconnects us.
        """
        reader, self._reader = self._reader, None
        if reader is not None and not self._callbacks.is_calling(reader):
            reader.cancel()
            await asyncio.wait([reader])
        await self._leave()
        self._forget_room()

    async def delete_room(self, workspace_id: str, room_id: str) -> bool:
        """
        Delete a room; False when there is none. A client that is in the room leaves it.

        :raises ArenaError: the server was not reached or refused.
        """
        is_own = (workspace_id, room_id) == (self.workspace_id, self.room_id)
        self._is_deleting = is_own
        try:
            is_deleted = await super().delete_room(workspace_id, room_id)
        finally:
            self._is_deleting = False
        if is_own:
            await self.disconnect()
        return is_deleted

    async def send_heartbeat(self) -> None:
        """
        Ask the server for a sign of life; does nothing when not connected.

        :raises ConnectionLost: the connection broke.
        """
        if self._connection is not None:
            await self._connection.send(Heartbeat())

    async def send_emergency_stop(self, reason: str = 'Emergency stop') -> None:
        """
        Stop everybody in the room.

        :param reason: as text, of which the first 200 characters count.
        :raises ValueError: not connected.
        :raises ConnectionLost: the connection broke.
        """
        await self._joined('send emergency stop').send(
            EmergencyStop(str(reason)[:MAX_REASON_LENGTH])
        )

    async def request_reset(self, participant_id: str, stop_id: str) -> None:
        """
        Ask a robot in the room to reset its emergency stop.

        The answer is its next state: without ``stop``, or with ``reset_refusal``. Where no such
        robot allows it, ``on_error`` is called.

        :param stop_id: ``stop.id`` of the robot's state; another stop is not reset.
        :raises ValueError: not connected, or with a server or a client that cannot do this.
        :raises ConnectionLost: the connection broke.
        """
        connection = self._joined('request a reset')
        if Feature.REMOTE_RESET not in connection.features:
            raise ValueError(
                'a reset needs a server that has remote_reset, and on_robot_state to be set before'
                ' connecting'
            )
        await connection.send(ResetStop(participant_id, stop_id=stop_id))

    def is_connected(self) -> bool:
        """Say whether the client is in a room."""
        return self._connection is not None

    @property
    def connected(self) -> bool:
        """Whether the client is in a room."""
        return self.is_connected()

    def get_connection_info(self) -> dict[str, Any]:
        """Give the present room, role and id; None where not connected."""
        return {
            'connected': self.is_connected(),
            'workspace_id': self.workspace_id,
            'room_id': self.room_id,
            'role': self.role,
            'participant_id': self.participant_id,
            'base_url': self.base_url,
        }

    # ----- callbacks

    def on_connected(self, callback: Callable[[], Any]) -> None:
        """Have ``callback()`` called after each join."""
        self._callbacks.set('connected', callback)

    def on_disconnected(self, callback: Callable[[], Any]) -> None:
        """Have ``callback()`` called once at the end of each joined connection."""
        self._callbacks.set('disconnected', callback)

    def on_error(self, callback: Callable[[str], Any]) -> None:
        """Have ``callback(text)`` called for the server's errors and for emergency stops."""
        self._callbacks.set('error', callback)

    def on_emergency_stop(self, callback: Callable[[EmergencyStop], Any]) -> None:
        """
        Have ``callback(stop)`` called for each emergency stop.

        Our own comes back, too: its ``source`` is our ``participant_id``.
        """
        self._callbacks.set('emergency_stop', callback)

    def on_robot_state(self, callback: Callable[[str, RobotState | None], Any]) -> None:
        """
        Have ``callback(participant_id, state)`` called for each state that a robot tells.

        ``state`` is None when the robot has left the room. Set it before connecting: the server
        sends states only to clients that ask for them when they join, and the public server
        sends none.
        """
        self._callbacks.set('robot_state', callback)

    def on_message(self, callback: Callable[[Event], Any]) -> None:
        """Have ``callback(event)`` called for everything, with source and timestamp."""
        self._callbacks.set('message', callback)

    # ----- inside

    @property
    def _is_watching(self) -> bool:
        return self._callbacks.has('robot_state')

    def _begin(self) -> None:
        """Know nothing of a room; called when the client is made, and after each join."""

    async def _heard(self, event: Event, connection: Connection) -> None:
        """Take what the room says, before the callbacks do."""

    def _forget_room(self) -> None:
        self.workspace_id = self.room_id = self.role = self.participant_id = None

    async def _enter(self, connection: Connection) -> None:
        self._connection = connection
        self._begin()
        self.participant_id = connection.participant_id
        await self._callbacks.call('connected')

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.aclose()
            finally:
                await self._callbacks.call('disconnected')

    async def _read_all(self, first: Connection, join: Join) -> None:
        try:
            async with contextlib.aclosing(self._connections(first, join)) as connections:
                async for connection in connections:
                    if self._reader is not asyncio.current_task():
                        return  # We were disconnected, too late to cancel joining.
                    if connection is not first:
                        await self._enter(connection)
                    await self._read(connection)
                    if self._reader is not asyncio.current_task():
                        return  # A callback disconnected us.
        except ArenaError as exc:
            _logger.error('not joining again: %s', exc)

    async def _read(self, connection: Connection) -> None:
        try:
            async for event in connection:
                if not (self._is_deleting and _tells_deletion(event)):
                    await self._heard(event, connection)
                    await self._callbacks.dispatch(event)
        except TransportError as exc:
            if connection is self._connection:
                _logger.log(logging.INFO if self._is_deleting else logging.WARNING, '%s', exc)
                await self._leave()

    async def _connections(
        self, first: Connection, join: Join
    ) -> AsyncGenerator[Connection, None]:
        yield first
        if not self._reconnect:
            return
        again = keep_joined(
            join, delays=functools.partial(backoff, 0.5, 10.0), on_failure=_log_retry
        )
        async with contextlib.aclosing(again):
            async for connection in again:
                yield connection

    def _joined(self, what: str) -> Connection:
        if self._connection is None:
            raise ValueError(f'Must be connected to {what}')
        return self._connection


def parse_role(role: str) -> Role:
    """
    Read a role's name.

    :raises ValueError: it is neither ``producer`` nor ``consumer``.
    """
    try:
        return Role(role)
    except ValueError:
        raise ValueError(f"Invalid role: {role!r}, expected 'producer' or 'consumer'") from None


def _tells_deletion(event: Event) -> bool:
    return isinstance(event, ErrorReply) and event.code == 'room_deleted'


def _log_retry(error: ArenaError, pause_s: float) -> None:
    # A defect of ours needs its traceback; the rest is the network's.
    bug = error.__cause__ if isinstance(error, UnexpectedError) else None
    level = logging.ERROR if bug else logging.INFO
    _logger.log(level, 'trying again in %.1f s: %s', pause_s, error, exc_info=bug)
