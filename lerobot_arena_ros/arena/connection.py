"""One WebSocket joined to one room; the iterator that keeps it joined is in :mod:`.reconnect`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
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
from .messages import Heartbeat, Join, JointUpdate, LastStop, Message, Role, encode, room_info
from .reconnect import backoff, is_retryable, keep_joined
from .rest_client import Rooms
from .session import Event, LinkTiming, Session
from .steady_clock import steady_now

__all__ = [
    'Connection',
    'backoff',
    'keep_joined',
    'is_retryable',
    'new_participant_id',
    'open_connection',
]

POLL_PERIOD_S = 1.0
"""How often a room is looked at over REST where heartbeats do not tell of its producer."""


MAX_NAME_LENGTH = 60
"""Characters of the readable part of a participant id; a server takes ids of up to 100."""

SHORTEST_WATCH_S = 0.01
"""Between two checks, also where a deadline has passed because a heartbeat cannot be written."""

ANSWER_POLL_S = 0.005
"""Between two checks for the answer of a peer that sends again after a silence."""

QUIET_TURNS = 10
"""
Turns of the loop without a frame after which a socket holds nothing more.

Where messages are iterated, and not listened to, a frame needs more turns than one.
"""

MAX_READING_S = 1.0
"""How long reading what a socket holds may take, because a server may write without end."""

_CLOSINGS = {
    1012: 'the server was shut down',
    1013: 'the server hung up: this participant did not read what it was sent',
    4404: 'the room was deleted',
    4408: 'the server disconnected this participant, because it had sent nothing for seconds',
}
"""What a server means by a close code, in words."""


def new_participant_id(name: str) -> str:
    """
    Return a readable id that no other participant has, such as ``arm1-bridge-3f2a91``.

    The public server keeps ids in one table for all rooms and evicts the holder of an id that
    comes a second time, so each join has a new one.

    :param name: what the id begins with; characters that do not read well become hyphens.
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
    Connect and join.

    :param participant_id: None makes up a new one of the machine's name and the role.
    :param features: the additions to the wire that the caller knows.
    :param timing: None takes the defaults.
    :param access: None shows no token, and trusts the system's authorities.
    :raises ConnectError: the server was not reached or did not answer in time.
    :raises InvalidAccess: the token must not, or the CA file cannot, be used there.
    :raises AccessDenied: it wants a token, or another one.
    :raises RoomNotFound: there is no such room.
    :raises RoleTaken: the room has a producer.
    :raises JoinRefused: it refused for another reason.
    """
    timing, access = timing or LinkTiming(), access or Access()
    name = f'{platform.node()}-{role.value}'
    join = Join(participant_id or new_participant_id(name), role, features)
    socket = await open_socket(address, workspace_id, room_id, access, timing.join_timeout_s)
    session = Session(join, timing, steady_now())
    rooms = Rooms(address, access=access)
    connection = Connection(socket, session, rooms, workspace_id, room_id)
    try:
        await connection._join(timing.join_timeout_s)
    except BaseException:
        await connection.aclose()
        raise
    return connection


class Connection:
    """
    A joined WebSocket: an asynchronous iterable of events, and ``send``.

    Belongs to one event loop, but for :meth:`send_now`. Made by :func:`open_connection`; iterate
    it once, or :meth:`listen` once.
    """

    def __init__(
        self,
        socket: ClientSocket,
        session: Session,
        rooms: Rooms,
        workspace_id: str,
        room_id: str,
    ) -> None:
        self.workspace_id = workspace_id
        self.room_id = room_id
        self._socket = socket
        self._session = session
        self._rooms = rooms
        self._pending: deque[Event] = deque()
        self._take: Callable[[Event], None] | None = None
        self._loss: ArenaError | None = None
        self._bug: Exception | None = None
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        """The room, as a message would name it."""
        return f'room {self.workspace_id}/{self.room_id}'

    @property
    def participant_id(self) -> str:
        """The id under which this connection joined."""
        return self._session.join.participant_id

    @property
    def features(self) -> frozenset[Feature]:
        """The additions to the wire that the server serves to this participant."""
        return self._session.features

    @property
    def last_stop(self) -> LastStop | None:
        """The last stop of the room at the time of the join; None where there is none to tell."""
        return self._session.last_stop

    async def send(self, message: Message) -> None:
        """
        Write a message; it is on its way when this returns.

        :raises ConnectionLost: the connection is gone.
        :raises ProtocolError: the message cannot be said in JSON.
        """
        text = message.text if isinstance(message, JointUpdate) else encode(message)
        try:
            await self._socket.send(text)
        except (ConnectionClosed, OSError) as exc:
            raise self._lost(exc) from exc

    def send_now(self, update: JointUpdate) -> bool:
        """
        Write joints if the socket takes them at once; any thread.

        :returns: whether it did. Otherwise nothing was written, and :meth:`send` is the way.
        :raises ProtocolError: they cannot be said in JSON.
        """
        return self._socket.send_now(update.text)

    async def listen(self, take: Callable[[Event], None]) -> None:
        """
        Have everything taken that the server says, until :meth:`aclose`.

        :param take: called as soon as something has come, with the loop waiting.
        :raises ConnectionLost: it ended without our asking.
        :raises Exception: ``take`` raised it; the connection has ended.
        """

        def on_message(message: str | bytes) -> None:
            if not self._is_closing:
                self._hand_over(self._session.receive(message, steady_now()))

        self._take = take
        self._hand_over([])
        await self._socket.listen(on_message)
        if self._bug is not None:
            raise self._bug from None
        if not self._is_closing:
            exc = self._socket.closed
            raise self._lost(exc) from exc

    async def __aiter__(self) -> AsyncIterator[Event]:
        """
        Give what the server says, until :meth:`aclose`.

        :raises ConnectionLost: it ended without our asking.
        """
        try:
            while not self._is_closing:
                if self._pending:
                    yield self._pending.popleft()
                    continue
                self._session.listening(steady_now())
                frame = await self._socket.receive()
                self._pending.extend(self._session.receive(frame, steady_now()))
        except (ConnectionClosed, OSError) as exc:
            if not self._is_closing:
                raise self._lost(exc) from exc

    async def aclose(self) -> None:
        """Leave the room; idempotent, and done within a second or so."""
        self._is_closing = True
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            await self._socket.close()

    def _hand_over(self, events: list[Event]) -> None:
        """Hand on events at once where :meth:`listen` runs, otherwise with the next frame."""
        self._pending.extend(events)
        if self._take is None:
            return
        try:
            while self._pending and not self._is_closing:
                self._take(self._pending.popleft())
        except Exception as exc:
            self._bug = exc
            self._hang_up(None)

    async def _join(self, timeout_s: float) -> None:
        """Ask to join and wait for the answer."""
        late = ConnectError('no answer to the join')
        # Not wait_for: before Python 3.12 it may swallow a cancellation.
        patience = asyncio.get_running_loop().call_later(timeout_s, self._hang_up, late)
        try:
            await self._socket.send(self._session.first_frame())
            while not self._session.is_joined:
                frame = await self._socket.receive()
                self._pending.extend(self._session.receive(frame, steady_now()))
        except JoinRefused as exc:
            raise await self._why_refused(exc) from exc
        except (ConnectionClosed, OSError) as exc:
            raise ConnectError(f'{self.name}: {self._loss or _closing(exc)}') from exc
        except ProtocolError as exc:
            raise ConnectError(f'{self.name}: {exc}') from exc
        finally:
            patience.cancel()
        self._start(self._keep_watch, 'watch')
        self._start(self._keep_asking, 'ask')

    async def _why_refused(self, refusal: JoinRefused) -> ArenaError:
        """Find out over REST what the server's one sentence does not tell."""
        name = self.name
        try:
            info = room_info(await self._rooms.info(self.workspace_id, self.room_id))
        except RoomNotFound:
            return RoomNotFound(f'{name}: there is no such room')
        except ArenaError:
            return JoinRefused(f'{name}: {refusal}')
        if self._session.join.role is Role.PRODUCER and info.producer is not None:
            return RoleTaken(f'{name}: has a producer, {info.producer}', holder=info.producer)
        return JoinRefused(f'{name}: {refusal}')

    def _start(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        self._tasks.append(asyncio.create_task(self._guard(work), name=f'{what} {self.name}'))

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a background job; what ends it ends the connection."""
        try:
            await work()
        except (ArenaError, ConnectionClosed, OSError) as exc:
            self._hang_up(exc if isinstance(exc, ArenaError) else None)
        except Exception as exc:
            self._bug = self._bug or exc
            self._hang_up(None)

    def _hang_up(self, cause: ArenaError | None) -> None:
        # Not close(): a peer that is gone would be waited for, while the robot still moves.
        self._loss = self._loss or cause
        self._socket.abort()

    async def _keep_watch(self) -> None:
        """Notice silence and delay. Writes nothing, because writing might have to wait."""
        while True:
            due = self._session.next_check
            await asyncio.sleep(max(SHORTEST_WATCH_S, due - steady_now()))
            if steady_now() < self._session.next_check:
                continue
            paused_s = steady_now() - due
            await self._read_what_is_there()
            late = self._session.check(steady_now(), paused_s=paused_s)
            if late is not None:
                self._hand_over([late])

    async def _read_what_is_there(self) -> None:
        """
        Let the loop read everything that the socket holds, and what is on its way.

        A process that was frozen wakes up with its timers expired: without this it would drop a
        socket that holds an emergency stop. A peer that sends again is asked for one more
        answer, because that comes after everything which the peer sent before.
        """
        quiet, received = 0, self._session.received
        deadline = steady_now() + MAX_READING_S
        while quiet < QUIET_TURNS and steady_now() < deadline:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._session.received == received else 0
            received = self._session.received
        if not self._session.is_overdue:
            return
        last = self._session.answers + self._session.unanswered + 1
        asking = asyncio.ensure_future(self._socket.send(encode(Heartbeat())))
        try:
            while self._session.answers < last and steady_now() < deadline:
                await asyncio.sleep(ANSWER_POLL_S)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _keep_asking(self) -> None:
        """Send heartbeats; look at the room where the answers do not tell of its producer."""
        is_polling = False
        while True:
            heartbeat = self._session.heartbeat(steady_now())
            if heartbeat is not None:
                await self._socket.send(heartbeat)
            if self._session.needs_polling and not is_polling:
                is_polling = True
                self._start(self._keep_polling, 'poll')
            await asyncio.sleep(self._session.next_heartbeat - steady_now())

    async def _keep_polling(self) -> None:
        """Look at the room again and again."""
        while True:
            try:
                info = room_info(await self._rooms.info(self.workspace_id, self.room_id))
            except RoomNotFound as exc:
                raise ConnectionLost('the room was deleted') from exc
            except ArenaError:
                pass  # Whether the link is alive is the heartbeat's business.
            else:
                # Read with the next frame, at the latest with the answer to a heartbeat.
                self._pending.append(self._session.polled(info, steady_now()))
            await asyncio.sleep(POLL_PERIOD_S)

    def _lost(self, exc: Exception) -> ConnectionLost:
        return ConnectionLost(f'{self.name}: {self._loss or _closing(exc)}')


def _closing(exc: Exception) -> str:
    received = getattr(exc, 'rcvd', None)
    return _CLOSINGS.get(
        getattr(received, 'code', 0), f'connection lost: {exc or type(exc).__name__}'
    )
