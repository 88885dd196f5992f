# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The WebSocket of one participant, and the buffer of messages to it.

A message is written at once as long as the peer reads fast enough. Under backpressure, messages
are kept in an outbox, where joint updates are merged and emergency stops go first, until the write
buffer is drained.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...arena.control_messages import ControlState
from ...arena.lane.lane import Lane
from ...arena.lane.newest import SeenStops
from ...arena.messages import EmergencyStop, JointUpdate, Message
from ...arena.outbox import Outbox, text_of
from ...arena.sansio import text_frame
from ...arena.video_messages import VideoFrame
from ..access.admission import Entry
from ..access.rules import Actor
from ..log.rate_limited_log import RateLimitedLog
from ..net.rate_limiter import Verdict
from ..net.web_socket import WebSocket
from ..rooms.counters import Counters

__all__ = ['ParticipantConnection', 'frame_of']

CLOSE_TIMEOUT_S = 5.0
"""How long to wait for the answer to a close frame before aborting, in seconds."""

MAX_PENDING = 100
"""Replies that are buffered for a peer; a peer that exceeds this is disconnected."""

TRY_AGAIN_LATER = 1013
"""The close code for a peer that reads too slowly."""

FRAME_TOO_LARGE = 1009
"""The close code for a peer whose message exceeds the limit."""


class ParticipantConnection:
    """
    One accepted WebSocket.

    :ivar seen_stops: the stops that came from the peer, each several times if it has a lane.
    :ivar on_close: called once when the server closes the connection, before the peer is gone.
    :param actor: the address and the grant of the peer.
    :param entry: its entry in the admission control.
    :param stall_s: close the connection after this many seconds of backpressure.
    """

    def __init__(
        self,
        socket: WebSocket,
        actor: Actor,
        entry: Entry,
        *,
        stall_s: float,
        counters: Counters,
        log: RateLimitedLog,
    ) -> None:
        self.on_close: Callable[[], object] = _nothing
        self.seen_stops = SeenStops()
        self.actor = actor
        self.entry = entry
        self._socket = socket
        self._stall_s = stall_s
        self._counters = counters
        self._log = log
        self._outbox = Outbox()
        self._lane: Lane | None = None
        self._is_closing = False
        self._has_received = True
        self._silent_checks = 0
        self._timer: asyncio.TimerHandle | None = None
        socket.on_congested = self._on_congested
        socket.on_drained = self._on_drained

    @property
    def silent_s(self) -> float:
        """Seconds since data was last received from the peer."""
        return self._socket.silent_s

    def ping(self) -> None:
        """Send a ping."""
        self._socket.ping()

    async def is_alive(self, timeout_s: float, *, with_message: bool = False) -> bool:
        """
        Ping the peer; return whether it answers in time and the connection is not closing.

        :param with_message: see :meth:`.WebSocket.probe`.
        """
        return not self._is_closing and await self._socket.probe(
            timeout_s, with_message=with_message
        )

    def count_silent_check(self) -> int:
        """
        Return how many calls in a row found no new message since the previous call.

        It counts calls instead of seconds, so that a pause of this process counts as one call.
        """
        self._silent_checks = 0 if self._has_received else self._silent_checks + 1
        self._has_received = False
        return self._silent_checks

    async def receive(self) -> str | bytes | None:
        """Return the next message, or None if the connection is closing or has ended."""
        message = await self._socket.receive()
        return None if self._is_closing else message

    async def listen(self, handle: Callable[[str | bytes, Verdict], object]) -> None:
        """Call a function for each received message until the connection has ended."""

        def on_message(message: str | bytes, verdict: Verdict) -> None:
            self._has_received = True
            if not self._is_closing:
                handle(message, verdict)

        await self._socket.listen(on_message)

    async def wait_ended(self) -> None:
        """Wait until the connection has ended, and drop received messages."""
        await self._socket.wait_ended()
        self._cancel_timer()
        if self._socket.close_code == FRAME_TOO_LARGE:
            self._refuse('frame_too_large')

    def put(self, message: Message | VideoFrame, frame: bytes | None = None) -> None:
        """
        Send a message at once, or buffer it under backpressure.

        Numbered updates and stops also take the lane, if there is one.

        :param frame: the encoded message, if the caller has encoded it already.
        """
        if self._is_closing:
            return
        if not self._is_sent_by_lane(message):
            self._put_on_socket(message, frame)

    def use_lane(self, lane: Lane | None) -> None:
        """Use a lane from now on, or none."""
        self._lane = lane

    def repeat(self, update: JointUpdate) -> None:
        """Write an update to the WebSocket that the lane has carried."""
        if not self._is_closing:
            self._put_on_socket(update, None)

    def _is_sent_by_lane(self, message: Message | VideoFrame) -> bool:
        """Send a message by the lane if it may go there; return whether that is enough."""
        match message:
            case EmergencyStop() if self._lane is not None:
                self._lane.send_stop(text_of(message))
            case JointUpdate(seq=int()) if self._lane is not None:
                return self._lane.send_update(message)
            case ControlState() if self._lane is not None:
                # No value from before a change of control may appear after it.
                self._lane.settle()
        return False

    def _put_on_socket(self, message: Message | VideoFrame, frame: bytes | None) -> None:
        if self._socket.is_writable:
            self._counters.frames_out += 1
            self._socket.write(frame or frame_of(message))
            return
        self._counters.merged += self._outbox.put(message)
        if self._outbox.pending_others > MAX_PENDING:
            self._close_slow_peer()

    def close(self, code: int, reason: str = '') -> None:
        """Send all buffered messages and a close frame; do nothing if closing already."""
        if self._is_closing:
            return
        self._flush(even_if_full=True)
        self._is_closing = True
        self._socket.close(code, reason)
        self._start_timer(CLOSE_TIMEOUT_S, self._socket.abort)
        self.on_close()

    def abort(self) -> None:
        """Abort the connection without a close frame."""
        self._socket.abort()

    def on_flood(self, action: Callable[[], None]) -> None:
        """Set the function to call when the peer sends far too many frames of any kind."""
        self._socket.on_flood = action

    def linger(self) -> None:
        """Abort the connection soon, even if the peer does not answer the close frame."""
        self._socket.linger()

    def _on_congested(self) -> None:
        if not self._is_closing:
            self._start_timer(self._stall_s, self._close_slow_peer)

    def _on_drained(self) -> None:
        if not self._is_closing:
            self._cancel_timer()
            self._flush()

    def _flush(self, *, even_if_full: bool = False) -> None:
        while self._outbox and (even_if_full or self._socket.is_writable):
            message = self._outbox.take()
            assert message is not None
            self._counters.frames_out += 1
            self._socket.write(frame_of(message))

    def _close_slow_peer(self) -> None:
        self._refuse('too_slow')
        self.close(TRY_AGAIN_LATER, 'too slow')

    def _refuse(self, code: str) -> None:
        self._counters.refused[code] += 1
        self._log.note(code, **self.actor.log_fields)

    def _start_timer(self, delay_s: float, action: Callable[[], None]) -> None:
        self._cancel_timer()
        self._timer = asyncio.get_running_loop().call_later(delay_s, action)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def frame_of(message: Message | VideoFrame) -> bytes:
    """Encode a message as a frame, which can be sent to any number of recipients."""
    return text_frame(text_of(message))


def _nothing() -> None:
    pass
