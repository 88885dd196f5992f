# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The common base of producer and consumer: rooms, one joined room, and callbacks.

Names, signatures and results are those of the public Python client, so that a program written
for it works after a change of its import. Callbacks run in the event loop that called
``connect``. The result of a coroutine function is awaited; an exception is logged and has no other
effect. No message is received while a callback is awaited, so a callback that takes longer than
15 s ends the connection.
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
from .connection import Connection, open_connection
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
from .reconnect import backoff, keep_joined
from .robot_state import RobotState
from .rooms_client import RoomsClient
from .session import Event, LinkTiming

__all__ = ['RoboticsClientCore', 'parse_role']

Join = Callable[[], Awaitable[Connection]]
Self = TypeVar('Self', bound='RoboticsClientCore')

TIMING = LinkTiming(heartbeat_period_s=5.0, timeout_s=15.0, join_timeout_s=5.0)
"""Longer timeouts than for a robot, because a program may spend seconds in a callback."""

PRODUCING = frozenset((Feature.HEARTBEAT_SEQ, Feature.LIVENESS))
"""The features of a producer that reconnects; its role is free while its program is frozen."""

WATCHING = frozenset((Feature.ROBOT_STATE, Feature.REMOTE_RESET))
"""The features of a program that has an ``on_robot_state`` callback."""

_logger = logging.getLogger(__name__)


