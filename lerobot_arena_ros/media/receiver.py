# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The pictures of one video room: answers the offers of its producer and passes on the pictures.

Rules of this file:

- Each offer gets a connection of its own. The previous one stays until the new one has delivered
  a picture, so that the picture does not go black meanwhile.
- An offer that comes again unchanged gets the same answer again.
- Connections are made at a limited rate; of the offers that wait, the newest are kept.
- ICE candidates may arrive before the offer that they belong to; those of the last seconds are
  given to each new connection, where wrong ones do no harm.
- A consumer can never offer. :attr:`StreamReceiver.is_stuck` is how its owner notices that it has
  to leave the room and join again, which makes a producer offer anew.

Threads: everything here belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import logging
import time
from typing import NamedTuple

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
import av

from ..arena.errors import ArenaError
from ..arena.video_messages import Answer
from .errors import InvalidIceServer, InvalidSignal
from .ice import IceServers
from .pace import Pace
from .peer import Peer, PeerStats
from .picture_stamps import StampMatcher

__all__ = ['StreamReceiver']

CONNECT_TIMEOUT_S = 15.0
"""The maximum time from the answer to the connection, in seconds."""

FIRST_PICTURE_TIMEOUT_S = 10.0
"""The maximum time from the connection to its first picture, in seconds."""

MAX_CONNECTIONS = 4
"""The maximum number of connections at one time; an older one gives way to a new offer."""

CANDIDATE_LIFETIME_S = 5.0
"""How long an ICE candidate is kept for an offer that it overtook, in seconds."""

MAX_EARLY = 16
"""The maximum number of ICE candidates that are kept."""

_logger = logging.getLogger(__name__)

Send = Callable[[Answer], Awaitable[object]]
OnPicture = Callable[[av.VideoFrame, 'int | None'], None]
OnError = Callable[[str], None]


class _Early(NamedTuple):
    producer: str
    candidate: object
    at: float


class StreamReceiver:
    """
    The connections of one consumer. Close it, or they remain.

    :param send: posts an answer to the room.
    :param on_picture: called in the event loop with each picture as soon as it is decoded, and
        with the time at which it was taken, in nanoseconds since 1970; None if the producer does
        not send it. Must not block.
    :param ice: the STUN and TURN servers.
    :param on_error: called with a sentence when an offer is refused or a connection fails.
    """

    def __init__(
        self,
        send: Send,
        on_picture: OnPicture,
        *,
        ice: IceServers | None = None,
        on_error: OnError | None = None,
    ) -> None:
        self._send = send
        self._on_picture = on_picture
        self._ice = ice or IceServers()
        self._on_error = on_error or (lambda text: None)
        self._streams: list[_Stream] = []
        self._early: deque[_Early] = deque(maxlen=MAX_EARLY)
        self._pace = Pace()
        self._offers: deque[tuple[str, str]] = deque(maxlen=MAX_CONNECTIONS)
        self._opening: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._alone_since = time.monotonic()
        self._picture_at: float | None = None

    @property
    def last_picture_at(self) -> float | None:
        """When the newest picture arrived, in seconds of ``time.monotonic``; None before it."""
        return self._picture_at

    @property
    def is_connected(self) -> bool:
        """Whether a connection to a producer is established."""
        return any(stream.is_connected for stream in self._streams)

    @property
    def track(self) -> MediaStreamTrack | None:
        """The newest video track; None without a connection."""
        return self._streams[-1].peer.track if self._streams else None

    async def stats(self) -> PeerStats:
        """Return the counters of the newest connection; zeros without one."""
        return await self._streams[-1].peer.stats() if self._streams else PeerStats()

    def is_stuck(self, now: float, patience_s: float) -> bool:
        """
        Return whether only a new join can bring pictures, if the room has a producer.

        A connection that is established but brings no pictures is not stuck: the camera pauses.

        :param patience_s: how long there may be no connection, in seconds.
        """
        return not self._streams and not self._offers and now - self._alone_since >= patience_s

    def on_offer(self, producer: str, sdp: str) -> None:
        """Answer an offer in the background."""
        if (producer, sdp) in self._offers:
            return
        self._offers.append((producer, sdp))
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._open_offered(), name='answer offers')

    async def _open_offered(self) -> None:
        while self._offers:
            await self._pace.turn()
            if self._offers:  # The producer may have left meanwhile.
                self._open(*self._offers.popleft())

    def _open(self, producer: str, sdp: str) -> None:
        for stream in self._streams:
            if (stream.producer, stream.offer) == (producer, sdp):
                stream.repeat_answer()
                return
        if len(self._streams) >= MAX_CONNECTIONS:
            self._end(self._streams[0])
        try:
            stream = _Stream(
                producer,
                sdp,
                Peer(producer, self._ice),
                self._send,
                deliver=self._deliver,
                forget=self._forget,
                on_error=self._on_error,
            )
        except InvalidIceServer as exc:  # The installed aiortc does not support the servers.
            self._on_error(str(exc))
            return
        now = time.monotonic()
        for early in self._early:
            if early.producer == producer and now - early.at < CANDIDATE_LIFETIME_S:
                stream.on_candidate(early.candidate)
        self._streams.append(stream)
        stream.start()

    def on_candidate(self, producer: str, candidate: object) -> None:
        """Handle an ICE candidate of the producer."""
        self._early.append(_Early(producer, candidate, time.monotonic()))
        for stream in self._streams:
            if stream.producer == producer:
                stream.on_candidate(candidate)

    def on_producer_left(self, producer: str) -> None:
        """Close the connections to a producer that has left the room."""
        waiting = [offer for offer in self._offers if offer[0] != producer]
        self._offers.clear()
        self._offers.extend(waiting)
        for stream in [each for each in self._streams if each.producer == producer]:
            self._end(stream)

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        self._offers.clear()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        for stream in list(self._streams):
            self._end(stream)
        if self._ending:
            await asyncio.wait(self._ending)

    def _deliver(self, stream: _Stream, picture: av.VideoFrame, stamp_ns: int | None) -> None:
        if stream not in self._streams:
            return
        for older in self._streams[: self._streams.index(stream)]:
            self._end(older)
        self._picture_at = time.monotonic()
        self._on_picture(picture, stamp_ns)

    def _end(self, stream: _Stream) -> None:
        self._forget(stream)
        task = asyncio.create_task(stream.aclose(), name=f'end {stream.producer}')
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _forget(self, stream: _Stream) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
        if not self._streams:
            self._alone_since = time.monotonic()


