# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One room of a camera: the configuration of its stream, and the routing of messages and signals.

:mod:`.base_room` has what all rooms have in common, and the rules; :mod:`.signalling` those of
WebRTC. Media never passes the server.

Ids: the producer and a consumer may have the same id, because each signal names a role. A consumer
whose id is in use is known to the others by another one, ``viewer-2`` for ``viewer``. So no
consumer is refused or replaced because of its id: the public web page gives the same id to each of
its viewers, and a viewer that lost its network joins again at once. The entry of its old
connection ends when it does not answer pings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import count
from typing import ClassVar, NamedTuple

from ...arena.errors import ProtocolError
from ...arena.features import Feature
from ...arena.messages import HeartbeatAck, Join, Message, Role
from ...arena.stream_config import DEFAULT_CONFIG, StreamConfig, read_config
from ...arena.video_messages import (
    VIDEO_FEATURES,
    Answer,
    ConfigUpdate,
    IceCandidate,
    Offer,
    ParticipantJoined,
    ParticipantLeft,
    RecoveryTriggered,
    Signal,
    StatusUpdate,
    StreamStarted,
    StreamStats,
    StreamStopped,
    VideoClientMessage,
    VideoFrame,
    decode_video_client,
)
from .base_room import BaseRoom, Delivery, Member, Now
from .signalling import Signalling

__all__ = ['MAX_RELAY_CHARS', 'Forwarded', 'VideoRoom']

MAX_RELAY_CHARS = 64 * 1024
"""
Characters of a message of the producer as JSON.

The limit bounds memory: for each consumer that reads too slowly, the newest message of each type
is buffered.
"""


class Forwarded(NamedTuple):
    """
    The result of a signal.

    :param deliveries: empty if the signal is held or dropped.
    :param text: the words of the public server; None if it was dropped.
    """

    deliveries: tuple[Delivery, ...] = ()
    text: str | None = None


