# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
What producer and consumer of any kind of room share: one joined room, and callbacks.

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
from .connection import Connection, new_participant_id, open_connection
from .errors import ArenaError, TransportError, UnexpectedError
from .features import Feature
from .messages import MAX_REASON_LENGTH, EmergencyStop, ErrorReply, Heartbeat, Role
from .reconnect import backoff, keep_joined
from .rooms_client import ServerClient
from .session import Event, LinkTiming

__all__ = ['PAUSES_S', 'TIMING', 'JoinedClient', 'parse_role']

Join = Callable[[], Awaitable[Connection]]
Self = TypeVar('Self', bound='JoinedClient')

TIMING = LinkTiming(heartbeat_period_s=5.0, timeout_s=15.0, join_timeout_s=5.0)
"""Longer timeouts than for a robot, because a program may spend seconds in a callback."""

PAUSES_S = (0.5, 10.0)
"""The shortest and the longest pause between two attempts to join again, in seconds."""

PRODUCING = frozenset((Feature.HEARTBEAT_SEQ, Feature.LIVENESS))
"""The features of a producer that reconnects; its role is free while its program is frozen."""

_logger = logging.getLogger(__name__)


class JoinedClient(ServerClient):
    """
    A client that joins one room: the connection, its callbacks, and its end.

    :param base_url: the URL of the server; a path such as ``/api`` is kept.
    :param reconnect: join the same room again after the connection was lost; the callbacks report
        both.
    :param name: the beginning of the participant ids, of which each join has a new one; None: the
        name of the machine and the role.
    :param token: the bearer token; None reads it from the environment variable
        ``LEROBOT_ARENA_TOKEN`` if that is set.
    :param ca_file: a PEM file with the only certificate authorities to trust; None trusts those
        of the system, or of ``SSL_CERT_FILE``.
    :param allow_insecure: send the token to other machines even without TLS, like
        ``LEROBOT_ARENA_ALLOW_INSECURE=1``.
    :param timing: the timeouts of the link.
    :param pauses_s: the shortest and the longest pause between two attempts to join again.
    :raises InvalidAddress: ``base_url`` is not an http or https URL.
    :raises InvalidAccess: the token or the CA file is invalid or must not be used with this URL.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        reconnect: bool = False,
        name: str | None = None,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
        timing: LinkTiming = TIMING,
        pauses_s: tuple[float, float] = PAUSES_S,
    ) -> None:
        super().__init__(base_url, token=token, ca_file=ca_file, allow_insecure=allow_insecure)
        self._reconnect = reconnect
        self._name = name
        self._timing = timing
        self._pauses_s = pauses_s
        self._connection: Connection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._callbacks = Callbacks()
        self._is_deleting = False
        self._error: ArenaError | None = None
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
        try:
            return await self.join_room(workspace_id, room_id, role, participant_id)
        except ArenaError as exc:
            _logger.warning('cannot join: %s', exc)
            return False

    async def join_room(
        self, workspace_id: str, room_id: str, role: str, participant_id: str | None = None
    ) -> bool:
        """
        Join a room as :meth:`connect_to_room` does, but raise the reason of a failure.

        :returns: False if a callback or a concurrent call has left the room meanwhile.
        :raises ArenaError: why the room was not joined.
        :raises ValueError: the role is invalid.
        """
        wanted_role = parse_role(role)
        join = functools.partial(self._open, workspace_id, room_id, wanted_role, participant_id)
        await self.disconnect()
        try:
            connection = await join()
        except ArenaError as exc:
            self._error = exc
            raise
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

    async def wait_left(self) -> None:
        """Wait until the client has left its room and does not try to join it again."""
        if self._reader is not None:
            await asyncio.wait([self._reader])

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

    def is_connected(self) -> bool:
        """Return whether the client is in a room."""
        return self._connection is not None

    @property
    def connected(self) -> bool:
        """Whether the client is in a room."""
        return self.is_connected()

    @property
    def error(self) -> ArenaError | None:
        """Why the room was lost, or why the last attempt to join failed; None in a room."""
        return self._error

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

    def on_message(self, callback: Callable[[Event], Any]) -> None:
        """Call ``callback(event)`` for every event; messages have source and timestamp."""
        self._callbacks.set('message', callback)

    # ----- inside

    def _features(self, role: Role) -> frozenset[Feature]:
        """Return the protocol extensions to request."""
        # Without reconnect, a program that spends seconds in a callback would be disconnected
        # and never return.
        is_steady = role is Role.PRODUCER and self._reconnect
        return PRODUCING if is_steady else frozenset()

    async def _open(
        self, workspace_id: str, room_id: str, role: Role, participant_id: str | None
    ) -> Connection:
        """
        Join a room once.

        :raises ArenaError: why the room was not joined.
        """
        await self._prepare_room(workspace_id, room_id)
        return await open_connection(
            self._address,
            workspace_id,
            room_id,
            role,
            participant_id=participant_id or (self._name and new_participant_id(self._name)),
            timing=self._timing,
            access=self._access,
            features=self._features(role),
        )

    async def _prepare_room(self, workspace_id: str, room_id: str) -> None:
        """Do what is necessary before each join; the base class does nothing."""

    def _reset_state(self) -> None:
        """Discard the data of the last room; called at construction and after each join."""

    async def _close_media(self) -> None:
        """Close what depends on the connection, before the room is left."""

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Handle an event before the callbacks are called."""

    def _forget_room(self) -> None:
        self.workspace_id = self.room_id = self.role = self.participant_id = None

    async def _enter(self, connection: Connection) -> None:
        self._connection = connection
        self._error = None
        self._reset_state()
        self.participant_id = connection.participant_id
        await self._callbacks.call('connected')

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await self._close_media()
        finally:
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
            self._error = exc
            _logger.error('cannot rejoin, giving up: %s', exc)

    async def _read(self, connection: Connection) -> None:
        try:
            async for event in connection:
                if not (self._is_deleting and _is_deletion(event)):
                    await self._handle_event(event, connection)
                    await self._callbacks.dispatch(event)
        except TransportError as exc:
            self._error = exc
            _logger.log(logging.INFO if self._is_deleting else logging.WARNING, '%s', exc)
            await self._leave()

    async def _connections(
        self, first: Connection, join: Join
    ) -> AsyncGenerator[Connection, None]:
        yield first
        if not self._reconnect:
            return
        again = keep_joined(
            join, delays=functools.partial(backoff, *self._pauses_s), on_failure=self._on_failure
        )
        async with contextlib.aclosing(again):
            async for connection in again:
                yield connection

    def _on_failure(self, error: ArenaError, pause_s: float) -> None:
        self._error = error
        _log_retry(error, pause_s)

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
