# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A channel over an open DTLS session; the client and the server use the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .channel import MAX_OCTETS
from .dtls import DtlsSession, DtlsState

__all__ = ['DtlsChannel']

EARLY_MESSAGES = 16
"""Messages that are kept until :meth:`DtlsChannel.listen`; the newest ones."""


class DtlsChannel:
    """
    A :class:`.channel.Channel` over DTLS.

    :param session: an open session.
    :param transmit: sends one datagram, and returns whether the kernel accepted it.
    :param on_release: called once when the channel ends or is closed.
    """

    def __init__(
        self,
        session: DtlsSession,
        transmit: Callable[[bytes], bool],
        on_release: Callable[[], None],
    ) -> None:
        self.sent = self.received = self.dropped = 0
        self._session = session
        self._transmit = transmit
        self._on_release: Callable[[], None] | None = on_release
        self._on_text: Callable[[str], None] | None = None
        self._on_end: Callable[[str], None] | None = None
        self._early: deque[str] = deque(maxlen=EARLY_MESSAGES)
        self._reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent."""
        return self._on_release is not None

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[str], None]) -> None:
        """Set what is called with each message, and once with the reason of the end."""
        self._on_text, self._on_end = on_text, on_end
        while self._early:
            on_text(self._early.popleft())
        self._notify()

    def send(self, text: str) -> bool:
        """Send a message and return whether the kernel accepted it."""
        is_valid = 0 < len(text) <= MAX_OCTETS and text.isascii()
        if is_valid and self.is_open and self._session.send(text.encode('ascii')):
            if self._flush():
                self.sent += 1
                return True
        elif self._session.state is DtlsState.CLOSED:
            self._end(self._session.reason)
        self.dropped += 1
        return False

    def close(self) -> None:
        """Notify the other end, and free what the channel uses."""
        self._on_text = self._on_end = None
        self.end('')

    def end(self, reason: str) -> None:
        """Close the channel for a reason that the listener gets."""
        if self.is_open:
            self._session.close()
            self._flush()
            self._end(reason)

    def receive(self, datagram: bytes) -> bool:
        """Handle a datagram, and return whether it belongs to this session."""
        messages = self._session.receive(datagram)
        is_answered = self._flush() is not None
        is_ours = bool(messages) or is_answered or self._session.state is DtlsState.CLOSED
        if not is_ours:
            self.dropped += 1
        self.deliver(messages)
        if self._session.state is DtlsState.CLOSED:
            self._end(self._session.reason)
        return is_ours

    def deliver(self, messages: list[bytes]) -> None:
        """Pass decrypted messages to the listener, or keep the newest until there is one."""
        for message in messages:
            if not self.is_open:
                return
            if len(message) > MAX_OCTETS or not message.isascii():
                self.dropped += 1
                continue
            self.received += 1
            text = message.decode('ascii')
            if self._on_text is None:
                self._early.append(text)
            else:
                self._on_text(text)

    def _flush(self) -> bool | None:
        """Return whether the kernel accepted all datagrams; None if there were none."""
        accepted = [self._transmit(datagram) for datagram in self._session.take_datagrams()]
        return all(accepted) if accepted else None

    def _end(self, reason: str) -> None:
        if self._on_release is None:
            return
        release, self._on_release = self._on_release, None
        self._reason = reason
        release()
        self._notify()

    def _notify(self) -> None:
        if self._reason is not None and self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            self._on_text = None
            on_end(self._reason)
