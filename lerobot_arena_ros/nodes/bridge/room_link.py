"""One side's link: what keeps it joined to its room and carries what comes and goes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass
import functools
import traceback
from typing import Protocol

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import (
    Connection,
    backoff,
    keep_joined,
    new_participant_id,
    open_connection,
)
from lerobot_arena_ros.arena.errors import (
    ArenaError,
    RequestRejected,
    RoomNotFound,
    TransportError,
    UnexpectedError,
)
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    LastStop,
    ResetStop,
    Role,
    room_state,
)
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.arena.session import Event, Late, Presence
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.causes import CONNECTING, late, silent_server, unjoined
from lerobot_arena_ros.control.condition import Condition, Level, Severity, fine
from lerobot_arena_ros.control.stop import Stop

from ..runtime.arena_thread import ArenaThread
from ..runtime.node_log import NodeLog
from ..settings.bridge_settings import LinkSettings
from .condition_log import ConditionLog

__all__ = ['LinkStatus', 'RoomLink', 'Side', 'Stops']

REFRESH_PAUSE_S = 0.2
"""Between two looks at what the room remembers, however many frames were spoilt."""


@dataclass
class LinkStatus:
    """
    How a link is doing; written by the loop's thread, read by any.

    :param joined_as: our participant id while joined, else None.
    :param trouble: why it is not joined now; empty while it is, and before the first failure.
    :param is_refused: whether that is the arena's own word: no such room, say, or a taken role.
    :param timeout_s: after so much silence of the server the link is not well.
    :param heard_at: when anything was heard, in seconds of the steady clock.
    :param late: how late the link is; None while it is in time.
    :param last_loss: why the last joined connection ended; empty while none did.
    :param joins: successful joins so far.
    :param failures: failed attempts since the last join.
    :param heard: frames so far, heartbeats' answers included.
    :param round_trip_s: of the last heartbeat, or how long its answer has been missing; None
        before the first answer.
    """

    room: str
    timeout_s: float
    joined_as: str | None = None
    trouble: str = ''
    is_refused: bool = False
    late: str | None = None
    heard_at: float = 0.0
    last_loss: str = ''
    joins: int = 0
    failures: int = 0
    round_trip_s: float | None = None
    heard: int = 0

    def condition(self, now: float) -> Condition:
        """Return whether the room is joined and answers, and if not, why."""
        if self.joined_as is None:
            if not self.trouble:
                return Condition(Level.WARN, CONNECTING, Severity.NONE)
            level = Level.ERROR if self.is_refused else Level.WARN
            return Condition(level, unjoined(self.trouble))
        if now - self.heard_at > self.timeout_s:
            return Condition(Level.WARN, silent_server(self.timeout_s))
        if self.late is not None:
            return Condition(Level.WARN, self.late)
        return fine('joined')


class Side(Protocol):
    """What a link serves; all of it is called on the loop's thread."""

    def joined(self) -> None:
        """Learn that the room was joined."""

    def lost(self, cause: str) -> None:
        """Learn that it is not joined, and why."""

    def event(self, event: Event) -> bool:
        """Take what the room says; True asks for what it remembers."""

    def refreshed(self, joints: dict[str, float]) -> None:
        """Take what the room remembers."""


class Stops(Protocol):
    """The emergency stop, as a link sees it; thread-safe."""

    def heard(self, room: str, stop: EmergencyStop) -> None:
        """Learn of a stop in the room."""

    def owed(self, room: str) -> Stop | None:
        """Say which stop the room has still to be sent."""

    def delivered(self, room: str, stop: Stop) -> None:
        """Learn that the room has heard it."""

    def joined(self, room: str, participant_id: str, last_stop: LastStop | None) -> None:
        """Learn under which id the room was joined, and what it tells of its last stop."""

    def reset_requested(self, room: str, request: ResetStop) -> None:
        """Learn that a participant asks for a reset."""

    def lost(self, room: str, cause: str) -> None:
        """Learn that a joined room was lost."""


