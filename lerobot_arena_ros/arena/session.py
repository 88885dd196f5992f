"""
One participant's protocol state, sans I/O: frames and times in, events and frames out.

Rules of this file: it knows no socket and no clock. ``now`` is in seconds of any clock that never
jumps. The shell around it sends what it gets from :meth:`Session.first_frame` and, each time
:attr:`Session.next_heartbeat` has come, from :meth:`Session.heartbeat`; it hands every frame to
:meth:`Session.receive`, and asks :meth:`Session.check` when :attr:`Session.next_check` has come.

A session is *joining* until ``joined`` arrives, then *joined*. What the server sends earlier
(``state_sync``, or anything that slipped in) is kept and comes out after ``joined``.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

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
    ResetStop,
    RobotReport,
    RoomInfo,
    ServerMessage,
    StateSync,
    Unknown,
    decode_server,
    encode,
)

__all__ = ['Event', 'LinkTiming', 'Malformed', 'Presence', 'Session']


MAX_EARLY = 1000
"""Messages that are kept until the join is answered; of a decent server there is one."""

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
    """

    heartbeat_period_s: float = 0.5
    timeout_s: float = 1.5
    join_timeout_s: float = 5.0
    answer_timeout_s: float = math.inf


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
)


class Session:
    """
    The protocol of one participant in one room.

    :param join: who joins as what.
    :param timing: the link's deadlines.
    :param now: the present time.
    :ivar features: those that the server serves to this participant; none while joining.
    """

    def __init__(self, join: Join, timing: LinkTiming, now: float) -> None:
        self.join = join
        self.features: frozenset[Feature] = frozenset()
        self._timing = timing
        self._joined = False
        self._early: list[Event] = []
        self._heard_at = now
        self._heartbeat_at = now
        self._asked_at: float | None = None
        self._says_presence = True
        self._absent_polls = 0
        self._missing_polls = 0

    @property
    def is_joined(self) -> bool:
        """Whether ``joined`` has arrived."""
        return self._joined

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
        """The time at which patience ends, unless something is heard, or a heartbeat answered."""
        silent_at = self._heard_at + self._timing.timeout_s
        if self._asked_at is None:
            return silent_at
        return min(silent_at, self._asked_at + self._timing.answer_timeout_s)

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
        self._heard_at = now
        event = self._event(frame, now)
        if event is None:
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
        self._joined = True
        self.features = event.features
        early, self._early = self._early, []
        return [event, *early]

    def listening(self, now: float) -> None:
        """Note that the shell has handled everything and waits again: silence counts from here."""
        self._heard_at = max(self._heard_at, now)

    def heartbeat(self, now: float) -> str | None:
        """Give a heartbeat to send if one is due."""
        if now < self._heartbeat_at:
            return None
        self._heartbeat_at = now + self._timing.heartbeat_period_s
        if self._asked_at is None:
            self._asked_at = now
        return encode(Heartbeat())

    def check(self, now: float) -> None:
        """
        Look whether the link is still alive.

        :raises ConnectionLost: nothing was heard for the timeout, or a heartbeat was not answered.
        """
        silence_s = now - self._heard_at
        if silence_s >= self._timing.timeout_s:
            silence = f'no answer from the server for {silence_s:.1f} s'
            raise ConnectionLost(f'{EVICTED}: {silence}' if self._missing_polls else silence)
        if self._asked_at is not None and now - self._asked_at >= self._timing.answer_timeout_s:
            raise ConnectionLost(
                f'the server is heard, but has not answered for {now - self._asked_at:.1f} s: '
                'what it says is as late'
            )

    def polled(self, info: RoomInfo, now: float) -> Presence:
        """
        Take the room's participants as REST tells them.

        One poll may meet a change half-way; what two in a row say is believed.

        :raises ConnectionLost: the room does not list us any more.
        """
        self._missing_polls = 0 if info.has(self.join.participant_id) else self._missing_polls + 1
        # While an answer is on its way, whether it comes is what the next poll will know.
        if self._missing_polls >= 2 and (self._asked_at is None or self._is_ignored(now)):
            raise ConnectionLost(MADE_ANEW if self._asked_at is None else EVICTED)
        self._absent_polls = 0 if info.producer else self._absent_polls + 1
        return Presence(self._absent_polls < 2)

    def _is_ignored(self, now: float) -> bool:
        """Say whether a heartbeat waits for its answer, longer than until the next one."""
        asked_at, period_s = self._asked_at, self._timing.heartbeat_period_s
        return asked_at is not None and now - asked_at >= period_s

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
        asked_at, self._asked_at = self._asked_at, None
        self._says_presence = message.has_producer is not None
        return Presence(message.has_producer, None if asked_at is None else now - asked_at)
