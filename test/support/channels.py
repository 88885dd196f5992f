# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""Pairs of channels in memory that lose, delay, repeat and reorder datagrams as a test decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from lerobot_arena_ros.arena.lane.channel import MAX_OCTETS

__all__ = ['MemoryChannel', 'channel_pair']

Fate = Callable[[str], tuple[float, ...]]
"""When a datagram arrives, in seconds from now: once, several times, or never."""


def _at_once(_text: str) -> tuple[float, ...]:
    return (0.0,)


class MemoryChannel:
    """
    One end of a pair.

    :ivar fate: what happens to the datagrams that this end sends.
    :ivar texts: the datagrams that this end has sent.
    """

    def __init__(self) -> None:
        self.fate: Fate = _at_once
        self.texts: list[str] = []
        self.sent = self.received = self.dropped = 0
        self.is_open = True
        self.peer: MemoryChannel = self
        self._on_text: Callable[[str], None] = lambda text: None
        self._on_end: Callable[[str], None] = lambda reason: None
        self._reason: str | None = None

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[str], None]) -> None:
        """Receive messages, or at once the reason why the channel has ended already."""
        self._on_text, self._on_end = on_text, on_end
        if self._reason is not None:
            on_end(self._reason)

    def send(self, text: str) -> bool:
        """Send a message to the other end, as :attr:`fate` decides."""
        if not self.is_open or len(text) > MAX_OCTETS:
            self.dropped += 1
            return False
        self.sent += 1
        self.texts.append(text)
        loop = asyncio.get_running_loop()
        for delay_s in self.fate(text):
            loop.call_later(delay_s, self.peer.take, text)
        return True

    def take(self, text: str) -> None:
        """Take a message of the other end."""
        if self.is_open:
            self.received += 1
            self._on_text(text)

    def close(self) -> None:
        """Close both ends."""
        if self.is_open:
            self.is_open = False
            self.peer.end('closed by the other end')

    def end(self, reason: str) -> None:
        """End this end with a reason."""
        if self.is_open:
            self.is_open = False
            self._reason = reason
            self._on_end(reason)


def channel_pair() -> tuple[MemoryChannel, MemoryChannel]:
    """Return two channels that are connected."""
    one, other = MemoryChannel(), MemoryChannel()
    one.peer, other.peer = other, one
    return one, other
