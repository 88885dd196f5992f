# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The stamps of pictures, which travel beside the pictures on a data channel. Pure.

RTP carries a time stamp of each picture, in ticks of 90 kHz from an unknown origin, and a receiver
sees only differences. The sender therefore announces, for each picture, its ticks and the time at
which it was taken. :class:`StampMatcher` finds the constant difference between the ticks of both
sides: the one with which most of the last pictures are among the announced ones. The ticks come
from a clock and are not exactly periodic, so that a few pictures are enough.

Messages may be lost, as the pictures may; a picture without its message has no stamp.
"""

from __future__ import annotations

from collections import OrderedDict, deque
import struct

from ..arena.fields import MAX_STAMP_NS
from .errors import InvalidSignal

__all__ = ['LABEL', 'StampMatcher', 'decode_stamp', 'encode_stamp']

LABEL = 'lerobot_arena_ros.stamps'
"""The label of the data channel."""

_MESSAGE = struct.Struct('!Iq')
_WRAP = 2**32

MAX_ANNOUNCED = 128
"""The number of announced pictures that are kept, about four seconds."""

COMPARED = 8
"""The number of pictures that are compared to find the difference."""

ENOUGH = 4
"""How many of them have to be among the announced ones."""

MAX_MISSES = 30
"""After this number of pictures that were not announced, the difference is sought again."""


def encode_stamp(ticks: int, stamp_ns: int) -> bytes:
    """
    Return the message for a picture.

    :param ticks: its RTP time stamp before the random offset of the connection.
    :param stamp_ns: when it was taken, in nanoseconds since 1970, from 0.
    """
    return _MESSAGE.pack(ticks % _WRAP, stamp_ns)


def decode_stamp(message: object) -> tuple[int, int]:
    """
    Return the ticks and the stamp of a message.

    :raises InvalidSignal: it is not a message of :func:`encode_stamp`.
    """
    if not isinstance(message, bytes) or len(message) != _MESSAGE.size:
        raise InvalidSignal(f'a stamp: expected {_MESSAGE.size} bytes, got {message!r:.60}')
    ticks, stamp_ns = _MESSAGE.unpack(message)
    if not 0 <= stamp_ns <= MAX_STAMP_NS:
        raise InvalidSignal(f'a stamp: expected 0 to {MAX_STAMP_NS} ns, got {stamp_ns}')
    return ticks, stamp_ns


class StampMatcher:
    """The stamps of the pictures of one connection."""

    def __init__(self) -> None:
        self._announced: OrderedDict[int, int] = OrderedDict()
        self._recent: deque[int] = deque(maxlen=COMPARED)
        self._difference: int | None = None
        self._misses = 0

    def announce(self, ticks: int, stamp_ns: int) -> None:
        """Note the stamp of a picture, which may already have arrived."""
        self._announced[ticks] = stamp_ns
        if len(self._announced) > MAX_ANNOUNCED:
            self._announced.popitem(last=False)

    def stamp_ns(self, ticks: int) -> int | None:
        """
        Return when a received picture was taken; None if that is not known.

        :param ticks: the time stamp of the picture on this side.
        """
        self._recent.append(ticks)
        if self._difference is None:
            self._difference = self._find(ticks)
        if self._difference is None:
            return None
        found = self._announced.get((ticks + self._difference) % _WRAP)
        self._misses = 0 if found is not None else self._misses + 1
        if self._misses >= MAX_MISSES:
            self._difference, self._misses = None, 0
        return found

    def _find(self, ticks: int) -> int | None:
        """Return the difference that explains most pictures; None if it is not unique."""
        best, best_score, second_score = None, 0, 0
        for announced in self._announced:
            difference = announced - ticks
            score = sum((each + difference) % _WRAP in self._announced for each in self._recent)
            if score > best_score:
                best, best_score, second_score = difference, score, best_score
            else:
                second_score = max(second_score, score)
        # Another difference may explain a picture by chance, but not half of them.
        return best if best_score >= ENOUGH and second_score <= best_score // 2 else None
