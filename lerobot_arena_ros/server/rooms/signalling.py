# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The signals of WebRTC between the producer of a video room and its consumers. No I/O.

The server forwards SDP and ICE candidates without reading them, within these rules:

- The producer offers, a consumer answers, once per offer. Candidates go both ways.
- The signals of each pair are limited: offers by a token bucket, candidates per offer. A pair that
  exceeds a limit gets an error, and no other pair notices.
- A browser posts its offer and the candidates of it at the same time, so that a candidate may come
  first. A public consumer would drop it, and would then have no address of the producer. Therefore
  a candidate whose ICE user name is in no offer yet is sent after the offer that has it.
- Several consumers of a room may send the same id, because the public web page names each of its
  viewers ``consumer-id``. A signal contains only that id, so the server has to find out which of
  them sent it. Therefore only one of them has an unanswered offer at a time. An offer to another
  one is held until the first has answered, has left, or has not answered for :data:`ANSWER_S`.
  A candidate belongs to the consumer whose answer has its ICE user name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
import re

from ...arena.errors import RequestRejected
from ...arena.video_messages import IceCandidate, VideoFrame, WebrtcAnswer, WebrtcIce, WebrtcOffer
from .base_room import Delivery, Member, Now

__all__ = ['ANSWER_S', 'MAX_CANDIDATES', 'OFFER_BURST', 'OFFER_PERIOD_S', 'Signalling']

ANSWER_S = 5.0
"""How long an offer may wait for its answer before another consumer of that id gets its offer."""

MAX_CANDIDATES = 50
"""ICE candidates that each side of a pair may send per offer; a browser sends about ten."""

OFFER_BURST = 10
"""Offers that a producer may make to one consumer at once."""

OFFER_PERIOD_S = 1.0
"""The mean time between two offers of a longer series to one consumer, in seconds."""

MAX_UFRAGS = 16
"""ICE user names that are read from an SDP; it has one for each track, mostly the same."""

_UFRAG_OF_SDP = re.compile(r'^a=ice-ufrag:(\S{1,256})', re.MULTILINE)
_UFRAG_OF_CANDIDATE = re.compile(r' ufrag (\S{1,256})')


@dataclass
class _Pair:
    """
    The producer and one consumer.

    :param refilled_s: when the token bucket of the offers was last refilled.
    :param sent_s: when the last offer was sent; None if there was none.
    :param unanswered: how many of the offers that were sent have no answer yet.
    :param ufrags: the ICE user names of the last answer.
    :param held: the offer that waits, and the candidates behind it.
    :param offered: the ICE user names of the last offer.
    :param early: the candidates of the producer that came before their offer, by ICE user name.
    """

    refilled_s: float
    tokens: float = OFFER_BURST
    sent_s: float | None = None
    unanswered: int = 0
    ufrags: frozenset[str] = frozenset()
    of_producer: int = 0
    of_consumer: int = 0
    held: list[VideoFrame] = field(default_factory=list)
    offered: frozenset[str] = frozenset()
    early: list[tuple[str, VideoFrame]] = field(default_factory=list)

    def rank(self, ufrag: str | None = None) -> tuple[bool, float]:
        """Return how likely a signal is of this consumer, to be compared: by name, then by age."""
        return ufrag in self.ufrags, self.sent_s or 0.0

    def take_offer(self, now_s: float) -> None:
        """Count an offer, which makes the earlier one void."""
        refill = (now_s - self.refilled_s) / OFFER_PERIOD_S
        self.tokens = min(float(OFFER_BURST), self.tokens + refill)
        self.refilled_s = now_s
        if self.tokens < 1.0:
            raise _too_many(f'offers; one per {OFFER_PERIOD_S:g} s is accepted')
        self.tokens -= 1.0
        self.of_producer = self.of_consumer = 0
        self.held.clear()

    def hold_offer(self, offer: WebrtcOffer) -> None:
        """Hold an offer, and the candidates behind it that came earlier; drop all others."""
        self.offered = _ufrags_of(offer.sdp)
        self.held.append(offer)
        self.held += [frame for ufrag, frame in self.early if ufrag in self.offered]
        self.early.clear()

    def take_candidate(self, *, from_producer: bool) -> None:
        """Count a candidate."""
        if (self.of_producer if from_producer else self.of_consumer) >= MAX_CANDIDATES:
            raise _too_many(f'ICE candidates; {MAX_CANDIDATES} per offer are accepted')
        if from_producer:
            self.of_producer += 1
        else:
            self.of_consumer += 1