class _Stream:
    """One offer, and the connection that answers it."""

    def __init__(
        self,
        producer: str,
        offer: str,
        peer: Peer,
        send: Send,
        *,
        deliver: Callable[[_Stream, av.VideoFrame, int | None], None],
        forget: Callable[[_Stream], None],
        on_error: OnError,
    ) -> None:
        self.producer = producer
        self.offer = offer
        self.peer = peer
        self._stamps = StampMatcher()
        peer.on_stamp(self._stamps.announce)
        self._send = send
        self._deliver = deliver
        self._forget = forget
        self._on_error = on_error
        self._answer: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._repeat: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        return self.peer.is_connected

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f'stream of {self.producer}')

    async def aclose(self) -> None:
        tasks = [task for task in (self._task, self._repeat) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def on_candidate(self, candidate: object) -> None:
        try:
            self.peer.add_candidate(candidate)
        except InvalidSignal as exc:
            _logger.debug('%s', exc)

    def repeat_answer(self) -> None:
        is_idle = self._repeat is None or self._repeat.done()
        if self._answer is not None and is_idle and not self.is_connected:
            self._repeat = asyncio.create_task(
                self._send_again(self._answer), name=f'answer {self.producer}'
            )

    async def _send_again(self, answer: str) -> None:
        try:
            await self._send(Answer(answer, self.producer))
        except ArenaError as exc:
            _logger.debug('%s', exc)

    async def _run(self) -> None:
        try:
            await self._receive()
        except ArenaError as exc:
            self._on_error(f'producer {exc}')
        except Exception as exc:  # A bug must not end the consumer: another offer may work.
            _logger.exception('%s: receiving failed', self.producer)
            self._on_error(f'producer {self.producer}: {exc!r}')
        finally:
            self._forget(self)
            if self._watch is not None:
                self._watch.cancel()
            await self.peer.aclose()

    async def _receive(self) -> None:
        """
        Answer the offer, and pass on pictures until the connection ends.

        :raises ArenaError: why it was not established.
        """
        self._answer = await self.peer.answer(self.offer)
        await self._send(Answer(self._answer, self.producer))
        await self.peer.wait_connected(CONNECT_TIMEOUT_S)
        track = self.peer.track
        assert track is not None, 'answer() requires a video track'
        self._watch = asyncio.create_task(self._close_at_end(), name=f'watch {self.producer}')
        timer = asyncio.get_running_loop().call_later(FIRST_PICTURE_TIMEOUT_S, self._watch.cancel)
        self._watch.add_done_callback(lambda task: timer.cancel())
        try:
            while True:
                picture = await track.recv()
                timer.cancel()
                self._deliver(self, picture, self._stamps.stamp_ns(picture.pts or 0))
        except MediaStreamError:
            _logger.info('producer %s: the connection ended', self.producer)

    async def _close_at_end(self) -> None:
        """Close the connection when it has ended, which ends a pending ``recv``."""
        try:
            await self.peer.wait_ended()
        finally:
            await self.peer.aclose()
