# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Serves one WebSocket: accepts it, handles the join and all messages, and closes it."""

from __future__ import annotations

import asyncio
from functools import partial

from ...arena.errors import AccessDenied, ProtocolError, RequestRejected
from ...arena.messages import ErrorReply, decode_join
from ..access.admission import Entry
from ..access.rules import Actor
from ..access.tokens import NotAllowed
from ..error_codes import code_of
from ..net.rate_limiter import Verdict
from ..net.web_socket import WebSocket
from ..rooms.base_room import Member
from ..rooms.registry import Place
from .clock import now
from .connection_manager import ConnectionManager
from .participant_connection import ParticipantConnection

__all__ = ['participate']

NORMAL = 1000
UNSUPPORTED_DATA = 1003
INVALID_DATA = 1007
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013

RATE_LIMITED = 'rate_limited'


async def participate(
    socket: WebSocket,
    actor: Actor,
    entry: Entry,
    place: Place,
    manager: ConnectionManager,
) -> None:
    """
    Serve one peer until its connection has ended.

    :param actor: the address and the grant of the peer.
    :param entry: its entry in the admission control.
    :param place: the room that the peer wants to join.
    """
    if not socket.accept():
        return
    stall_s = manager.timing.stall_s
    connection = ParticipantConnection(
        socket, actor, entry, stall_s=stall_s, counters=manager.counters, log=manager.log
    )
    connection.on_flood(partial(_on_flood, connection, manager))
    try:
        await _serve_member(connection, place, manager)
    except Exception:
        connection.close(INTERNAL_ERROR)
        connection.linger()
        raise
    await connection.wait_ended()


async def _serve_member(
    connection: ParticipantConnection, place: Place, manager: ConnectionManager
) -> None:
    member = await _join(connection, place, manager)
    if member is not None:
        try:
            await connection.listen(_MessageHandler(connection, member, manager).handle)
        finally:
            manager.leave(member)


async def _join(
    connection: ParticipantConnection, place: Place, manager: ConnectionManager
) -> Member | None:
    """Wait for the join message and add the participant; return None if it is refused."""
    try:
        frame = await asyncio.wait_for(connection.receive(), manager.timing.join_s)
        if frame is None:
            return None
        if isinstance(frame, bytes):
            raise ProtocolError('the first frame must be text', reason='binary')
        member = await manager.join(place, decode_join(frame), connection)
        if manager.admission.promote(connection.entry):  # With tokens, it is promoted already.
            return member
        manager.leave(member)
        code, detail = 'connections_full', 'This server has reached its limit of connections'
        _refuse(connection, manager, detail, code, TRY_AGAIN_LATER)
    except asyncio.TimeoutError:
        code, detail = 'join_timeout', f'No join message came within {manager.timing.join_s:g} s'
        _refuse(connection, manager, detail, code, POLICY_VIOLATION)
    except ProtocolError as exc:
        code, detail = code_of(exc), f'Invalid join: {exc}'
        _refuse(connection, manager, detail, code, _close_code(exc))
    except AccessDenied as exc:
        code, detail = code_of(exc), str(exc)
        _refuse(connection, manager, detail, code, POLICY_VIOLATION)
    except RequestRejected as exc:
        code, detail = code_of(exc), str(exc)
        # "Cannot join room" is the text of the public server.
        text = detail if isinstance(exc, NotAllowed) else 'Cannot join room'
        _refuse(connection, manager, text, code, NORMAL)
    fields = {**connection.actor.log_fields, **place.log_fields}
    manager.log.note('join_refused', code=code, detail=detail, **fields)
    manager.log.sample('join_refused', code=code, **fields)
    return None


class _MessageHandler:
    """Handles the messages of one participant."""

    def __init__(
        self, connection: ParticipantConnection, member: Member, manager: ConnectionManager
    ) -> None:
        self._connection = connection
        self._member = member
        self._manager = manager

    def handle(self, frame: str | bytes, verdict: Verdict) -> None:
        """Handle a message according to its type and the verdict of the rate limiter."""
        if isinstance(frame, bytes):
            text = 'Binary messages are not supported'
            _disconnect(self._connection, self._manager, text, 'invalid_binary', UNSUPPORTED_DATA)
            return
        if verdict is Verdict.PASS:
            self._manager.handle_message(self._member, frame)
        else:
            self._manager.handle_rate_limited(self._member, frame)
            _on_rate_limited(self._connection, self._manager, verdict)


def _on_rate_limited(
    connection: ParticipantConnection, manager: ConnectionManager, verdict: Verdict
) -> None:
    """Reply with an error, or disconnect the participant, as the verdict requires."""
    rate = f'at most {manager.limits.frames_hz:g} messages per second'
    if verdict is Verdict.CLOSE:
        text = f'Far too many messages: {rate} are accepted'
        _disconnect(connection, manager, text, RATE_LIMITED, POLICY_VIOLATION)
        return
    manager.counters.refused[RATE_LIMITED] += 1
    if verdict is Verdict.DROP_AND_REPLY:
        manager.log.note(RATE_LIMITED, **connection.actor.log_fields, closed=False)
        text = (
            f'Too many messages: {rate} are accepted; others are dropped, except stops and '
            'releases of control'
        )
        connection.put(ErrorReply(text, now().stamp, RATE_LIMITED))


def _on_flood(connection: ParticipantConnection, manager: ConnectionManager) -> None:
    """Disconnect a peer that sends far too many control frames or message fragments."""
    text = 'Far too many frames; control frames and message fragments count, too'
    _disconnect(connection, manager, text, RATE_LIMITED, POLICY_VIOLATION)
    connection.linger()


def _disconnect(
    connection: ParticipantConnection,
    manager: ConnectionManager,
    text: str,
    code: str,
    close_code: int,
) -> None:
    """Log and disconnect a participant."""
    manager.log.note(code, **connection.actor.log_fields, closed=True)
    _refuse(connection, manager, text, code, close_code)


def _refuse(
    connection: ParticipantConnection,
    manager: ConnectionManager,
    text: str,
    code: str,
    close_code: int,
) -> None:
    """Send an error, then close, because some clients ignore a close without an error."""
    manager.counters.refused[code] += 1
    connection.put(ErrorReply(text, now().stamp, code))
    connection.close(close_code)


def _close_code(error: ProtocolError) -> int:
    return {'json': INVALID_DATA, 'binary': UNSUPPORTED_DATA}.get(error.reason, POLICY_VIOLATION)
