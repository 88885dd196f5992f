"""One WebSocket from its acceptance to its end: who it is, what it says, goodbye."""

from __future__ import annotations

import asyncio
import logging

from starlette.websockets import WebSocket

from ..arena.errors import ProtocolError, RequestRejected, RoleTaken, RoomNotFound
from ..arena.messages import ErrorReply, decode_join
from .connection import Connection
from .hub import Hub, now
from .room import Member

__all__ = ['participate']

NORMAL = 1000
UNSUPPORTED_DATA = 1003
INVALID_DATA = 1007
POLICY_VIOLATION = 1008

_log = logging.getLogger(__name__)


async def participate(websocket: WebSocket, workspace_id: str, room_id: str, hub: Hub) -> None:
    """Serve one peer until it is gone."""
    await websocket.accept()
    connection = Connection(websocket, stall_s=hub.timing.stall_s)
    member = await _join(connection, workspace_id, room_id, hub)
    if member is not None:
        try:
            await _listen(connection, member, hub)
        finally:
            hub.leave(member)
    await connection.wait_closed()


async def _join(
    connection: Connection, workspace_id: str, room_id: str, hub: Hub
) -> Member | None:
    """Hear who the peer is and take it in; None where that came to nothing."""
    try:
        frame = await asyncio.wait_for(connection.receive(), hub.timing.join_s)
        if frame is None:
            return None
        if isinstance(frame, bytes):
            raise ProtocolError('the first frame must be text', reason='binary')
        return await hub.join(workspace_id, room_id, decode_join(frame), connection)
    except asyncio.TimeoutError:
        text = f'No join message came within {hub.timing.join_s:g} s'
        _refuse(connection, text, 'join_timeout', POLICY_VIOLATION)
    except ProtocolError as exc:
        _refuse(connection, f'Invalid join: {exc}', f'invalid_{exc.reason}', _close_code(exc))
    except RequestRejected as exc:
        _log.info('join refused: workspace %r, room %r: %s', workspace_id, room_id, exc)
        _refuse(connection, 'Cannot join room', _error_code(exc), NORMAL)
    return None


async def _listen(connection: Connection, member: Member, hub: Hub) -> None:
    """Pass on what a participant says until it is gone or says something unheard-of."""
    while (frame := await connection.receive()) is not None:
        if isinstance(frame, bytes):
            text = 'Binary frames are not understood'
            _refuse(connection, text, 'invalid_binary', UNSUPPORTED_DATA)
            return
        hub.hear(member, frame)


def _refuse(connection: Connection, text: str, code: str, close_code: int) -> None:
    """Say why, then close: some clients wait for the error and overlook a bare close."""
    connection.put(ErrorReply(text, now().stamp, code))
    connection.close(close_code)


def _close_code(error: ProtocolError) -> int:
    return {'json': INVALID_DATA, 'binary': UNSUPPORTED_DATA}.get(error.reason, POLICY_VIOLATION)


def _error_code(error: RequestRejected) -> str:
    match error:
        case RoomNotFound():
            return 'room_not_found'
        case RoleTaken():
            return 'role_taken'
        case _:
            return 'join_refused'