class RoomLink:
    """
    One room, joined again and again until cancelled. Belongs to the loop of its thread.

    :param name: which side it is, ``produce`` or ``consume``.
    :param create_room: create the room where it is missing; one that exists is never touched.
    :param participant_name: what the ids begin with under which the room is joined.
    :param features: the additions to the wire that this link makes use of.
    :param feed: sends what the side has to send for as long as the connection lives.
    :param on_change: called when the status has changed.
    """

    def __init__(
        self,
        name: str,
        role: Role,
        address: Address,
        access: Access,
        workspace_id: str,
        room_id: str,
        settings: LinkSettings,
        *,
        create_room: bool,
        participant_name: str,
        features: frozenset[Feature],
        side: Side,
        feed: Callable[[Connection], Awaitable[None]],
        stops: Stops,
        thread: ArenaThread,
        logger: NodeLog,
        on_change: Callable[[], None],
    ) -> None:
        self.name = name
        self.status = LinkStatus(f'{workspace_id}/{room_id}', settings.timing.timeout_s)
        self._role = role
        self._address = address
        self._access = access
        self._place = (workspace_id, room_id)
        self._settings = settings
        self._create_room = create_room
        self._participant_name = participant_name
        self._features = features
        self._side = side
        self._feed = feed
        self._stops = stops
        self._thread = thread
        self._logger = logger
        self._told = ConditionLog(
            logger, recovered='the link is in time again', patience_s=0.0, about=f'{name}: '
        )
        self._on_change = on_change
        self._rooms = Rooms(address, access=access)
        self._stop_owed = asyncio.Event()
        self._on_the_way: deque[Stop] = deque()
        self._stale = asyncio.Event()
        self._bug: Exception | None = None

    def wake(self) -> None:
        """Look whether the room is owed a stop; any thread."""
        self._thread.post(self._stop_owed.set)

    async def run(self) -> None:
        """
        Keep joined.

        :raises ArenaError: what no other attempt can cure, such as a refused token.
        :raises Exception: a bug broke a part of it.
        """
        pauses = functools.partial(
            backoff, self._settings.reconnect_min_s, self._settings.reconnect_max_s
        )
        joined = keep_joined(self._join, delays=pauses, on_failure=self._failed)
        async with contextlib.aclosing(joined) as connections:
            async for connection in connections:
                await self._serve(connection)

    async def _join(self) -> Connection:
        if self._create_room:
            await self._rooms.ensure(*self._place)
        return await open_connection(
            self._address,
            *self._place,
            self._role,
            participant_id=new_participant_id(self._participant_name),
            features=self._features,
            timing=self._settings.timing,
            access=self._access,
        )

    def _failed(self, error: ArenaError, pause_s: float) -> None:
        trouble = str(error)
        if isinstance(error, RoomNotFound) and not self._create_room:
            trouble += '; create it in the console, or set create_missing_rooms to both'
        is_news = trouble != self.status.trouble
        self.status.failures += 1
        self.status.trouble = trouble
        self.status.is_refused = isinstance(error, RequestRejected)
        self._side.lost(self._tell())
        if is_news and isinstance(error, UnexpectedError):
            lines = ''.join(traceback.format_exception(error.__cause__))
            self._logger.error(f'{self.name}: {trouble}\n{lines}')
        if is_news:
            self._on_change()

    def _tell(self) -> str:
        """Log how the link is, where that is news, and return it."""
        now = steady_now()
        condition = self.status.condition(now)
        self._told.see(condition, now)
        return condition.text

    async def _serve(self, connection: Connection) -> None:
        self._welcome(connection)
        tasks = [
            asyncio.create_task(self._work(work, connection))
            for work in (self._send_stops, self._keep_fresh, self._feed)
        ]
        try:
            await connection.listen(self._take)
        except TransportError as exc:
            self.status.trouble = self.status.last_loss = str(exc)
            self._stops.lost(self.name, str(exc))
        finally:
            self.status.joined_as = None
            self._side.lost(self._tell())
            self._on_change()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if self._bug is not None:
            raise self._bug

    async def _work(
        self, work: Callable[[Connection], Awaitable[None]], connection: Connection
    ) -> None:
        """Do one part of the work; what breaks it ends the link, for stops may be its part."""
        try:
            await work(connection)
        except Exception as exc:
            self._bug = exc
            await connection.aclose()

    def _welcome(self, connection: Connection) -> None:
        self.status.joined_as = connection.participant_id
        self.status.joins += 1
        self.status.failures = 0
        self.status.trouble = ''
        self.status.is_refused = False
        self.status.late = None
        self.status.heard_at = steady_now()
        self._told.begin(steady_now())
        self._stale.clear()
        self._on_the_way.clear()
        self._stops.joined(self.name, connection.participant_id, connection.last_stop)
        self._stop_owed.set()
        self._logger.info(f'{self.name}: joined {connection.name}')
        self._side.joined()
        self._on_change()

    def _take(self, event: Event) -> None:
        self.status.heard += 1
        self.status.heard_at = steady_now()
        if isinstance(event, EmergencyStop):
            if event.source == self.status.joined_as and self._on_the_way:
                self._stops.delivered(self.name, self._on_the_way.popleft())
            self._stops.heard(self.name, event)
            return
        if isinstance(event, ResetStop):
            self._stops.reset_requested(self.name, event)
            return
        if isinstance(event, Presence) and event.round_trip_s is not None:
            self._note_delay(event.round_trip_s)
        elif isinstance(event, Late):
            self._note_delay(event.waiting_s)
        if self._side.event(event):
            self._stale.set()

    def _note_delay(self, delay_s: float) -> None:
        self.status.round_trip_s = delay_s
        was_late = self.status.late is not None
        self.status.late = late(delay_s, self._settings.timing.max_delay_s)
        self._tell()
        if was_late is not (self.status.late is not None):
            self._on_change()

    async def _send_stops(self, connection: Connection) -> None:
        """
        Write the stop that is owed.

        The server sends it to everybody, us included: until it comes back it stays owed, for a
        socket takes what nobody will ever read.
        """
        with contextlib.suppress(TransportError):
            while True:
                await self._stop_owed.wait()
                self._stop_owed.clear()
                stop = self._stops.owed(self.name)
                if stop is not None and not any(stop is other for other in self._on_the_way):
                    self._on_the_way.append(stop)
                    await connection.send(EmergencyStop(stop.reason))

    async def _keep_fresh(self, connection: Connection) -> None:
        """Ask for what the room remembers, since the server will not repeat what we dropped."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                state = room_state(await self._rooms.state(*self._place))
            except ArenaError:
                self._stale.set()
            else:
                if not self._stale.is_set():  # Otherwise it may miss what was just dropped.
                    self._side.refreshed(dict(state.joints))
            await asyncio.sleep(REFRESH_PAUSE_S)