class VideoRoom(BaseRoom):
    """
    A room of a camera; its parameters are those of :class:`.BaseRoom`.

    :ivar config: what the creator and the producer said about the stream.
    """

    log_kind: ClassVar[Mapping[str, str]] = {'kind': 'video'}
    supported_features: ClassVar[frozenset[Feature]] = VIDEO_FEATURES
    ignored_types: ClassVar[frozenset[str]] = frozenset(
        (
            *('joined', 'error', 'heartbeat_ack', 'participant_joined', 'participant_left'),
            *('frame_update', 'video_config_update'),
            *('webrtc_offer', 'webrtc_answer', 'webrtc_ice'),
        )
    )

    @property
    def has_held(self) -> bool:
        """Whether an offer is held; then the caller must call :meth:`due` after ``ANSWER_S``."""
        return self._signalling.has_held

    def rivals(self, join: Join) -> tuple[Member, ...]:
        """Return the producer if a join wants its role; ids do not conflict."""
        if join.role is Role.CONSUMER or self.producer is None:
            return ()
        return (self.producer,)

    def welcome(
        self, member: Member, now: Now, *, liveness_s: float | None = None
    ) -> tuple[Message, ...]:
        """Return ``joined``, which does not have the workspace."""
        return (self._joined(member, now, '', liveness_s),)

    def announce(self, member: Member, now: Now) -> Delivery:
        """Return the message to the others about a member that has just joined."""
        frame = ParticipantJoined(self.room_id, member.participant_id, member.role, now.stamp)
        return self._to_others(member, frame)

    def leave(self, member: Member, now: Now) -> Delivery | None:
        """
        Remove a participant; do nothing if it has left already.

        :returns: the message for the other members.
        """
        if not self._remove(member):
            return None
        if member.role is Role.PRODUCER:
            self._signalling.clear()
        else:
            self._signalling.leave(member)
        frame = ParticipantLeft(self.room_id, member.participant_id, member.role, now.stamp)
        return self._to_others(member, frame)

    def clear_memory(self) -> None:
        """Set the configuration to the default."""
        self.config = DEFAULT_CONFIG

    def configure(self, config: StreamConfig) -> None:
        """Set the configuration of a new room."""
        self.config = config

    def dissolve(self, now: Now) -> Delivery:
        """Remove all members; return the message for them."""
        self._signalling.clear()
        return super().dissolve(now)

    def decode(self, text: str, features: frozenset[Feature]) -> VideoClientMessage:
        """Decode a message of a member."""
        return decode_video_client(text, features)

    def refusal_of(self, member: Member, error: ProtocolError) -> str | None:
        """Return the text for a member whose message is invalid; None to ignore the message."""
        if error.reason == 'json':
            return 'Message is not a JSON object'
        # Messages of a consumer are ignored, so invalid ones are ignored too.
        return f'Failed to process message: {error}' if member.role is Role.PRODUCER else None

    def signal(self, senders: Collection[Member], signal: Signal, now: Now) -> Forwarded:
        """
        Forward a signal, or drop it if its sender or target is not in the room in that role.

        :param senders: the members that may have sent it: with its id and its token.
        :raises RequestRejected: there are too many signals of this pair (429).
        """
        if senders:
            self.active_s = now.steady_s
        producer = self.producer if self.producer in senders else None
        consumers = [member for member in senders if member.role is Role.CONSUMER]
        match signal:
            case Offer(sdp, target):
                if producer is None or target is None:
                    return Forwarded((), 'Peer-to-peer mode - no server WebRTC processing')
                consumer = self._consumer(target)
                if consumer is None:
                    return Forwarded()
                offers = self._signalling.offer(producer, consumer, sdp, now)
                return self._forwarded('Offer forwarded to consumer', *offers)
            case Answer(sdp, target):
                to = self._producer(target)
                if to is None:
                    return Forwarded()
                answer = self._signalling.answer(consumers, to, sdp, now)
                if answer is None:
                    return Forwarded()
                held = self._signalling.due(now)
                return self._forwarded('Answer forwarded to producer', answer, *held)
            case IceCandidate():
                return self._candidate(producer, consumers, signal, now)
        return Forwarded()

    def due(self, now: Now) -> tuple[Delivery, ...]:
        """Return the held offers that may go out now."""
        return tuple(self._signalling.due(now))

    def _candidate(
        self,
        producer: Member | None,
        consumers: Collection[Member],
        signal: IceCandidate,
        now: Now,
    ) -> Forwarded:
        consumer = self._consumer(signal.target_consumer)
        if producer is not None and consumer is not None:
            delivery = self._signalling.to_consumer(producer, consumer, signal, now)
            return self._forwarded('ICE candidate forwarded to consumer', delivery)
        to = self._producer(signal.target_producer)
        if to is None:
            return Forwarded()
        delivery = self._signalling.to_producer(consumers, to, signal, now)
        if delivery is None:
            return Forwarded()
        return self._forwarded('ICE candidate forwarded to producer', delivery)

    def _forwarded(self, text: str, *deliveries: Delivery | None) -> Forwarded:
        present = tuple(each for each in deliveries if each is not None)
        self.counters.signals += len(present)
        return Forwarded(present, text)

    def _consumer(self, participant_id: str | None) -> Member | None:
        found = (each for each in self.consumers if each.participant_id == participant_id)
        return next(found, None)

    def _producer(self, participant_id: str | None) -> Member | None:
        producer = self.producer
        is_meant = producer is not None and producer.participant_id == participant_id
        return producer if is_meant else None

    def _set_up(self) -> None:
        self.config = DEFAULT_CONFIG
        self._signalling = Signalling()

    def _apply(self, member: Member, message: VideoClientMessage, now: Now) -> Delivery | None:
        if member is not self.producer or not isinstance(message, VideoFrame):
            return None
        config = self.config
        match message:
            case StreamStarted() | StreamStopped():
                frame: VideoFrame = replace(
                    message, participant_id=member.participant_id, timestamp=now.stamp
                )
            case ConfigUpdate(changes):
                config = read_config(changes, config)
                frame = replace(message, source=member.participant_id, timestamp=now.stamp)
            case StatusUpdate() | StreamStats() | RecoveryTriggered():
                frame = replace(message, timestamp=now.stamp)
            case _:
                return None
        if len(frame.text) > MAX_RELAY_CHARS:
            raise ProtocolError(
                f'a message has at most {MAX_RELAY_CHARS} characters, got {len(frame.text)}',
                reason='shape',
            )
        self.config = config
        return Delivery(self.consumers, frame)

    def _note_stop(self, member: Member) -> None:
        """Do nothing: a stop changes nothing in the room of a camera."""

    def _default_reason(self, member: Member) -> str:
        return 'Emergency stop triggered'

    def _heartbeat_ack(self, seq: int | None, now: Now) -> HeartbeatAck:
        return HeartbeatAck(now.stamp, None, seq)

    def _to_others(self, member: Member, frame: VideoFrame) -> Delivery:
        return Delivery(tuple(each for each in self.members if each is not member), frame)

    def _check_id(self, join: Join) -> str:
        wanted = join.participant_id
        self._check_length(wanted)
        if join.role is Role.PRODUCER or self._consumer(wanted) is None:
            return wanted
        others = (f'{wanted}-{number}' for number in count(2))
        return next(each for each in others if self._consumer(each) is None)
