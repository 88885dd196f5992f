# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Keeps one session joined to its room, and passes its events on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, replace
import functools
import traceback
from typing import Protocol

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import Connection, new_participant_id, open_connection
from lerobot_arena_ros.arena.control_messages import (
    ControlAnswer,
    ControlRequest,
    ControlState,
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
    RoomState,
    room_state,
)
from lerobot_arena_ros.arena.reconnect import backoff, keep_joined
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.arena.robot_state import RobotLink
from lerobot_arena_ros.arena.session import Event, Late, Presence
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.causes import CONNECTING, late, silent_server, unjoined
from lerobot_arena_ros.control.condition import Condition, Level, Severity, fine
from lerobot_arena_ros.control.stop import Stop

from ..runtime.arena_thread import ArenaThread
from ..runtime.condition_log import ConditionLog
from ..runtime.node_log import NodeLog
from ..settings.bridge_settings import LinkSettings
from .lane_view import LaneLog, LaneView
from .room_control import RoomControl

__all__ = ['LinkStatus', 'RoomHandler', 'RoomLink', 'StopHandler']

REFRESH_PERIOD_S = 0.2
"""Shortest time between two requests for the room's state."""


@dataclass
class LinkStatus:
    """
    The status of a link; written by the arena thread, read by any thread.

    :param joined_as: our participant id while joined, else None.
    :param error: why it is not joined now; empty while it is, and before the first failure.
    :param is_refused: whether the server refused the join, for example because a role is taken.
    :param timeout_s: a longer silence of the server is a fault.
    :param received_at: when a frame was received last, in seconds of the steady clock.
    :param late: how late the link is; None while it is in time.
    :param last_loss: why the last joined connection ended; empty while none did.
    :param joins: number of joins.
    :param failures: number of failed attempts since the last join.
    :param received: number of received frames, heartbeat answers included.
    :param round_trip_s: of the last heartbeat, or how long its answer has been missing; None
        before the first answer.
    """

    room: str
    timeout_s: float
    joined_as: str | None = None
    error: str = ''
    is_refused: bool = False
    late: str | None = None
    received_at: float = 0.0
    last_loss: str = ''
    joins: int = 0
    failures: int = 0
    round_trip_s: float | None = None
    received: int = 0

    def condition(self, now: float) -> Condition:
        """Return whether the room is joined and answers, and if not, why."""
        if self.joined_as is None:
            if not self.error:
                return Condition(Level.WARN, CONNECTING, Severity.NONE)
            level = Level.ERROR if self.is_refused else Level.WARN
            return Condition(level, unjoined(self.error))
        if now - self.received_at > self.timeout_s:
            return Condition(Level.WARN, silent_server(self.timeout_s))
        if self.late is not None:
            return Condition(Level.WARN, self.late)
        return fine('joined')


class RoomHandler(Protocol):
    """Handles the events of one room; called on the arena thread."""

    def on_joined(self) -> None:
        """Handle a join."""

    def on_lost(self, cause: str) -> None:
        """Handle that the room is not joined, with the cause."""

    def on_event(self, event: Event) -> bool:
        """Handle an event; return True to request the room's state."""

    def on_room_state(self, joints: dict[str, float]) -> None:
        """Handle the room's state."""


class StopHandler(Protocol):
    """The emergency stop, as a link uses it; thread-safe."""

    def on_room_stop(self, room: str, stop: EmergencyStop) -> None:
        """Handle a stop in the room."""

    def pending_stop(self, room: str) -> Stop | None:
        """Return the stop that has still to be sent to the room; None = there is none."""

    def on_delivered(self, room: str, stop: Stop) -> None:
        """Handle that the room received the stop."""

    def on_joined(self, room: str, participant_id: str, last_stop: LastStop | None) -> None:
        """Handle a join: our id, and what the room reports of its last stop."""

    def on_reset_requested(self, room: str, request: ResetStop) -> None:
        """Handle a participant's request for a reset."""

    def on_lost(self, room: str, cause: str) -> None:
        """Handle the loss of a joined room."""


