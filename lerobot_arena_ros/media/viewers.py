# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The viewers of one camera: an offer, an answer and a connection for each consumer of the room.

Rules of this file, which the public clients require:

- Nothing is offered before there is a picture source, so that no offer is without media.
- Each offer has a connection of its own. One that was not answered is sent again unchanged after
  :data:`ANSWER_TIMEOUT_S`, because a consumer that is still cleaning up refuses the first.
- The public page uses one connection for all offers that it gets, of this and of other producers.
  It cannot change its DTLS role, so that only a viewer that has just joined is told which one to
  take: that which makes it follow a producer that restarts at once. And it cannot take an offer
  without a section that an earlier one had, so that a data channel is offered only to a viewer
  that asks for it in its answer, in a second offer.
- A connection that fails, or that the viewer closes while it is still in the room, is offered
  anew after :data:`RETRY_S`: the public Python consumer closes whatever connection is current
  after it has lost one. If that fails again the pause doubles, up to :data:`MAX_RETRY_S`.
- An answer counts only from a viewer with a pending offer.
- A viewer that leaves the room is dropped at once.
- A connection whose viewer sends much is ended, because aiortc keeps all of it until it is read.
- Connections are made at a limited rate, so that viewers that come and go harm no other one.

Threads: everything here belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
import logging
import time

from ..arena.errors import ArenaError
from ..arena.video_messages import Offer
from .bitrate import LOW_LOSS, BitrateControl
from .codec import EncodedPicture
from .encoder import CameraEncoder
from .errors import InvalidSignal, PeerFailed
from .ice import IceServers
from .pace import Pace
from .peer import Peer, PeerStats
from .sdp_text import asks_for_stamps
from .tracks import EncodedTrack

__all__ = ['ViewerSet', 'ViewerStatus']

ANSWER_TIMEOUT_S = 5.0
"""The time after which an unanswered offer is sent again, in seconds."""

MAX_OFFERS = 3
"""How often an offer is sent before another connection is offered."""

CONNECT_TIMEOUT_S = 15.0
"""The maximum time from the answer to the connection, in seconds."""

RETRY_S = 1.0
"""The pause before a new offer after a failure, in seconds."""

MAX_RETRY_S = 10.0
"""The maximum pause before a new offer, in seconds."""

STEADY_AFTER_S = 10.0
"""A connection that lasted this long resets the pauses, in seconds."""

STATS_PERIOD_S = 1.0
"""The time between two looks at what the viewers report, in seconds."""

SILENT_AFTER_S = 4.0
"""A viewer that has not reported for this time that pictures arrive does not receive them."""

MAX_LOSS = 0.5
"""With a larger fraction of lost packets hardly a picture is complete."""

MAX_RECEIVED_PER_S = 500_000
"""The bytes that a viewer may send per second; reports of one that loses much have a tenth."""

MAX_VIEWERS = 64
"""The maximum number of viewers of one camera."""

_logger = logging.getLogger(__name__)

Send = Callable[[Offer], Awaitable[object]]
OnError = Callable[[str], None]


@dataclass(frozen=True)
class ViewerStatus:
    """
    One viewer.

    :param loss: the fraction of packets that it lost in the last period; None before its first
        report.
    :param round_trip_s: None before its first report.
    :param error: why its last connection ended; None if it did not.
    :param is_receiving: whether it is connected and has reported lately that pictures arrive.
    :param stamp_ns: the stamp of the newest picture that was sent to it; None without one.
    """

    participant_id: str
    is_connected: bool
    loss: float | None = None
    round_trip_s: float | None = None
    error: str | None = None
    is_receiving: bool = False
    stamp_ns: int | None = None


