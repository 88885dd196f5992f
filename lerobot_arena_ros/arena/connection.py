# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One joined WebSocket of one room; the iterator that rejoins it is in :mod:`.reconnect`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
import functools
import platform
import re
import uuid

from websockets.exceptions import ConnectionClosed

from .access import Access
from .address import Address
from .client_socket import ClientSocket
from .connect import open_socket
from .errors import (
    ArenaError,
    ConnectError,
    ConnectionLost,
    JoinRefused,
    ProtocolError,
    RoleTaken,
    RoomNotFound,
)
from .features import Feature
from .lane.client_lane import ClientLane
from .lane.dial import dial, prepare
from .lane.keeper import Dial
from .lane.lane import LaneReport
from .messages import (
    EmergencyStop,
    Heartbeat,
    Join,
    JointUpdate,
    LastStop,
    Message,
    Role,
    decode_server,
    encode,
    room_info,
)
from .rest_client import Rooms
from .session import Event, LinkTiming, Session
from .steady_clock import steady_now
from .video_messages import VideoFrame, decode_video_server

__all__ = [
    'Connection',
    'new_participant_id',
    'open_connection',
]

POLL_PERIOD_S = 1.0
"""The period of REST requests for the room if heartbeat answers do not report its producer."""

MAX_NAME_LENGTH = 60
"""The maximum length of the readable part of a participant id; a server accepts ids up to 100."""

MIN_WATCH_PERIOD_S = 0.01
"""The minimum time between two checks, because a deadline may stay in the past."""

ANSWER_POLL_S = 0.005
"""The period of checks for the answer of a peer that sends again after a silence."""

MAX_WAITING = 16
"""While this many events wait for the iterator, updates by the lane are dropped."""

IDLE_ITERATIONS = 10
"""
Iterations of the event loop without a frame after which the socket counts as drained.

More than one, because iterating messages, unlike :meth:`Connection.listen`, needs several
iterations for each frame.
"""

MAX_DRAIN_S = 1.0
"""The maximum time to drain a socket, because a server may send without end."""

_CLOSE_REASONS = {
    1012: 'the server was shut down',
    1013: 'the server closed the connection: this participant did not read its messages',
    4404: 'the room was deleted',
    4408: 'the server disconnected this participant, because it had sent nothing for seconds',
}
"""The meaning of the close codes of a server."""


def new_participant_id(name: str) -> str:
    """
    Return a readable unique participant id, for example ``arm1-bridge-3f2a91``.

    Use a new id for each join, because the public server keeps one table of ids for all rooms and
    evicts the previous participant when an id is used again.

    :param name: the prefix of the id; characters other than letters and digits become hyphens.
    """
    readable = re.sub('[^A-Za-z0-9]+', '-', name)[:MAX_NAME_LENGTH].strip('-') or 'participant'
    return f'{readable}-{uuid.uuid4().hex[:6]}'


async def open_connection(
    address: Address,
    workspace_id: str,
    room_id: str,
    role: Role,
    *,
    participant_id: str | None = None,
    features: frozenset[Feature] = frozenset(),
    timing: LinkTiming | None = None,
    access: Access | None = None,
) -> Connection:
    """
    Connect to a server and join a room, of the kind that the address names.

    :param participant_id: None generates one from the machine's name and the role.
    :param features: the protocol extensions that the caller supports.
    :param timing: None uses the defaults.
    :param access: None sends no token and trusts the system's certificate authorities.
    :raises ConnectError: the server was not reached or did not answer in time.
    :raises InvalidAccess: the token must not be sent to this server, or the CA file is invalid.
    :raises AccessDenied: the server requires a token, and it is missing or wrong.
    :raises RoomNotFound: there is no such room.
    :raises RoleTaken: the room already has a producer.
    :raises JoinRefused: the server refused the join for another reason.
    """
    timing, access = timing or LinkTiming(), access or Access()
    no_lane: str | None = 'it is switched off'
    if Feature.FAST_LANE in features:
        no_lane = await prepare()
    if no_lane is not None:
        features -= {Feature.FAST_LANE}
    name = f'{platform.node()}-{role.value}'
    join = Join(participant_id or new_participant_id(name), role, features)
    socket = await open_socket(address, workspace_id, room_id, access, timing.join_timeout_s)
    decode = decode_video_server if address.service == 'video' else decode_server
    session = Session(join, timing, steady_now(), decode)
    rooms = Rooms(address, access=access)
    # The server is where the WebSocket goes, except through a proxy, which forwards no datagrams.
    host = socket.peer_host if access.proxy(address) is None else address.host
    connection = Connection(
        socket,
        session,
        rooms,
        workspace_id,
        room_id,
        dial=functools.partial(dial, host),
        no_lane=no_lane,
    )
    try:
        await connection._join(timing.join_timeout_s)
    except BaseException:
        await connection.aclose()
        raise
    return connection