class RoboticsClientCore(RoomsClient):
    """
    The common base of producer and consumer: rooms over REST, and one joined room.

    :param base_url: the URL of the server; a path such as ``/api`` is kept.
    :param reconnect: join the same room again after the connection was lost; the callbacks report
        both.
    :param token: the bearer token; None reads it from the environment variable
        ``LEROBOT_ARENA_TOKEN`` if that is set.
    :param ca_file: a PEM file with the only certificate authorities to trust; None trusts those
        of the system, or of ``SSL_CERT_FILE``.
    :param allow_insecure: send the token to other machines even without TLS, like
        ``LEROBOT_ARENA_ALLOW_INSECURE=1``.
    :raises InvalidAddress: ``base_url`` is not an http or https URL.
    :raises InvalidAccess: the token or the CA file is invalid or must not be used with this URL.
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
        self._reset_state()

    async def __aenter__(self: Self) -> Self:
        """Return the client itself; it is not connected automatically."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Leave the room."""
        await self.disconnect()

    # ----- connection

    async def connect_to_room(
        self, workspace_id: str, room_id: str, role: str, participant_id: str | None = None
    ) -> bool:
        """
        Join a room after leaving the current one.

        :param role: ``producer`` or ``consumer``.
        :param participant_id: None generates a new one.
        :returns: whether the join succeeded; the reason of a failure is logged.
        :raises ValueError: the role is invalid.
        """
        wanted_role = parse_role(role)
        features = self._own_features
        # Without reconnect, a program that spends seconds in a callback would be disconnected
        # and never return.
        if wanted_role is Role.PRODUCER and self._reconnect:
            features |= PRODUCING
        if self._wants_robot_states:
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
        await self.disconnect()  # A concurrent call may have joined meanwhile: the last one wins.
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
        Leave the room; when this returns, the server has removed the participant. Idempotent.

        A running coroutine callback is not cancelled, because it may be the caller.
        """
        reader, self._reader = self._reader, None
        if reader is not None and not self._callbacks.is_calling(reader):
            reader.cancel()
            await asyncio.wait([reader])
        await self._leave()
        self._forget_room()

    async def delete_room(self, workspace_id: str, room_id: str) -> bool:
        """
        Delete a room; return False if it does not exist. Leave it first if this client is in it.

        :raises ArenaError: the server was not reached or refused the request.
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
        Send a heartbeat; do nothing if not connected.

        :raises ConnectionLost: the connection was lost.
        """
        if self._connection is not None:
            await self._connection.send(Heartbeat())

    async def send_emergency_stop(self, reason: str = 'Emergency stop') -> None:
        """
        Send an emergency stop to all participants of the room.

        :param reason: why; truncated to 200 characters.
        :raises ValueError: not connected.
        :raises ConnectionLost: the connection was lost.
        """
        await self._joined('send emergency stop').send(
            EmergencyStop(str(reason)[:MAX_REASON_LENGTH])
        )

    async def request_reset(self, participant_id: str, stop_id: str) -> None:
        """
        Request that a robot in the room resets its emergency stop.

        The robot's next state is the answer: it has no ``stop``, or it has a ``reset_refusal``.
        ``on_error`` is called if the room has no such robot that allows it.

        :param stop_id: ``stop.id`` of the robot's state; another stop is not reset.
        :raises ValueError: not connected, or the server or this client does not support it.
        :raises ConnectionLost: the connection was lost.
        """
        connection = self._joined('request a reset')
        if Feature.REMOTE_RESET not in connection.features:
            raise ValueError(
                'a reset requires a server with the feature remote_reset, and an on_robot_state'
                ' callback that was set before connecting'
            )
        await connection.send(ResetStop(participant_id, stop_id=stop_id))

    def is_connected(self) -> bool:
        """Return whether the client is in a room."""
        return self._connection is not None

    @property
    def connected(self) -> bool:
        """Whether the client is in a room."""
        return self.is_connected()

    def get_connection_info(self) -> dict[str, Any]:
        """Return the current room, role and participant id; each is None if not connected."""
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
        """Call ``callback()`` after each join."""
        self._callbacks.set('connected', callback)

    def on_disconnected(self, callback: Callable[[], Any]) -> None:
        """Call ``callback()`` once at the end of each joined connection."""
        self._callbacks.set('disconnected', callback)

    def on_error(self, callback: Callable[[str], Any]) -> None:
        """Call ``callback(text)`` for errors from the server and for emergency stops."""
        self._callbacks.set('error', callback)

    def on_emergency_stop(self, callback: Callable[[EmergencyStop], Any]) -> None:
        """
        Call ``callback(stop)`` for each emergency stop.

        The client also receives its own stops; their ``source`` is its ``participant_id``.
        """
        self._callbacks.set('emergency_stop', callback)

    def on_robot_state(self, callback: Callable[[str, RobotState | None], Any]) -> None:
        """
        Call ``callback(participant_id, state)`` for each state that a robot reports.

        ``state`` is None if the robot has left the room. Set the callback before connecting,
        because the server sends states only to clients that request them in the join. The public
        server sends none.
        """
        self._callbacks.set('robot_state', callback)

    def on_message(self, callback: Callable[[Event], Any]) -> None:
        """Call ``callback(event)`` for every event; messages have source and timestamp."""
        self._callbacks.set('message', callback)

    # ----- inside

    @property
    def _wants_robot_states(self) -> bool:
        return self._callbacks.has('robot_state')

    def _reset_state(self) -> None:
        """Discard the data of the last room; called at construction and after each join."""

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Handle an event before the callbacks are called."""

    def _forget_room(self) -> None:
        self.workspace_id = self.room_id = self.role = self.participant_id = None

    async def _enter(self, connection: Connection) -> None:
        self._connection = connection
        self._reset_state()
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
                        return  # disconnect() was called too late to cancel the join.
                    if connection is not first:
                        await self._enter(connection)
                    await self._read(connection)
                    if self._reader is not asyncio.current_task():
                        return  # A callback called disconnect().
        except ArenaError as exc:
            _logger.error('cannot rejoin, giving up: %s', exc)

    async def _read(self, connection: Connection) -> None:
        try:
            async for event in connection:
                if not (self._is_deleting and _is_deletion(event)):
                    await self._handle_event(event, connection)
                    await self._callbacks.dispatch(event)
        except TransportError as exc:
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
    Return the role with a name.

    :raises ValueError: the name is neither ``producer`` nor ``consumer``.
    """
    try:
        return Role(role)
    except ValueError:
        raise ValueError(f"Invalid role: {role!r}, expected 'producer' or 'consumer'") from None


def _is_deletion(event: Event) -> bool:
    return isinstance(event, ErrorReply) and event.code == 'room_deleted'


def _log_retry(error: ArenaError, pause_s: float) -> None:
    # Log the traceback of a bug in this package; the other errors come from the network.
    bug = error.__cause__ if isinstance(error, UnexpectedError) else None
    level = logging.ERROR if bug else logging.INFO
    _logger.log(level, 'retrying in %.1f s: %s', pause_s, error, exc_info=bug)