class ViewerSet:
    """
    The viewers of one camera. Close it, or its connections remain.

    :param encoder: the camera; the caller closes it.
    :param send: posts an offer to the room; an :class:`ArenaError` counts as a failed attempt.
    :param ice: the STUN and TURN servers.
    :param on_error: called with a sentence when the connection of a viewer fails.
    """

    def __init__(
        self,
        encoder: CameraEncoder,
        send: Send,
        *,
        ice: IceServers | None = None,
        on_error: OnError | None = None,
    ) -> None:
        self._encoder = encoder
        self._send = send
        self._ice = ice or IceServers()
        self._on_error = on_error or (lambda text: None)
        self._control = BitrateControl(encoder.settings.bitrate, time.monotonic())
        self._pace = Pace()
        self._viewers: dict[str, _Viewer] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def status(self) -> list[ViewerStatus]:
        """All viewers, connected or not."""
        return [viewer.status for viewer in self._viewers.values()]

    def add(self, participant_id: str, *, is_new: bool = False) -> None:
        """
        Offer the camera to a consumer; do nothing if it is a viewer already.

        :param is_new: whether it has just joined, so that it had no offer of another producer.
        """
        if participant_id in self._viewers:
            return
        if len(self._viewers) >= MAX_VIEWERS:
            self._on_error(f'{participant_id}: the camera has {MAX_VIEWERS} viewers already')
            return
        viewer = _Viewer(
            participant_id,
            self._encoder,
            self._send,
            self._ice,
            pace=self._pace,
            is_new=is_new,
            on_report=self._on_report,
            on_error=self._on_error,
        )
        self._viewers[participant_id] = viewer
        viewer.start()

    def remove(self, participant_id: str) -> None:
        """Drop a viewer that has left; its connection is closed in the background."""
        viewer = self._viewers.pop(participant_id, None)
        if viewer is None:
            return
        self._control.forget(participant_id)
        task = asyncio.create_task(viewer.aclose(), name=f'drop {participant_id}')
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def keep_only(self, participant_ids: Iterable[str]) -> None:
        """Add the consumers that the room lists, and drop the viewers that it does not list."""
        listed = set(participant_ids)
        for missing in [known for known in self._viewers if known not in listed]:
            self.remove(missing)
        for participant_id in sorted(listed):
            self.add(participant_id)

    def on_answer(self, participant_id: str, sdp: str) -> None:
        """Handle an answer; ignore one that no offer waits for."""
        viewer = self._viewers.get(participant_id)
        if viewer is not None:
            viewer.on_answer(sdp)

    def on_candidate(self, participant_id: str, candidate: object) -> None:
        """Handle an ICE candidate; ignore one of a participant that is no viewer."""
        viewer = self._viewers.get(participant_id)
        if viewer is not None:
            viewer.on_candidate(candidate)

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        for participant_id in list(self._viewers):
            self.remove(participant_id)
        if self._ending:
            await asyncio.wait(self._ending)

    def _on_report(self, participant_id: str, loss: float) -> None:
        """Note the loss of a viewer, and let the encoder follow."""
        now = time.monotonic()
        self._control.report(participant_id, loss, now)
        if loss > LOW_LOSS:
            # Lost packets are sent again, but that may come too late when there are many.
            self._encoder.request_key_frame()
        bitrate = self._control.update(now)
        if bitrate is not None:
            _logger.info(
                'bitrate: %d kbit/s, %s lost %.0f %%', bitrate // 1000, participant_id, 100 * loss
            )
            self._encoder.bitrate = bitrate


