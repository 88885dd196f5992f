# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The protocol state of one participant. Sans I/O: frames and times in, events and frames out.

Rules of this file: it uses no socket and no clock. ``now`` is in seconds of any clock that never
jumps. The I/O shell sends the text of :meth:`Session.first_frame`, and the text of
:meth:`Session.heartbeat` at each :attr:`Session.next_heartbeat`. It passes every frame to
:meth:`Session.receive` and calls :meth:`Session.check` at :attr:`Session.next_check`.

A session is *joining* until ``joined`` arrives, then *joined*. Messages that arrive earlier, such
as ``state_sync``, are buffered and returned after ``joined``.

Each answer is matched with its heartbeat, so that the measured round trip is correct at any
delay. If the server repeats the number of a heartbeat, several heartbeats may be unanswered;
otherwise the next heartbeat is sent only after the answer. A link with a round trip longer than
``max_delay_s`` is *late*, because everything that arrives is that old.

A frame that arrives after a silence of ``timeout_s`` does not make the link alive again. Either
the peer or this process was frozen, so that the frames queued meanwhile are old. From then on
only emergency stops are returned, until the shell has drained its socket and
:meth:`Session.check` ends the link.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import math
from typing import NamedTuple

from .control_messages import ControlAnswer, ControlState
from .errors import ConnectionLost, JoinRefused, ProtocolError
from .features import Feature
from .lane.decisions import LaneHealth, LaneState, UpdateWay
from .lane.newest import Changes, LaneOrder, Newest, SeenStops
from .messages import (
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    JointUpdate,
    LaneAnswer,
    LastStop,
    ResetStop,
    RobotReport,
    RoomInfo,
    ServerMessage,
    ShadowUpdate,
    StateSync,
    Unknown,
    decode_server,
    encode,
)
from .video_messages import VideoFrame, VideoServerMessage

__all__ = ['Event', 'Late', 'LinkTiming', 'Malformed', 'Presence', 'Session']


MAX_EARLY = 1000
"""The maximum number of messages buffered before ``joined``; a correct server sends one."""

PAUSE_S = 0.5
"""If a timer fires this much too late, this process itself was frozen, in seconds."""

HEARTBEATS_PER_LIVENESS = 3
"""Heartbeats within the time after which the server disconnects a silent participant."""

MIN_PERIOD_S = 0.2
"""The minimum heartbeat period, even if a server requires a shorter one, in seconds."""

MAX_UNANSWERED = 100
"""The maximum number of unanswered numbered heartbeats if the timing sets no limit."""

EVICTED = 'evicted: the room does not list this participant, and the server does not answer it'
"""The public server evicts the holder of an id that is used again, without a message to it."""

RECREATED = 'the room was created again and does not list this participant any more'
"""The public server forgets the participants of a room that is created again."""


@dataclass(frozen=True)
class LinkTiming:
    """
    The timeouts of a link.

    :param heartbeat_period_s: the time between two heartbeats.
    :param timeout_s: the silence after which the link counts as lost; more than two periods.
    :param join_timeout_s: the timeout for connecting and joining.
    :param answer_timeout_s: the timeout for the answer to a heartbeat, even while other frames
        arrive, because those are as late. Infinite if this program itself may be slow.
    :param max_delay_s: a longer round trip is reported as :class:`Late`. Infinite if delay does
        not matter.
    """

    heartbeat_period_s: float = 0.5
    timeout_s: float = 1.5
    join_timeout_s: float = 5.0
    answer_timeout_s: float = math.inf
    max_delay_s: float = math.inf


@dataclass(frozen=True)
class Malformed:
    """
    A frame that violated the protocol and was dropped.

    :param reason: one word, as in :class:`.ProtocolError`.
    :param detail: a sentence.
    """

    reason: str
    detail: str


@dataclass(frozen=True)
class Presence:
    """
    The server answered a heartbeat, a ping on the lane, or a request for the room.

    :param has_producer: whether the room has a producer; None if the server did not report it.
    :param round_trip_s: the time from the heartbeat or ping to its answer, by the way that the
        updates take; None without one.
    """

    has_producer: bool | None
    round_trip_s: float | None = None


@dataclass(frozen=True)
class Late:
    """
    A heartbeat has not been answered for longer than ``LinkTiming.max_delay_s``.

    :param waiting_s: the time since the heartbeat was sent; its round trip takes at least as long.
    """

    waiting_s: float