class Connection:
    """
    A joined WebSocket: an asynchronous iterable of events, and ``send``.

    Created by :func:`open_connection`. Belongs to one event loop, except :meth:`send_now`. Iterate
    it once, or call :meth:`listen` once.
    """

    def __init__(
        self,
        socket: ClientSocket,
        session: Session,
        rooms: Rooms,
        workspace_id: str,
        room_id: str,
        *,
        dial: Dial,
        no_lane: str | None,
    ) -> None:
        self.workspace_id = workspace_id
        self.room_id = room_id
        self._socket = socket
        self._session = session
        self._rooms = rooms
        self._pending: deque[Event] = deque()
        self._on_event: Callable[[Event], None] | None = None
        self._loss: ArenaError | None = None
        self._exception: Exception | None = None
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._lane = ClientLane(
            session,
            dial,
            no_lane=no_lane,
            post=socket.post,
            deliver=self._deliver_datagram,
            is_behind=self._is_behind,
        )

    @property
    def name(self) -> str:
        """The room as shown in messages."""
        return f'room {self.workspace_id}/{self.room_id}'

    @property
    def participant_id(self) -> str:
        """The participant id of this connection."""
        return self._session.join.participant_id

    @property
    def features(self) -> frozenset[Feature]:
        """The protocol extensions that the server enabled for this participant."""
        return self._session.features

    @property
    def last_stop(self) -> LastStop | None:
        """The last emergency stop of the room at the join; None if there is none or no feature."""
        return self._session.last_stop

    @property
    def lane_report(self) -> LaneReport | None:
        """How the lane works; None if there is none. Any thread."""
        return self._lane.report

    @property
    def lane_obstacle(self) -> str | None:
        """Why there is no lane; None while there is one, or none is wanted. Any thread."""
        return self._lane.obstacle

    async def send(self, message: Message | VideoFrame) -> None:
        """
        Send a message; return when it has been written.

        :raises ConnectionLost: the connection was lost.
        :raises ProtocolError: the message cannot be encoded as JSON.
        """
        if isinstance(message, JointUpdate):
            message = self._lane.numbered(message)
            if self._lane.send_update(message):
                return
        elif isinstance(message, EmergencyStop):
            message = self._lane.send_stop(message)
        text = message.text if isinstance(message, JointUpdate | VideoFrame) else encode(message)
        try:
            await self._socket.send(text)
        except (ConnectionClosed, OSError) as exc:
            raise self._lost(exc) from exc

    def post(self, message: Message) -> None:
        """Write a message without waiting; do nothing if the connection is ending."""
        self._socket.post(encode(message))

    def send_now(self, update: JointUpdate) -> bool:
        """
        Write a joint update if the socket accepts it at once; thread-safe.

        :returns: whether it was written. If not, nothing was written; use :meth:`send` instead,
            which also takes the lane.
        :raises ProtocolError: the update cannot be encoded as JSON.
        """
        if self._lane.is_open:
            return False
        return self._socket.send_now(self._lane.numbered(update).text)

    async def listen(self, on_event: Callable[[Event], None]) -> None:
        """
        Call a callback for every event until :meth:`aclose`.

        :param on_event: called in the event loop as soon as an event arrives; must not block.
        :raises ConnectionLost: the connection was lost.
        :raises Exception: ``on_event`` raised it; the connection has been aborted.
        """

        def on_message(message: str | bytes) -> None:
            if not self._is_closing:
                self._deliver(self._receive(message))

        self._on_event = on_event
        self._deliver([])
        await self._socket.listen(on_message)
        if self._exception is not None:
            raise self._exception from None
        if not self._is_closing:
            exc = self._socket.closed
            raise self._lost(exc) from exc

    async def __aiter__(self) -> AsyncIterator[Event]:
        """
        Yield every event until :meth:`aclose`.

        :raises ConnectionLost: the connection was lost.
        """
        try:
            while not self._is_closing:
                if self._pending:
                    yield self._pending.popleft()
                    continue
                self._session.restart_timeout(steady_now())
                frame = await self._socket.receive()
                if frame is not None:
                    self._pending.extend(self._receive(frame))
        except (ConnectionClosed, OSError) as exc:
            if not self._is_closing:
                raise self._lost(exc) from exc

    async def aclose(self) -> None:
        """Leave the room; idempotent. Takes about a second at most."""
        self._is_closing = True
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            await self._socket.close()

    def _receive(self, frame: str | bytes) -> list[Event]:
        return self._lane.without_answers(self._session.receive(frame, steady_now()))

    def _deliver_datagram(self, events: list[Event]) -> None:
        if events and not self._is_closing:
            self._deliver(events)
            self._socket.interrupt()

    def _is_behind(self) -> bool:
        """Return whether the iterator is too slow for more updates."""
        return self._on_event is None and len(self._pending) >= MAX_WAITING

    def _deliver(self, events: list[Event]) -> None:
        """Pass on events: at once if :meth:`listen` runs, otherwise with the next frame."""
        self._pending.extend(events)
        if self._on_event is None:
            return
        try:
            while self._pending and not self._is_closing:
                self._on_event(self._pending.popleft())
        except Exception as exc:
            self._exception = exc
            self._abort(None)

    async def _join(self, timeout_s: float) -> None:
        """Send the join frame and wait for the answer."""
        timeout = ConnectError('no answer to the join')
        # Not wait_for: before Python 3.12 it can swallow a cancellation.
        timer = asyncio.get_running_loop().call_later(timeout_s, self._abort, timeout)
        try:
            await self._socket.send(self._session.first_frame())
            while not self._session.is_joined:
                frame = await self._socket.receive()
                assert frame is not None  # There is no lane yet that would interrupt.
                self._pending.extend(self._session.receive(frame, steady_now()))
        except JoinRefused as exc:
            raise await self._explain_refusal(exc) from exc
        except (ConnectionClosed, OSError) as exc:
            raise ConnectError(f'{self.name}: {self._loss or _close_reason(exc)}') from exc
        except ProtocolError as exc:
            raise ConnectError(f'{self.name}: {exc}') from exc
        finally:
            timer.cancel()
        self._start(self._watch_deadlines, 'watch')
        self._start(self._send_heartbeats, 'heartbeat')
        self._start(self._lane.keep_open, 'lane')

    async def _explain_refusal(self, refusal: JoinRefused) -> ArenaError:
        """Return a more specific error, which needs information from REST."""
        name = self.name
        try:
            info = room_info(await self._rooms.info(self.workspace_id, self.room_id))
        except RoomNotFound:
            return RoomNotFound(f'{name}: there is no such room')
        except ArenaError:
            return JoinRefused(f'{name}: {refusal}', code=refusal.code)
        may_be_taken = refusal.code in (None, 'role_taken')
        is_producer = self._session.join.role is Role.PRODUCER
        if may_be_taken and is_producer and info.producer is not None:
            text = f'{name}: the room already has a producer, {info.producer}'
            return RoleTaken(text, holder=info.producer, code=refusal.code)
        return JoinRefused(f'{name}: {refusal}', code=refusal.code)

    def _start(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        self._tasks.append(asyncio.create_task(self._run_task(work), name=f'{what} {self.name}'))

    async def _run_task(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a background task; abort the connection if it raises."""
        try:
            await work()
        except (ArenaError, ConnectionClosed, OSError) as exc:
            self._abort(exc if isinstance(exc, ArenaError) else None)
        except Exception as exc:
            self._exception = self._exception or exc
            self._abort(None)

    def _abort(self, cause: ArenaError | None) -> None:
        # Not close(), because it waits for a peer that may be gone while the robot still moves.
        self._loss = self._loss or cause
        self._socket.abort()

    async def _watch_deadlines(self) -> None:
        """Detect silence and delay. Sends nothing, because sending can block."""
        while True:
            due = self._session.next_check
            await asyncio.sleep(max(MIN_WATCH_PERIOD_S, due - steady_now()))
            if steady_now() < self._session.next_check:
                continue
            paused_s = steady_now() - due
            await self._drain_socket()
            late = self._session.check(steady_now(), paused_s=paused_s)
            if late is not None:
                self._deliver([late])

    async def _drain_socket(self) -> None:
        """
        Let the event loop read everything that the socket holds and that is in transit.

        A process that was frozen resumes with expired timers. Without this method it would abort a
        socket that holds an emergency stop. A peer that sends again gets one more heartbeat,
        because its answer arrives after everything that the peer sent before.
        """
        idle, received = 0, self._session.received
        deadline = steady_now() + MAX_DRAIN_S
        while idle < IDLE_ITERATIONS and steady_now() < deadline:
            await asyncio.sleep(0)
            idle = idle + 1 if self._session.received == received else 0
            received = self._session.received
        if not self._session.is_overdue:
            return
        last = self._session.answers + self._session.unanswered + 1
        sending = asyncio.ensure_future(self._socket.send(encode(Heartbeat())))
        try:
            while self._session.answers < last and steady_now() < deadline:
                await asyncio.sleep(ANSWER_POLL_S)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send_heartbeats(self) -> None:
        """Send heartbeats; start polling the room if the answers do not report its producer."""
        is_polling = False
        while True:
            heartbeat = self._session.heartbeat(steady_now())
            if heartbeat is not None:
                await self._socket.send(heartbeat)
            if self._session.needs_polling and not is_polling:
                is_polling = True
                self._start(self._poll_room, 'poll')
            await asyncio.sleep(self._session.next_heartbeat - steady_now())

    async def _poll_room(self) -> None:
        """Request the room's participants over REST periodically."""
        while True:
            try:
                info = room_info(await self._rooms.info(self.workspace_id, self.room_id))
            except RoomNotFound as exc:
                raise ConnectionLost('the room was deleted') from exc
            except ArenaError:
                pass  # Only heartbeats decide whether the link is alive.
            else:
                # Delivered with the next frame, at the latest with the answer to a heartbeat.
                self._pending.append(self._session.on_room_info(info, steady_now()))
            await asyncio.sleep(POLL_PERIOD_S)

    def _lost(self, exc: Exception) -> ConnectionLost:
        return ConnectionLost(f'{self.name}: {self._loss or _close_reason(exc)}')


def _close_reason(exc: Exception) -> str:
    received = getattr(exc, 'rcvd', None)
    return _CLOSE_REASONS.get(
        getattr(received, 'code', 0), f'connection lost: {exc or type(exc).__name__}'
    )