class Signalling:
    """The pairs of the present producer of one room, by consumer."""

    def __init__(self) -> None:
        self._pairs: dict[Member, _Pair] = {}

    @property
    def has_held(self) -> bool:
        """Whether an offer is held; then the caller must call :meth:`due` after ``ANSWER_S``."""
        return any(pair.held for pair in self._pairs.values())

    def offer(self, producer: Member, consumer: Member, sdp: str, now: Now) -> list[Delivery]:
        """
        Forward or hold an offer.

        :raises RequestRejected: there are too many (429).
        """
        pair = self._pair(consumer, now)
        pair.take_offer(now.steady_s)
        pair.hold_offer(WebrtcOffer(sdp, producer.participant_id, now.stamp))
        return list(self.due(now))

    def answer(
        self, consumers: Iterable[Member], producer: Member, sdp: str, now: Now
    ) -> Delivery | None:
        """
        Forward an answer.

        :param consumers: those that may have sent it.
        :returns: None if none of them has an unanswered offer.
        """
        waiting = [each for each in self._known(consumers) if each[1].unanswered]
        if not waiting:
            return None
        # The newest, because an older one has not been answered for a long time.
        consumer, pair = max(waiting, key=lambda each: each[1].rank())
        pair.unanswered -= 1
        pair.ufrags = _ufrags_of(sdp)
        return Delivery((producer,), WebrtcAnswer(sdp, consumer.participant_id, now.stamp))

    def to_consumer(
        self, producer: Member, consumer: Member, signal: IceCandidate, now: Now
    ) -> Delivery | None:
        """
        Forward a candidate of the producer, or hold it until its offer is sent.

        :returns: None if it is held.
        :raises RequestRejected: there are too many (429).
        """
        pair = self._pair(consumer, now)
        pair.take_candidate(from_producer=True)
        frame = WebrtcIce(signal.candidate, producer.participant_id, None, now.stamp)
        ufrag = _ufrag_of(signal)
        if ufrag is not None and ufrag not in pair.offered:
            pair.early.append((ufrag, frame))
            return None
        if pair.held:
            pair.held.append(frame)
            return None
        return Delivery((consumer,), frame)

    def to_producer(
        self, consumers: Iterable[Member], producer: Member, signal: IceCandidate, now: Now
    ) -> Delivery | None:
        """
        Forward a candidate of a consumer.

        :param consumers: those that may have sent it.
        :returns: None if none of them was sent an offer.
        :raises RequestRejected: there are too many (429).
        """
        pairs = [each for each in self._known(consumers) if each[1].sent_s is not None]
        if not pairs:
            return None
        ufrag = _ufrag_of(signal)
        # A candidate that came before its answer belongs to the newest offer.
        consumer, pair = max(pairs, key=lambda each: each[1].rank(ufrag))
        pair.take_candidate(from_producer=False)
        frame = WebrtcIce(signal.candidate, None, consumer.participant_id, now.stamp)
        return Delivery((producer,), frame)

    def due(self, now: Now) -> Iterator[Delivery]:
        """Yield the held offers that may go out now, each with the candidates behind it."""
        for consumer, pair in self._pairs.items():
            if pair.held and not self._is_busy(consumer, now.steady_s):
                held, pair.held = pair.held, []
                pair.sent_s = now.steady_s
                pair.unanswered += 1
                yield from (Delivery((consumer,), frame) for frame in held)

    def leave(self, member: Member) -> None:
        """Forget a consumer that leaves."""
        self._pairs.pop(member, None)

    def clear(self) -> None:
        """Forget all pairs, because the producer leaves."""
        self._pairs.clear()

    def _is_busy(self, consumer: Member, now_s: float) -> bool:
        """Return whether another consumer of the same id has an unanswered offer."""
        return any(
            pair.unanswered and now_s - (pair.sent_s or 0.0) < ANSWER_S
            for other, pair in self._pairs.items()
            if other is not consumer and other.client_id == consumer.client_id
        )

    def _pair(self, consumer: Member, now: Now) -> _Pair:
        return self._pairs.setdefault(consumer, _Pair(now.steady_s))

    def _known(self, consumers: Iterable[Member]) -> Iterator[tuple[Member, _Pair]]:
        return ((each, self._pairs[each]) for each in consumers if each in self._pairs)


def _ufrags_of(sdp: str) -> frozenset[str]:
    """Return the ICE user names of a description."""
    names = (found[1] for found in _UFRAG_OF_SDP.finditer(sdp))
    return frozenset(name for name, _ in zip(names, range(MAX_UFRAGS), strict=False))


def _ufrag_of(signal: IceCandidate) -> str | None:
    """Return the ICE user name of a candidate, if it has one."""
    candidate = signal.candidate or {}
    name = candidate.get('usernameFragment')
    if isinstance(name, str):
        return name
    found = _UFRAG_OF_CANDIDATE.search(str(candidate.get('candidate', '')))
    return found[1] if found else None


def _too_many(what: str) -> RequestRejected:
    return RequestRejected(f'too many {what}', status=429)
