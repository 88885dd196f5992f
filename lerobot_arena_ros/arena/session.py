"""
One participant's protocol state, sans I/O: frames and times in, events and frames out.

Rules of this file: it knows no socket and no clock. ``now`` is in seconds of any clock that never
jumps. The shell around it sends what it gets from :meth:`Session.first_frame` and, each time
:attr:`Session.next_heartbeat` has come, from :meth:`Session.heartbeat`; it hands every frame to
:meth:`Session.receive`, and asks :meth:`Session.check` when :attr:`Session.next_check` has come.

A session is *joining* until ``joined`` arrives, then *joined*. What the server sends earlier
(``state_sync``, or anything that slipped in) is kept and comes out after ``joined``.

An answer always belongs to its heartbeat, so that the round trip is true however long it takes.
Where the server repeats the number of a heartbeat, several may be unanswered; otherwise the next
one waits for the answer. A link on which a round trip takes longer than ``max_delay_s`` is *late*:
everything that arrives is as old.

A frame that arrives after a silence of ``timeout_s`` does not make the link alive again. Either
the peer was frozen or this process was, and what was queued meanwhile is old. From then on only
emergency stops come out, until the shell has read what its socket holds and :meth:`Session.check`
ends the link.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
import math
from typing import NamedTuple

from .errors import ConnectionLost, JoinRefused, ProtocolError
from .features import Feature
from .messages import (
    EmergencyStop,
    ErrorReply,
    Heartbeat,
    HeartbeatAck,
    Join,
    Joined,
    JointUpdate,
    LastStop,
    ResetStop,
    RobotReport,
    RoomInfo,
    ServerMessage,
    StateSync,
    Unknown,
    decode_server,
    encode,
)

__all__ = ['Event', 'Late', 'LinkTiming', 'Malformed', 'Presence', 'Session']


MAX_EARLY = 1000
"""Messages that are kept until the join is answered; of a decent server there is one."""

PAUSE_S = 0.5
"""A shell that wakes up so much later than it asked for was itself what stood still."""

BEATS_IN_LIVENESS = 3
"""Heartbeats in the time after which the server disconnects a participant that sends nothing."""

MIN_PERIOD_S = 0.2
"""Between two heartbeats, whatever a server asks for, in seconds."""

MOST_UNANSWERED = 100
"""Numbered heartbeats that may be unanswered, where the timing sets no end to it."""

EVICTED = 'evicted: the room does not list this participant, nor is it answered'
"""The public server drops who holds an id that comes a second time, and tells nobody."""

MADE_ANEW = 'the room was made anew: it does not list this participant, though it is answered'
"""The public server forgets who is in a room that is created again, and closes nothing."""


@dataclass(frozen=True)
class LinkTiming:
    """
    How a link is watched.

    :param heartbeat_period_s: between two heartbeats.
    :param timeout_s: silence after which the link counts as lost; more than two periods.
    :param join_timeout_s: how long connecting and joining may take.
    :param answer_timeout_s: how late a heartbeat may be answered, whatever else is heard: all that
        comes is as late. Infinite where the listener may be what is slow.
    :param max_delay_s: a round trip that takes longer is reported as :class:`Late`. Infinite
        where the delay does not matter.
    """

    heartbeat_period_s: float = 0.5
    timeout_s: float = 1.5
    join_timeout_s: float = 5.0
    answer_timeout_s: float = math.inf
    max_delay_s: float = math.inf


@dataclass(frozen=True)
class Malformed:
    """
    A frame that broke the contract and was dropped whole.

    :param reason: one word, as in :class:`ProtocolError`.
    :param detail: a sentence.
    """

    reason: str
    detail: str


@dataclass(frozen=True)
class Presence:
    """
    The server answered.

    :param has_producer: whether the room has a producer; None where the server did not say.
    :param round_trip_s: from our heartbeat to its answer; None where there was none.
    """

    has_producer: bool | None
    round_trip_s: float | None = None


@dataclass(frozen=True)
class Late:
    """
    A heartbeat has not been answered for longer than :attr:`LinkTiming.max_delay_s`.

    :param waiting_s: since the heartbeat was sent; its round trip takes at least as long.
    """

    waiting_s: float


Event = (
    Joined
    | StateSync
    | JointUpdate
    | EmergencyStop
    | RobotReport
    | ResetStop
    | ErrorReply
    | Malformed
    | Presence
    | Late
)


class _Question(NamedTuple):
    """A heartbeat without an answer."""

    seq: int
    at: float


class Session:
    """
    The protocol of one participant in one room.

    :param join: who joins as what.
    :param timing: the link's deadlines.
    :param now: the present time.
    """

    def __init__(self, join: Join, timing: LinkTiming, now: float) -> None:
        self.join = join
        self._timing = timing
        self._joined = False
        self._early: list[Event] = []
        self._heard_at = now
        self._heartbeat_at = now
        self._asked: deque[_Question] = deque()
        self._seq = 0
        self._reported_seq = 0
        self._overdue_s: float | None = None
        self._received = 0
        self._answers = 0
        self._welcome: Joined | None = None
        self._says_presence = True
        self._absent_polls = 0
        self._missing_polls = 0

    @property
    def is_joined(self) -> bool:
        """Whether ``joined`` has arrived."""
        return self._joined

    @property
    def features(self) -> frozenset[Feature]:
        """The additions to the wire that the server serves; empty before ``joined``."""
        return frozenset() if self._welcome is None else self._welcome.features

    @property
    def last_stop(self) -> LastStop | None:
        """The last stop of the room when we joined; None where the server does not tell."""
        return None if self._welcome is None else self._welcome.last_stop

    @property
    def is_overdue(self) -> bool:
        """Whether frames have arrived after a silence that ended the link."""
        return self._overdue_s is not None

    @property
    def unanswered(self) -> int:
        """Heartbeats without an answer."""
        return len(self._asked)

    @property
    def answers(self) -> int:
        """Answers to heartbeats so far."""
        return self._answers

    @property
    def received(self) -> int:
        """Frames received so far."""
        return self._received

    @property
    def needs_polling(self) -> bool:
        """Whether the server's heartbeats do not tell of the producer, so that REST must."""
        return not self._says_presence

    @property
    def next_heartbeat(self) -> float:
        """The time at which a heartbeat is due."""
        return self._heartbeat_at

    @property
    def next_check(self) -> float:
        """
        The time of the next deadline, unless a frame, or the answer to a heartbeat, arrives.

        It never moves towards the present, so that a shell may sleep until then.
        """
        timing = self._timing
        silent_at = self._heard_at + timing.timeout_s
        deadlines = [silent_at, self._next_late_at()]
        if self._asked:
            deadlines.append(self._asked[0].at + timing.answer_timeout_s)
        return min(deadlines)

    def first_frame(self) -> str:
        """Give the frame that asks to join."""
        return encode(self.join)

    def receive(self, frame: str | bytes, now: float) -> list[Event]:
        """
        Take one frame from the server.

        :returns: what it means, in order; nothing while joining.
        :raises JoinRefused: the server refused the join.
        :raises ProtocolError: it says other things without end instead of answering the join.
        """
        self._received += 1
        self._note_frame(now)
        event = self._event(frame, now)
        if event is None or (self._overdue_s is not None and not isinstance(event, EmergencyStop)):
            return []
        if self._joined:
            return [event]
        if isinstance(event, ErrorReply):
            raise JoinRefused(event.message)
        if not isinstance(event, Joined):
            if len(self._early) == MAX_EARLY:
                raise ProtocolError('the server says much, not whether we joined', reason='join')
            self._early.append(event)
            return []
        self._joined, self._welcome = True, event
        early, self._early = self._early, []
        return [event, *early]

    def listening(self, now: float) -> None:
        """
        Note that a program has handled everything and waits again: silence counts from here.

        A shell that handles each frame at once does not call this: if it is slow, it was frozen.
        """
        if self._overdue_s is None:
            self._heard_at = max(self._heard_at, now)

    def heartbeat(self, now: float) -> str | None:
        """Return a heartbeat to send if one is due and its answer could be told from others."""
        if now < self._heartbeat_at:
            return None
        self._heartbeat_at = now + self._period_s
        is_numbered = self._is_numbered
        if self._asked and not is_numbered and self._is_given_up(now):
            self._asked.clear()
        if (self._asked and not is_numbered) or len(self._asked) >= MOST_UNANSWERED:
            return None
        self._seq += 1
        self._asked.append(_Question(self._seq, now))
        return encode(Heartbeat(self._seq if is_numbered else None))

    def check(self, now: float, *, paused_s: float = 0.0) -> Late | None:
        """
        Check whether the link is alive and in time. Call it after reading what the socket holds.

        :param paused_s: how much later than :attr:`next_check` this process woke up.
        :returns: what to report; once for each heartbeat.
        :raises ConnectionLost: nothing was heard for the timeout, or a heartbeat was not answered.
        """
        silence_s = max(self._overdue_s or 0.0, now - self._heard_at)
        if silence_s >= self._timing.timeout_s:
            silence = f'no answer from the server for {silence_s:.1f} s'
            if paused_s > PAUSE_S:
                silence += f', while this process stood still for {paused_s:.1f} s'
            raise ConnectionLost(f'{EVICTED}: {silence}' if self._missing_polls else silence)
        if not self._asked:
            return None
        oldest = self._asked[0]
        waiting_s = now - oldest.at
        if waiting_s >= self._timing.answer_timeout_s:
            raise ConnectionLost(
                f'the server has not answered for {waiting_s:.1f} s: everything else that'
                ' arrives may be as late'
            )
        question = self._unreported()
        if question is None or now - question.at < self._timing.max_delay_s:
            return None
        self._reported_seq = question.seq
        return Late(waiting_s)

    def polled(self, info: RoomInfo, now: float) -> Presence:
        """
        Take the room's participants as REST tells them.

        One poll may meet a change half-way; what two in a row say is believed.

        :raises ConnectionLost: the room does not list us any more.
        """
        self._missing_polls = 0 if info.has(self.join.participant_id) else self._missing_polls + 1
        # While an answer is on its way, whether it comes is what the next poll will know.
        if self._missing_polls >= 2 and (not self._asked or self._is_ignored(now)):
            raise ConnectionLost(EVICTED if self._asked else MADE_ANEW)
        self._absent_polls = 0 if info.producer else self._absent_polls + 1
        return Presence(self._absent_polls < 2)

    def _note_frame(self, now: float) -> None:
        """Count a frame as a sign of life, unless it comes after the time was over."""
        silence_s = now - self._heard_at
        if self._joined and silence_s >= self._timing.timeout_s and self._overdue_s is None:
            self._overdue_s = silence_s
        if self._overdue_s is None:
            self._heard_at = now

    @property
    def _is_numbered(self) -> bool:
        return Feature.HEARTBEAT_SEQ in self.features

    @property
    def _period_s(self) -> float:
        """The time between two heartbeats, as often as the server needs them."""
        liveness_s = None if self._welcome is None else self._welcome.liveness_s
        if liveness_s is None:
            return self._timing.heartbeat_period_s
        needed_s = max(MIN_PERIOD_S, liveness_s / BEATS_IN_LIVENESS)
        return min(self._timing.heartbeat_period_s, needed_s)

    def _is_given_up(self, now: float) -> bool:
        """Return whether a server that limits our rate may have dropped the oldest heartbeat."""
        return now - self._asked[0].at >= self._timing.timeout_s

    def _unreported(self) -> _Question | None:
        """Return the oldest heartbeat without an answer that was not reported late."""
        return next((each for each in self._asked if each.seq > self._reported_seq), None)

    def _next_late_at(self) -> float:
        """Return when a heartbeat will be late: one that waits, or the next one."""
        question = self._unreported()
        if question is not None:
            return question.at + self._timing.max_delay_s
        if self._asked and not self._is_numbered:
            return math.inf
        return self._heartbeat_at + self._timing.max_delay_s

    def _is_ignored(self, now: float) -> bool:
        """Say whether a heartbeat waits for its answer, longer than until the next one."""
        return bool(self._asked) and now - self._asked[0].at >= self._period_s

    def _event(self, frame: str | bytes, now: float) -> Event | None:
        try:
            if isinstance(frame, bytes):
                raise ProtocolError('expected a text frame, got a binary one', reason='binary')
            return self._understood(decode_server(frame), now)
        except ProtocolError as exc:
            return Malformed(exc.reason, str(exc))

    def _understood(self, message: ServerMessage, now: float) -> Event | None:
        if isinstance(message, Unknown):
            return None
        if not isinstance(message, HeartbeatAck):
            return message
        self._answers += 1
        self._says_presence = message.has_producer is not None
        asked_at = self._answered(message.seq)
        return Presence(message.has_producer, None if asked_at is None else now - asked_at)

    def _answered(self, seq: int | None) -> float | None:
        """Return when the heartbeat was sent that is answered; older ones need no answer."""
        if seq is not None and all(question.seq != seq for question in self._asked):
            return None
        while self._asked:
            question = self._asked.popleft()
            if seq in (None, question.seq):
                return question.at
        return None
