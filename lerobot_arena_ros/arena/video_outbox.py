# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The send buffer of one peer for the messages that only video rooms have.

Sans I/O. Its size is bounded: one message of each type of the producer, at most two about each
participant, and :data:`MAX_SIGNALS` signals of each sender.
"""

from __future__ import annotations

from collections import deque
from typing import TypeVar

from .messages import Role
from .video_messages import (
    ParticipantJoined,
    ParticipantLeft,
    StreamStarted,
    StreamStopped,
    VideoFrame,
    WebrtcAnswer,
    WebrtcIce,
    WebrtcOffer,
)

__all__ = ['MAX_SIGNALS', 'VideoOutbox']

MAX_SIGNALS = 100
"""The signals of one sender that are queued; more replace its oldest candidates."""

_Presence = ParticipantJoined | ParticipantLeft
_Signal = WebrtcOffer | WebrtcAnswer | WebrtcIce
_Sender = tuple[Role, str]
_AnyFrame = TypeVar('_AnyFrame', bound=VideoFrame)


class VideoOutbox:
    """
    The messages that are queued for one peer.

    First those about participants, so that a signal never comes before its sender, then signals,
    then the newest message of each type of the producer.
    """

    def __init__(self) -> None:
        self._presence: dict[_Sender, deque[_Presence]] = {}
        self._signals: dict[_Sender, deque[_Signal]] = {}
        self._newest: dict[type[VideoFrame], VideoFrame] = {}

    def __bool__(self) -> bool:
        """Return whether any message is queued."""
        return bool(self._presence or self._signals or self._newest)

    def put(self, frame: VideoFrame) -> bool:
        """
        Add a message.

        :returns: whether it replaced a queued message.
        """
        match frame:
            case ParticipantJoined() | ParticipantLeft():
                return self._put_presence(frame)
            case WebrtcOffer(from_producer=producer):
                return self._put_signal((Role.PRODUCER, producer), frame)
            case WebrtcAnswer(from_consumer=consumer):
                return self._put_signal((Role.CONSUMER, consumer), frame)
            case WebrtcIce(from_producer=None, from_consumer=consumer):
                return self._put_signal((Role.CONSUMER, consumer or ''), frame)
            case WebrtcIce(from_producer=producer):
                return self._put_signal((Role.PRODUCER, producer or ''), frame)
        # Whether the stream has started or stopped: only the newest is true.
        kind = StreamStarted if isinstance(frame, StreamStopped) else type(frame)
        is_newer = kind in self._newest
        self._newest[kind] = frame
        return is_newer

    def take(self) -> VideoFrame | None:
        """Remove and return the next message to send; None if the queue is empty."""
        if self._presence:
            return _take_first(self._presence)
        if self._signals:
            return _take_first(self._signals)
        return self._newest.pop(next(iter(self._newest))) if self._newest else None

    def _put_presence(self, frame: _Presence) -> bool:
        sender = (frame.role, frame.participant_id)
        queue = self._presence.setdefault(sender, deque())
        if isinstance(frame, ParticipantJoined):
            queue.append(frame)
            return False
        self._signals.pop(sender, None)
        if not queue or isinstance(queue[-1], ParticipantLeft):
            queue.append(frame)
            return False
        # The peer need not know of a participant that has left already.
        queue.pop()
        if not queue:
            del self._presence[sender]
        return True

    def _put_signal(self, sender: _Sender, frame: _Signal) -> bool:
        queue = self._signals.setdefault(sender, deque())
        void: _Signal | None = None
        if isinstance(frame, WebrtcOffer):
            void = next((each for each in queue if isinstance(each, WebrtcOffer)), None)
        elif len(queue) >= MAX_SIGNALS:
            void = next((each for each in queue if isinstance(each, WebrtcIce)), None)
        if void is not None:
            queue.remove(void)
        queue.append(frame)
        return void is not None


def _take_first(queues: dict[_Sender, deque[_AnyFrame]]) -> _AnyFrame:
    """Take a message from the first queue, and put the queue last: each sender has its turn."""
    sender = next(iter(queues))
    queue = queues.pop(sender)
    frame = queue.popleft()
    if queue:
        queues[sender] = queue
    return frame