class _Viewer:
    """One consumer of the room, and the task that keeps it connected."""

    def __init__(
        self,
        participant_id: str,
        encoder: CameraEncoder,
        send: Send,
        ice: IceServers,
        *,
        pace: Pace,
        is_new: bool,
        on_report: Callable[[str, float], None],
        on_error: OnError,
    ) -> None:
        self._id = participant_id
        self._pace = pace
        self._is_new = is_new
        self._wants_stamps = False
        self._encoder = encoder
        self._send = send
        self._ice = ice
        self._on_report = on_report
        self._on_error = on_error
        self._peer: Peer | None = None
        self._answer: asyncio.Future[str] | None = None
        self._error: str | None = None
        self._stats = PeerStats()
        self._loss: float | None = None
        self._reported_at = self._looked_at = 0.0
        self._stamp_ns: int | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def status(self) -> ViewerStatus:
        is_connected = self._peer is not None and self._peer.is_connected
        return ViewerStatus(
            self._id,
            is_connected,
            self._loss,
            self._stats.round_trip_s,
            self._error,
            is_connected and time.monotonic() - self._reported_at < SILENT_AFTER_S,
            self._stamp_ns,
        )

    def start(self) -> None:
        self._task = asyncio.create_task(self._serve(), name=f'viewer {self._id}')

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def on_answer(self, sdp: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(sdp)

    def on_candidate(self, candidate: object) -> None:
        if self._peer is None:
            return
        try:
            self._peer.add_candidate(candidate)
        except InvalidSignal as exc:
            _logger.debug('%s', exc)

    async def _serve(self) -> None:
        pause_s = RETRY_S
        while True:
            started_at = time.monotonic()
            try:
                while not await self._connect():
                    pass  # Once more, with a channel for stamps.
                self._error = 'the connection ended'
                _logger.info('viewer %s: the connection ended', self._id)
            except ArenaError as exc:
                self._fail(str(exc))
            except Exception as exc:  # A bug must not end the camera of the other viewers.
                _logger.exception('%s: serving this viewer failed', self._id)
                self._fail(repr(exc))
            is_steady = time.monotonic() - started_at >= STEADY_AFTER_S
            pause_s = RETRY_S if is_steady else pause_s
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, MAX_RETRY_S)

    def _fail(self, error: str) -> None:
        self._error = error
        self._on_error(f'viewer {error}')

    async def _connect(self) -> bool:
        """
        Offer one connection, and keep it until it ends.

        :returns: False if the viewer asked for another offer instead, with stamps.
        :raises ArenaError: why it was not established.
        """
        encoder = self._encoder
        await self._pace.turn()
        peer = self._peer = Peer(self._id, self._ice)

        def announce(picture: EncodedPicture) -> None:
            self._stamp_ns = picture.stamp_ns
            if picture.stamp_ns is not None:
                peer.send_stamp(picture.pts, picture.stamp_ns)

        track = EncodedTrack(encoder, announce)
        self._stats, self._loss, self._stamp_ns = PeerStats(), None, None
        try:
            offer = await peer.offer(
                track,
                encoder.settings.codec,
                is_dtls_client=self._is_new,
                with_stamps=self._wants_stamps,
            )
            answer = await self._exchange(offer)
            if asks_for_stamps(answer) and not self._wants_stamps:
                self._wants_stamps = True
                return False
            await peer.accept(answer)
            await peer.wait_connected(CONNECT_TIMEOUT_S)
            self._error = None
            self._reported_at = self._looked_at = time.monotonic()
            while not await peer.wait_ended(STATS_PERIOD_S):
                self._look_at(await peer.stats())
            return True
        finally:
            self._peer = None
            track.stop()
            await peer.aclose()

    async def _exchange(self, sdp: str) -> str:
        """
        Send an offer until it is answered, and return the answer.

        :raises ArenaError: it was not answered, or the last attempt to send it failed.
        """
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answer = answer
        try:
            for attempt in range(1, MAX_OFFERS + 1):
                try:
                    await self._send(Offer(sdp, self._id))
                except ArenaError:
                    if attempt == MAX_OFFERS:
                        raise
                await asyncio.wait([answer], timeout=ANSWER_TIMEOUT_S)
                if answer.done():
                    return answer.result()
            raise PeerFailed(f'{self._id}: {MAX_OFFERS} offers were not answered')
        finally:
            answer.cancel()
            self._answer = None

    def _look_at(self, stats: PeerStats) -> None:
        """
        Derive the loss since the last report.

        :raises PeerFailed: the viewer sends too much.
        """
        before, self._stats = self._stats, stats
        now, looked_at = time.monotonic(), self._looked_at
        self._looked_at = now
        received = stats.bytes_received - before.bytes_received
        if received > MAX_RECEIVED_PER_S * max(STATS_PERIOD_S, now - looked_at):
            raise PeerFailed(f'{self._id}: it sends more than {MAX_RECEIVED_PER_S} bytes a second')
        if stats.report != before.report and _shows_arrival(stats, before):
            self._reported_at = now
        if stats.packets_lost is None:
            return
        sent = stats.packets_sent - before.packets_sent
        lost = stats.packets_lost - (before.packets_lost or 0)
        self._loss = min(1.0, max(0.0, lost / sent)) if sent > 0 else 0.0
        self._on_report(self._id, self._loss)


def _shows_arrival(stats: PeerStats, before: PeerStats) -> bool:
    """
    Return whether a report shows that pictures arrive, if any were sent since the last one.

    A viewer also reports if only its reports pass the network, for example because the packets of
    pictures are too large. Then neither the number of lost packets nor the jitter changes.
    """
    sent = stats.packets_sent - before.packets_sent
    lost = (stats.packets_lost or 0) - (before.packets_lost or 0)
    is_unchanged = lost == 0 and stats.jitter == before.jitter
    return sent == 0 or not (is_unchanged or lost > MAX_LOSS * sent)