Event = (
    Joined
    | LaneAnswer
    | StateSync
    | JointUpdate
    | EmergencyStop
    | RobotReport
    | ResetStop
    | ErrorReply
    | ControlState
    | ControlAnswer
    | ShadowUpdate
    | Malformed
    | Presence
    | Late
    | VideoFrame
)


class _Unanswered(NamedTuple):
    """A heartbeat without an answer."""

    seq: int
    at: float


class Session:
    """
    The protocol of one participant in one room.

    :ivar lane: the health of the open lane; None if there is none. Set by the caller.
    :ivar update_way: which way the updates take; the caller notes those that it sends.
    :param join: the participant's id, role and features.
    :param timing: the timeouts of the link.
    :param now: the current time.
    :param decode: decodes a frame; that of a joint room by default.
    """

    def __init__(
        self,
        join: Join,
        timing: LinkTiming,
        now: float,
        decode: Callable[[str], ServerMessage | VideoServerMessage] = decode_server,
    ) -> None:
        self.join = join
        self.lane: LaneHealth | None = None
        self.update_way = UpdateWay()
        self._newest = Newest()
        self._lane_order = LaneOrder()
        self._changes = Changes(has_stamps=Feature.STAMPS in join.features)
        self._seen_stops = SeenStops()
        self._control_number: int | None = None
        self._decode_text = decode
        self._timing = timing
        self._joined = False
        self._early: list[Event] = []
        self._last_frame_at = now
        self._heartbeat_at = now
        self._unanswered: deque[_Unanswered] = deque()
        self._seq = 0
        self._reported_seq = 0
        self._overdue_s: float | None = None
        self._received = 0
        self._answers = 0
        self._join_answer: Joined | None = None
        self._reports_producer = True
        self._absent_polls = 0
        self._missing_polls = 0

    @property
    def is_joined(self) -> bool:
        """Whether ``joined`` has arrived."""
        return self._joined

    @property
    def features(self) -> frozenset[Feature]:
        """The protocol extensions that the server enabled; empty before ``joined``."""
        return frozenset() if self._join_answer is None else self._join_answer.features

    @property
    def last_stop(self) -> LastStop | None:
        """The last emergency stop of the room at the join; None if there is none or no feature."""
        return None if self._join_answer is None else self._join_answer.last_stop

    @property
    def is_overdue(self) -> bool:
        """Whether frames have arrived after a silence that ended the link."""
        return self._overdue_s is not None

    @property
    def unanswered(self) -> int:
        """The number of heartbeats without an answer."""
        return len(self._unanswered)

    @property
    def answers(self) -> int:
        """The number of answers to heartbeats so far."""
        return self._answers

    @property
    def received(self) -> int:
        """The number of frames received so far."""
        return self._received

    @property
    def out_of_order(self) -> int:
        """The number of updates that arrived by the lane after a newer one had."""
        return self._lane_order.late

    @property
    def needs_polling(self) -> bool:
        """Whether to poll the room, because heartbeat answers do not report its producer."""
        return not self._reports_producer

    @property
    def next_heartbeat(self) -> float:
        """The time at which a heartbeat is due."""
        return self._heartbeat_at

    @property
    def next_check(self) -> float:
        """
        The time of the next deadline; a frame or an answer that arrives moves it to later.

        It never moves to earlier, so that the shell can sleep until then.
        """
        timing = self._timing
        silent_at = self._last_frame_at + timing.timeout_s
        late_at = self._next_late_at()
        if self.lane is not None and self.update_way.is_lane:
            late_at = max(late_at, self.lane.suspect_at)
        deadlines = [silent_at, late_at]
        if self._unanswered:
            deadlines.append(self._unanswered[0].at + timing.answer_timeout_s)
        return min(deadlines)

    def first_frame(self) -> str:
        """Return the join frame."""
        return encode(self.join)

    def receive(self, frame: str | bytes, now: float) -> list[Event]:
        """
        Handle one frame from the server.

        :returns: the events, in order; an empty list while joining.
        :raises JoinRefused: the server refused the join.
        :raises ProtocolError: the server sent :data:`MAX_EARLY` messages without answering the
            join.
        """
        self._received += 1
        self._note_frame(now)
        event = self._decode(frame, now)
        if event is None or (self._overdue_s is not None and not isinstance(event, EmergencyStop)):
            return []
        if self._joined:
            return self._only_new(event)
        if isinstance(event, ErrorReply):
            raise JoinRefused(event.message, code=event.code)
        if not isinstance(event, Joined):
            if len(self._early) == MAX_EARLY:
                text = f'{MAX_EARLY} messages from the server, but no answer to the join'
                raise ProtocolError(text, reason='join')
            self._early.append(event)
            return []
        self._joined, self._join_answer = True, event
        early, self._early = self._early, []
        return [event, *(each for kept in early for each in self._only_new(kept))]

    def receive_datagram(self, text: str) -> list[Event]:
        """
        Handle a message that came by the lane.

        It does not count as a sign of life: the link is as alive as its WebSocket.

        :returns: what is new of it; an empty list if that is nothing, or it is invalid.
        """
        try:
            event = self._decode_text(text)
        except ProtocolError:
            return []
        if isinstance(event, EmergencyStop):
            return self._only_new(event, by_lane=True)
        if not isinstance(event, JointUpdate) or event.seq is None or self._overdue_s is not None:
            return []
        self._lane_order.note(event.seq)
        return self._only_new(event, by_lane=True)

    def is_carried_by_lane(self, now: float) -> bool:
        """Return whether updates take a lane that is up, so that its delay is theirs."""
        is_up = self.lane is not None and self.lane.state(now) is LaneState.UP
        return is_up and self.update_way.is_lane

    def restart_timeout(self, now: float) -> None:
        """
        Restart the silence timeout, because the program has handled all events and reads again.

        A shell that handles each frame at once must not call this: it is late only if this process
        was frozen.
        """
        if self._overdue_s is None:
            self._last_frame_at = max(self._last_frame_at, now)

    def heartbeat(self, now: float) -> str | None:
        """Return a heartbeat if one is due and its answer could be matched; otherwise None."""
        if now < self._heartbeat_at:
            return None
        self._heartbeat_at = now + self._period_s
        is_numbered = self._is_numbered
        if self._unanswered and not is_numbered and self._is_given_up(now):
            self._unanswered.clear()
        if (self._unanswered and not is_numbered) or len(self._unanswered) >= MAX_UNANSWERED:
            return None
        self._seq += 1
        self._unanswered.append(_Unanswered(self._seq, now))
        return encode(Heartbeat(self._seq if is_numbered else None))

    def check(self, now: float, *, paused_s: float = 0.0) -> Late | None:
        """
        Check the timeouts of the link. Drain the socket before calling this.

        :param paused_s: how much later than :attr:`next_check` this process woke up.
        :returns: a delay to report, once for each heartbeat.
        :raises ConnectionLost: no frame arrived within the timeout, or an answer is overdue.
        """
        silence_s = max(self._overdue_s or 0.0, now - self._last_frame_at)
        if silence_s >= self._timing.timeout_s:
            silence = f'no answer from the server for {silence_s:.1f} s'
            if paused_s > PAUSE_S:
                silence += f', while this process was suspended for {paused_s:.1f} s'
            raise ConnectionLost(f'{EVICTED}: {silence}' if self._missing_polls else silence)
        if not self._unanswered:
            return None
        oldest = self._unanswered[0]
        waiting_s = now - oldest.at
        if waiting_s >= self._timing.answer_timeout_s:
            raise ConnectionLost(
                f'the server has not answered a heartbeat for {waiting_s:.1f} s: everything else'
                ' that arrives may be as late'
            )
        heartbeat = self._unreported()
        if heartbeat is None or now - heartbeat.at < self._timing.max_delay_s:
            return None
        if self.is_carried_by_lane(now):
            return None
        self._reported_seq = heartbeat.seq
        return Late(waiting_s)

    def on_room_info(self, info: RoomInfo, now: float) -> Presence:
        """
        Handle the room's participants from a REST reply.

        A change counts only after two equal polls, because one poll may see a partial change.

        :raises ConnectionLost: the room does not list this participant any more.
        """
        self._missing_polls = 0 if info.has(self.join.participant_id) else self._missing_polls + 1
        # A pending answer decides which of the two happened, so wait for the next poll.
        if self._missing_polls >= 2 and (not self._unanswered or self._is_ignored(now)):
            raise ConnectionLost(EVICTED if self._unanswered else RECREATED)
        self._absent_polls = 0 if info.producer else self._absent_polls + 1
        return Presence(self._absent_polls < 2)

    def _note_frame(self, now: float) -> None:
        """Restart the silence timeout, unless the frame arrives after it has expired."""
        silence_s = now - self._last_frame_at
        if self._joined and silence_s >= self._timing.timeout_s and self._overdue_s is None:
            self._overdue_s = silence_s
        if self._overdue_s is None:
            self._last_frame_at = now

    @property
    def _is_numbered(self) -> bool:
        return Feature.HEARTBEAT_SEQ in self.features

    @property
    def _period_s(self) -> float:
        """The time between two heartbeats, short enough for the server's liveness timeout."""
        liveness_s = None if self._join_answer is None else self._join_answer.liveness_s
        if liveness_s is None:
            return self._timing.heartbeat_period_s
        needed_s = max(MIN_PERIOD_S, liveness_s / HEARTBEATS_PER_LIVENESS)
        return min(self._timing.heartbeat_period_s, needed_s)

    def _is_given_up(self, now: float) -> bool:
        """Return whether the server's rate limiter may have dropped the oldest heartbeat."""
        return now - self._unanswered[0].at >= self._timing.timeout_s

    def _unreported(self) -> _Unanswered | None:
        """Return the oldest unanswered heartbeat that was not reported as late."""
        return next((each for each in self._unanswered if each.seq > self._reported_seq), None)

    def _next_late_at(self) -> float:
        """Return when an unanswered heartbeat, or otherwise the next one, will be late."""
        heartbeat = self._unreported()
        if heartbeat is not None:
            return heartbeat.at + self._timing.max_delay_s
        if self._unanswered and not self._is_numbered:
            return math.inf
        return self._heartbeat_at + self._timing.max_delay_s

    def _is_ignored(self, now: float) -> bool:
        """Return whether a heartbeat is unanswered for longer than one period."""
        return bool(self._unanswered) and now - self._unanswered[0].at >= self._period_s

    def _decode(self, frame: str | bytes, now: float) -> Event | None:
        try:
            if isinstance(frame, bytes):
                raise ProtocolError('expected a text frame, got a binary one', reason='binary')
            return self._to_event(self._decode_text(frame), now)
        except ProtocolError as exc:
            return Malformed(exc.reason, str(exc))

    def _to_event(self, message: ServerMessage | VideoServerMessage, now: float) -> Event | None:
        if isinstance(message, Unknown):
            return None
        if not isinstance(message, HeartbeatAck):
            return message
        self._answers += 1
        self._reports_producer = message.has_producer is not None
        sent_at = self._match_answer(message.seq)
        if sent_at is None or self.is_carried_by_lane(now):
            return Presence(message.has_producer)
        return Presence(message.has_producer, now - sent_at)

    def _only_new(self, event: Event, *, by_lane: bool = False) -> list[Event]:
        """Return the event without what has come before by the other way."""
        if Feature.FAST_LANE not in self.features:
            return [event]
        if isinstance(event, EmergencyStop):
            key = event.timestamp and (event.source, event.timestamp)
            return [event] if self._seen_stops.is_new(key or None) else []
        if isinstance(event, StateSync):
            self._changes.start(event.joints)
        if isinstance(event, ControlState):
            self._note_control(event)
        if not isinstance(event, JointUpdate):
            return [event]
        newer = self._newest.newer(event)
        if newer is None:
            return []
        self._newest.note(newer)
        self.update_way.note(by_lane=by_lane)
        changed = self._changes.changed(newer)
        return [] if changed is None else [changed]

    def _note_control(self, state: ControlState) -> None:
        """
        Drop what is from before a change of control, and pass on all values of the new holder.

        The new holder may be the same participant as before, if it lost control in between. A
        message with the same number reports only other drivers or requests: it outdates nothing.
        """
        if state.number == self._control_number:
            return
        if state.seq is not None:
            self._newest.outdate(state.seq)
        if self._control_number is not None:
            self._changes.forget()
        self._control_number = state.number

    def _match_answer(self, seq: int | None) -> float | None:
        """Return when the answered heartbeat was sent; remove it and all older ones."""
        if seq is not None and all(heartbeat.seq != seq for heartbeat in self._unanswered):
            return None
        while self._unanswered:
            heartbeat = self._unanswered.popleft()
            if seq in (None, heartbeat.seq):
                return heartbeat.at
        return None
