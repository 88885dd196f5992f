# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The interface of an open lane, the same for the client and the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ['MAX_OCTETS', 'Channel']

MAX_OCTETS = 1150
"""
The maximum length of a message, in octets.

With the record of DTLS it fits into a datagram that no path with IPv6 fragments.
"""


class Channel(Protocol):
    """
    Texts in datagrams: each arrives once, late, or never, and in any order.

    Only the event loop that opened it may call it.
    """

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent; once False, it stays False."""
        ...

    @property
    def sent(self) -> int:
        """The number of messages that the kernel accepted."""
        ...

    @property
    def received(self) -> int:
        """The number of messages that arrived and were valid."""
        ...

    @property
    def dropped(self) -> int:
        """
        The number of messages that were not sent, and of datagrams that were not accepted.

        A datagram is not accepted if its record is invalid or a repetition, or if its content is
        not ASCII or longer than :data:`MAX_OCTETS`.
        """
        ...

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[str], None]) -> None:
        """
        Set what is called with each message, and once with the reason when the channel ends.

        The newest of the messages that have arrived before are passed at once. ``on_end`` is not
        called after :meth:`close`.
        """
        ...

    def send(self, text: str) -> bool:
        """
        Send a message and return whether the kernel accepted it.

        :param text: ASCII, from one to :data:`MAX_OCTETS` octets; otherwise it is dropped.
        """
        ...

    def close(self) -> None:
        """Notify the other end, and free the socket or the place on the server."""
        ...