class RoomLink:
    """
    One room, joined again after each loss until cancelled. Used only on the arena thread.

    :param name: ``produce`` or ``consume``.
    :param create_room: create the room if it is missing; an existing one is not changed.
    :param participant_name: prefix of the ids under which the room is joined.
    :param features: the protocol features that this link uses.
    :param feed: sends the session's data for as long as the connection lives.
    :param on_change: called when the status has changed.
    :param on_control: called when this bridge has got control of the room.
    :ivar control: who has control of the room.
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
        handler: RoomHandler,
        feed: Callable[[Connection], Awaitable[None]],
        stops: StopHandler,
        thread: ArenaThread,
        logger: NodeLog,
        on_change: Callable[[], None],
        on_control: Callable[[], None],
    ) -> None:
        self.name = name
        self.status = LinkStatus(f'{workspace_id}/{room_id}', settings.timing.timeout_s)
        self.control = RoomControl(name, logger)
        self._role = role
        self._address = address
        self._access = access
        self._place = (workspace_id, room_id)
        self._settings = settings
        self._create_room = create_room
        self._participant_name = participant_name
        self._features = features
        self._handler = handler
        self._feed = feed
        self._stops = stops
        self._thread = thread
        self._logger = logger
        self._condition_log = ConditionLog(
            logger, recovered='the link is in time again', patience_s=0.0, about=f'{name}: '
        )
        self._lane_log = LaneLog()
        self._on_change = on_change
        self._on_control = on_control
        self._connection: Connection | None = None
        self._rooms = Rooms(address, access=access)
        self._stop_pending = asyncio.Event()
        self._in_flight: deque[Stop] = deque()
        self._requests: deque[ControlRequest] = deque()
        self._has_requests = asyncio.Event()
        self._stale = asyncio.Event()
        self._bug: Exception | None = None

    @property
    def lane(self) -> LaneView:
        """The lane of the link; any thread."""
        connection = self._connection
        if connection is None:
            return LaneView()
        return LaneView(connection.lane_report, connection.lane_obstacle)

    @property
    def seen_by_room(self) -> RobotLink:
        """How the link works, as the participants of the room see it."""
        return self.lane.seen_by_room(self.status.round_trip_s)

    def condition(self, now: float) -> Condition:
        """Return whether the room is joined and the network works, and if not, why; any thread."""
        condition = self.status.condition(now)
        return (condition.is_ok and self.lane.fault) or condition

    def wake(self) -> None:
        """Check whether a stop is pending for the room; any thread."""
        self._thread.post(self._stop_pending.set)

    def request(
        self,
        request: ControlRequest,
        *,
        prepare: Callable[[int], object] = lambda number: None,
    ) -> None:
        """
        Request something about control of the room; any thread.

        A request is sent on the present connection or not at all, because on a later one it could
        change what somebody else has decided meanwhile.

        :param prepare: called before the request is sent, with the number that the answer repeats.
        """
        number = self.control.request(request.action)
        prepare(number)
        numbered = replace(request, request=number)
        self._thread.post(functools.partial(self._put_request, numbered))

    async def run(self) -> None:
        """
        Keep the room joined.

        :raises ArenaError: an error that another attempt cannot cure, such as a refused token.
        :raises Exception: a bug in one of its tasks.
        """
        pauses = functools.partial(
            backoff, self._settings.reconnect_min_s, self._settings.reconnect_max_s
        )
        joined = keep_joined(self._join, delays=pauses, on_failure=self._on_failure)
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

    def _on_failure(self, error: ArenaError, pause_s: float) -> None:
        text = str(error)
        if isinstance(error, RoomNotFound) and not self._create_room:
            text += '; create it in the console, or set create_missing_rooms to both'
        is_new = text != self.status.error
        self.status.failures += 1
        self.status.error = text
        self.status.is_refused = isinstance(error, RequestRejected)
        self._handler.on_lost(self._log_condition())
        if is_new and isinstance(error, UnexpectedError):
            lines = ''.join(traceback.format_exception(error.__cause__))
            self._logger.error(f'{self.name}: {text}\n{lines}')
        if is_new:
            self._on_change()

    def _log_condition(self) -> str:
        """Log the link's condition if it is new, and return it."""
        now = steady_now()
        condition = self.status.condition(now)
        self._condition_log.update(condition, now)
        return condition.text

    async def _serve(self, connection: Connection) -> None:
        self._on_joined(connection)
        tasks = [
            asyncio.create_task(self._run_task(work, connection))
            for work in (
                self._send_stops,
                self._send_requests,
                self._refresh_room_state,
                self._feed,
            )
        ]
        try:
            await connection.listen(self._handle_event)
        except TransportError as exc:
            self.status.error = self.status.last_loss = str(exc)
            self._stops.on_lost(self.name, str(exc))
        finally:
            self._connection = None
            self.status.joined_as = None
            self.control.on_lost()
            self._handler.on_lost(self._log_condition())
            self._on_change()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if self._bug is not None:
            raise self._bug

    async def _run_task(
        self, work: Callable[[Connection], Awaitable[None]], connection: Connection
    ) -> None:
        """Run one task; an exception closes the connection, because the task may send stops."""
        try:
            await work(connection)
        except Exception as exc:
            self._bug = exc
            await connection.aclose()

    def _on_joined(self, connection: Connection) -> None:
        self._connection = connection
        self.status.joined_as = connection.participant_id
        self.status.joins += 1
        self.status.failures = 0
        self.status.error = ''
        self.status.is_refused = False
        self.status.late = None
        self.status.received_at = steady_now()
        self._condition_log.restart(steady_now())
        self._lane_log.restart()
        self._stale.clear()
        self._in_flight.clear()
        self._requests.clear()
        self.control.on_joined(connection.participant_id)
        self._stops.on_joined(self.name, connection.participant_id, connection.last_stop)
        self._stop_pending.set()
        self._logger.info(f'{self.name}: joined {connection.name}')
        self._handler.on_joined()
        self._on_change()

    def _handle_event(self, event: Event) -> None:
        self.status.received += 1
        self.status.received_at = steady_now()
        if isinstance(event, EmergencyStop):
            if event.source == self.status.joined_as and self._in_flight:
                self._stops.on_delivered(self.name, self._in_flight.popleft())
            self._stops.on_room_stop(self.name, event)
            return
        if isinstance(event, ResetStop):
            self._stops.on_reset_requested(self.name, event)
            return
        if isinstance(event, Presence):
            self._note_lane()
            if event.round_trip_s is not None:
                self._note_delay(event.round_trip_s)
        elif isinstance(event, Late):
            self._note_delay(event.waiting_s)
        elif isinstance(event, ControlState):
            if self.control.on_state(event):
                self._on_control()
            self._on_change()
        elif isinstance(event, ControlAnswer):
            self.control.on_answer(event)
        if self._handler.on_event(event):
            self._stale.set()

    def _note_delay(self, delay_s: float) -> None:
        self.status.round_trip_s = delay_s
        was_late = self.status.late is not None
        self.status.late = late(delay_s, self._settings.timing.max_delay_s)
        self._log_condition()
        if was_late is not (self.status.late is not None):
            self._on_change()

    def _note_lane(self) -> None:
        """Log it if a lane was opened or ended. An answer arrives at least each heartbeat."""
        line = self._lane_log.update(self.lane) if self._settings.fast_lane else None
        if line is not None:
            self._logger.info(f'{self.name}: {line}')
            self._on_change()

    async def _send_stops(self, connection: Connection) -> None:
        """
        Send the pending stop.

        The server sends it to all participants, including this one. It stays pending until it
        comes back, because a write to a socket does not prove that the server reads it.
        """
        with contextlib.suppress(TransportError):
            while True:
                await self._stop_pending.wait()
                self._stop_pending.clear()
                stop = self._stops.pending_stop(self.name)
                if stop is not None and not any(stop is other for other in self._in_flight):
                    self._in_flight.append(stop)
                    await connection.send(EmergencyStop(stop.reason))

    def _put_request(self, request: ControlRequest) -> None:
        self._requests.append(request)
        self._has_requests.set()

    async def _send_requests(self, connection: Connection) -> None:
        """Send requests about control."""
        with contextlib.suppress(TransportError):
            while True:
                await self._has_requests.wait()
                self._has_requests.clear()
                while self._requests:
                    await connection.send(self._requests.popleft())

    async def _refresh_room_state(self, connection: Connection) -> None:
        """Request the room's state, because the server does not repeat a frame that we dropped."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                state = room_state(await self._rooms.state(*self._place))
            except ArenaError:
                self._stale.set()
            else:
                if not self._is_of_this_driver(state):
                    self._stale.set()
                # Otherwise it may lack a frame dropped meanwhile.
                if not self._stale.is_set():
                    self._handler.on_room_state(dict(state.joints))
            await asyncio.sleep(REFRESH_PERIOD_S)

    def _is_of_this_driver(self, state: RoomState) -> bool:
        """Return whether a state over REST has no values of a driver that is not known yet."""
        known, number = self.control.state, state.control_number
        return known is None or number is None or known.number == number
