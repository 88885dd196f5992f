# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One WebRTC connection to one other participant.

Rules of this file:

- An SDP is sent after gathering, with all candidates of this side. Then the connection works even
  if the other side sends none, and no candidates have to be sent one by one.
- Everything that the other side sends is bounded before aiortc reads it, and an error of aiortc
  while reading it is an :class:`InvalidSignal`.
- A peer is used once: for another offer make another peer, because public clients do the same.

Threads: a peer belongs to the event loop in which it was made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import logging
from typing import Any

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceCandidate,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from . import sdp_text
from .candidates import Candidate, parse_candidate
from .codec import Codec
from .errors import InvalidIceServer, InvalidSignal, PeerFailed
from .ice import IceServers
from .picture_stamps import LABEL, decode_stamp, encode_stamp

__all__ = ['Peer', 'PeerStats']

MAX_CANDIDATES = 64
"""The maximum number of remote candidates of a connection, in the SDP and after it."""

MAX_WAITING_STAMPS = 1024
"""The maximum number of bytes of stamps that wait to be sent; further stamps are dropped."""

SETTLE_S = 0.5
"""How long a connection that is just being established may go on before it is closed."""

CLOSE_TIMEOUT_S = 5.0
"""The maximum time to wait until aiortc has closed a connection, in seconds."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PeerStats:
    """
    The counters of a connection, all since its beginning.

    :param packets_lost: of those sent, as the other side reported; None before its first report.
    :param round_trip_s: None before the first report of the other side.
    :param packets_missed: of those that the other side sent.
    :param report: differs for each report of the other side; None before the first.
    :param jitter: of what arrives at the other side, as it reported it; None before that.
    """

    packets_sent: int = 0
    bytes_sent: int = 0
    packets_lost: int | None = None
    round_trip_s: float | None = None
    packets_received: int = 0
    bytes_received: int = 0
    packets_missed: int = 0
    report: object = None
    jitter: int | None = None


class Peer:
    """
    One connection: offer pictures with it, or answer an offer, then close it.

    :param name: the other participant, for messages.
    :raises InvalidIceServer: the installed aiortc does not support the servers.
    """

    def __init__(self, name: str, ice: IceServers | None = None) -> None:
        self.name = name
        ice = ice or IceServers()
        self._relay_only = ice.relay_only
        self._connection = RTCPeerConnection(_configuration(ice))
        self._track: MediaStreamTrack | None = None
        self._early: list[Candidate] = []
        self._candidates = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._working: set[asyncio.Future[None]] = set()
        self._closing: asyncio.Future[None] | None = None
        self._state = self._connection.connectionState
        self._changed = asyncio.Event()
        self._connection.on('connectionstatechange', self._on_state)
        self._connection.on('track', self._on_track)
        self._connection.on('datachannel', self._on_channel)
        self._stamps: RTCDataChannel | None = None
        self._on_stamp: Callable[[int, int], None] = lambda ticks, stamp_ns: None

    @property
    def track(self) -> MediaStreamTrack | None:
        """The video track of the other side, after :meth:`answer`; None if it offered none."""
        return self._track

    @property
    def is_connected(self) -> bool:
        """Whether the connection is established."""
        return bool(self._state == 'connected')

    def on_stamp(self, callback: Callable[[int, int], None]) -> None:
        """Call ``callback(ticks, stamp_ns)`` for each stamp that the other side announces."""
        self._on_stamp = callback

    def send_stamp(self, ticks: int, stamp_ns: int) -> None:
        """Announce when a picture was taken, just before it is sent; it may get lost."""
        channel = self._stamps
        if (
            channel is not None
            and channel.readyState == 'open'
            and channel.bufferedAmount < MAX_WAITING_STAMPS
        ):
            channel.send(encode_stamp(ticks, stamp_ns))

    async def offer(
        self,
        track: MediaStreamTrack,
        codec: Codec,
        *,
        is_dtls_client: bool = False,
        with_stamps: bool = False,
    ) -> str:
        """
        Return an SDP that offers a track in one codec.

        :param is_dtls_client: begin the DTLS handshake. Otherwise the other side may choose, and a
            browser begins it; on a connection that it used before, towards the previous address,
            and for some seconds in vain.
        :param with_stamps: offer a data channel for stamps, too.
        :raises PeerFailed: the offer could not be made, or no address was found for it.
        """
        connection = self._connection
        known = RTCRtpSender.getCapabilities('video').codecs
        wanted = {codec.mime_type.lower(), 'video/rtx'}
        try:
            transceiver = connection.addTransceiver(track, direction='sendonly')
            transceiver.setCodecPreferences([c for c in known if c.mimeType.lower() in wanted])
            if with_stamps:
                # A stamp that comes after its picture is useless: neither ordered nor repeated.
                self._stamps = connection.createDataChannel(LABEL, ordered=False, maxRetransmits=0)
            await self._whole(connection.setLocalDescription(await connection.createOffer()))
        except Exception as exc:
            raise PeerFailed(f'{self.name}: cannot make an offer: {exc!r}') from exc
        sdp = self._local_sdp()
        return sdp_text.as_dtls_client(sdp) if is_dtls_client else sdp

    async def accept(self, sdp: str) -> None:
        """
        Take the answer to the offer.

        :raises InvalidSignal: it is invalid, or refuses the pictures.
        """
        await self._read(sdp, 'answer')
        directions = [each.currentDirection for each in self._connection.getTransceivers()]
        if 'sendonly' not in directions:
            raise InvalidSignal(f'{self.name}: the answer refuses the pictures, or their codec')

    async def answer(self, sdp: str) -> str:
        """
        Take an offer, and return the SDP that answers it.

        The first video section is received; all others, for example audio, are declined. The
        answer asks for stamps, which a producer of this package then offers in another offer.

        :raises InvalidSignal: the offer is invalid, or has no video.
        :raises PeerFailed: no address was found for the answer.
        """
        connection = self._connection
        if '\nm=' not in sdp:
            raise InvalidSignal(f'{self.name}: the offer has no media')
        await self._read(sdp_text.with_any_dtls_role(sdp), 'offer')
        if self._track is None:
            raise InvalidSignal(f'{self.name}: the offer has no video')
        for transceiver in connection.getTransceivers():
            is_wanted = transceiver.receiver.track is self._track
            # Not received, because aiortc decodes what nothing reads, and queues it without end.
            transceiver.direction = 'recvonly' if is_wanted else 'inactive'
        try:
            await self._whole(connection.setLocalDescription(await connection.createAnswer()))
        except Exception as exc:
            raise InvalidSignal(f'{self.name}: cannot answer the offer: {exc!r}') from exc
        return sdp_text.asking_for_stamps(self._local_sdp())

    def add_candidate(self, value: object) -> None:
        """
        Take a candidate that was sent after, or even before, the SDP; return at once.

        :param value: as :func:`.parse_candidate` expects it.
        :raises InvalidSignal: it is invalid, or there are more than :data:`MAX_CANDIDATES`.
        """
        candidate = parse_candidate(value, relay_only=self._relay_only)
        # The end of the candidates is not passed on, because more of another section may follow.
        if candidate is None or self._state == 'closed':
            return
        self._count_candidates(1)
        if self._connection.remoteDescription is None:
            self._early.append(candidate)
        else:
            self._add(candidate)

    async def wait_connected(self, timeout_s: float) -> None:
        """
        Wait until the connection is established.

        :raises PeerFailed: it failed, or it was not established in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self.is_connected:
            self._raise_if_ended()
            remaining_s = deadline - loop.time()
            if remaining_s <= 0 or not await self._change(remaining_s):
                raise PeerFailed(f'{self.name}: not connected within {timeout_s:g} s')

    async def wait_ended(self, timeout_s: float | None = None) -> bool:
        """
        Wait until the connection has failed or the other side has closed it.

        :param timeout_s: None waits without limit.
        :returns: whether it has ended.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout_s is None else loop.time() + timeout_s
        while not self.has_ended:
            remaining_s = None if deadline is None else deadline - loop.time()
            if remaining_s is not None and remaining_s <= 0:
                return False
            await self._change(remaining_s)
        return True

    @property
    def has_ended(self) -> bool:
        """Whether the connection has failed or was closed."""
        return self._state in ('failed', 'closed')

    async def stats(self) -> PeerStats:
        """Return the counters, as aiortc has them and as the other side last reported them."""
        found: dict[str, Any] = {}
        for each in (await self._connection.getStats()).values():
            match each.type:
                case 'outbound-rtp':
                    found |= {'packets_sent': each.packetsSent, 'bytes_sent': each.bytesSent}
                case 'remote-inbound-rtp':
                    found['packets_lost'] = each.packetsLost
                    found['round_trip_s'] = each.roundTripTime
                    found['report'] = each.timestamp
                    found['jitter'] = each.jitter
                case 'inbound-rtp':
                    found['packets_received'] = each.packetsReceived
                    found['packets_missed'] = each.packetsLost
                case 'transport':
                    found['bytes_received'] = each.bytesReceived
        return PeerStats(**found)

    async def aclose(self) -> None:
        """Close the connection and all its tasks and sockets; idempotent."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        # A cancellation ends the waiting only, because an interrupted close would leave sockets.
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._working:
            await asyncio.wait(self._working, timeout=CLOSE_TIMEOUT_S)
        await self._settle()
        closing = asyncio.ensure_future(self._connection.close())
        await asyncio.wait([closing], timeout=CLOSE_TIMEOUT_S)
        if not closing.done():
            _logger.warning('%s: not closed within %g s', self.name, CLOSE_TIMEOUT_S)
            closing.cancel()
        elif not closing.cancelled() and (exc := closing.exception()) is not None:
            _logger.warning('%s: closing the connection failed: %r', self.name, exc)

    async def _read(self, sdp: str, kind: str) -> None:
        try:
            usable = sdp_text.checked(sdp, relay_only=self._relay_only)
        except InvalidSignal as exc:
            raise InvalidSignal(f'{self.name}: the {kind} is {exc}') from None
        self._count_candidates(sdp_text.candidate_count(sdp))
        try:
            description = RTCSessionDescription(sdp=usable, type=kind)
            await self._whole(self._connection.setRemoteDescription(description))
        except Exception as exc:  # aiortc documents no errors for an invalid SDP.
            raise InvalidSignal(f'{self.name}: cannot use the {kind}: {exc!r}') from exc
        early, self._early = self._early, []
        for candidate in early:
            self._add(candidate)

    def _local_sdp(self) -> str:
        sdp = str(self._connection.localDescription.sdp)
        if '\na=candidate:' not in sdp:
            raise PeerFailed(
                f'{self.name}: this side has no address to offer: there is no network, or with'
                ' relay_only the TURN server did not answer or refused the credentials'
            )
        return sdp

    async def _settle(self) -> None:
        """
        Wait a moment while ICE is checking candidates.

        aioice starts a task for each established connection, and it would start it after the end
        of a connection that is closed at the same moment.
        """
        settled = asyncio.Event()
        self._connection.on('iceconnectionstatechange', settled.set)
        if self._connection.iceConnectionState == 'checking':
            waiting = asyncio.ensure_future(settled.wait())
            try:
                await asyncio.wait([waiting], timeout=SETTLE_S)
            finally:
                waiting.cancel()

    async def _whole(self, work: Awaitable[None]) -> None:
        """Await work that a cancellation must not interrupt, because its sockets would remain."""
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._done)
        await asyncio.shield(task)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._working.discard(task)
        if not task.cancelled():
            task.exception()  # Retrieve it, because its awaiter may have been cancelled.

    def _count_candidates(self, count: int) -> None:
        self._candidates += count
        if self._candidates > MAX_CANDIDATES:
            raise InvalidSignal(f'{self.name}: more than {MAX_CANDIDATES} ICE candidates')

    def _add(self, candidate: Candidate) -> None:
        # In a task, because aiortc waits while it resolves the .local name of a browser.
        adding = self._connection.addIceCandidate(_to_aiortc(candidate))
        task = asyncio.create_task(self._ignore_errors(adding), name=f'candidate of {self.name}')
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ignore_errors(self, adding: Awaitable[None]) -> None:
        try:
            await adding
        except Exception as exc:
            _logger.debug('%s: ignored an ICE candidate: %r', self.name, exc)

    def _on_state(self) -> None:
        self._state = self._connection.connectionState
        self._changed.set()

    def _on_track(self, track: MediaStreamTrack) -> None:
        if track.kind == 'video' and self._track is None:
            self._track = track

    def _on_channel(self, channel: RTCDataChannel) -> None:
        if channel.label == LABEL:
            channel.on('message', self._on_message)
        else:
            channel.close()

    def _on_message(self, message: object) -> None:
        try:
            ticks, stamp_ns = decode_stamp(message)
        except InvalidSignal as exc:
            _logger.debug('%s: %s', self.name, exc)
        else:
            self._on_stamp(ticks, stamp_ns)

    def _raise_if_ended(self) -> None:
        if self.has_ended:
            raise PeerFailed(f'{self.name}: the connection is {self._state}')

    async def _change(self, timeout_s: float | None) -> bool:
        """Wait for a change of the state; return whether there was one in time."""
        self._changed.clear()
        waiting = asyncio.ensure_future(self._changed.wait())
        try:
            # Not wait_for: before Python 3.12 it can swallow a cancellation.
            done, _ = await asyncio.wait([waiting], timeout=timeout_s)
            return bool(done)
        finally:
            waiting.cancel()


def _configuration(ice: IceServers) -> RTCConfiguration:
    servers = [RTCIceServer(each.url, each.username, each.password) for each in ice.servers]
    options: dict[str, Any] = {}
    if ice.relay_only:
        try:
            from aiortc import RTCIceTransportPolicy
        except ImportError as exc:
            raise InvalidIceServer('relay_only needs a newer aiortc: 1.16 or later') from exc
        options['iceTransportPolicy'] = RTCIceTransportPolicy.RELAY
    # An empty list, not None, which would stand for a public STUN server.
    return RTCConfiguration(iceServers=servers, **options)


def _to_aiortc(candidate: Candidate) -> RTCIceCandidate:
    return RTCIceCandidate(
        component=candidate.component,
        foundation=candidate.foundation,
        ip=candidate.ip,
        port=candidate.port,
        priority=candidate.priority,
        protocol=candidate.protocol,
        type=candidate.kind,
        relatedAddress=candidate.related_address,
        relatedPort=candidate.related_port,
        sdpMid=candidate.mid,
        sdpMLineIndex=candidate.line,
        tcpType=candidate.tcp_type,
    )
