# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""What a lane needs of the transport of its datagrams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

__all__ = ['MAX_OCTETS', 'Channel']

MAX_OCTETS = 1150
"""The longest message. With the headers of DTLS, UDP and IPv6 it fits into 1280 octets."""


class Channel(Protocol):
    """An encrypted connection that loses and reorders datagrams; used in one event loop."""

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""

    @property
    def sent(self) -> int:
        """The number of messages that were sent."""

    @property
    def received(self) -> int:
        """The number of messages that have arrived."""

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[str], None]) -> None:
        """
        Receive messages.

        :param on_text: called with each message.
        :param on_end: called once with the reason when the other end has closed the channel, or
            it has failed.
        """

    def send(self, text: str) -> bool:
        """Send a message of ASCII characters; return False if it was dropped."""

    def close(self) -> None:
        """Close the channel; idempotent."""
