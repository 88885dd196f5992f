# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A pipe whose reader can be paused, so that its writers block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
import select
import threading

__all__ = ['HeldPipe', 'held_pipe']

LOOK_S = 0.02


class HeldPipe:
    """
    A pipe and the text that was read from it.

    :ivar writer: the descriptor to write into; a write may block.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        self._read = bytearray()
        self._is_ended = threading.Event()
        self._thread: threading.Thread | None = None
        self.release()

    @property
    def text(self) -> str:
        """Everything that was read so far."""
        return self._read.decode(errors='replace')

    def hold(self) -> None:
        """Pause reading and fill the pipe completely."""
        self._is_ended.set()
        if self._thread is not None:
            self._thread.join()
        # A second descriptor, because that of the process under test has to remain blocking.
        filler = os.open(f'/proc/self/fd/{self.writer}', os.O_WRONLY | os.O_NONBLOCK)
        try:
            for size in (1 << 16, 1 << 12, 1):
                with suppress(BlockingIOError):
                    while True:
                        os.write(filler, b'.' * size)
        finally:
            os.close(filler)

    def release(self) -> None:
        """Resume reading."""
        self._is_ended.clear()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End reading and close both ends."""
        self._is_ended.set()
        if self._thread is not None:
            self._thread.join()
        os.close(self._reader)
        os.close(self.writer)

    def _drain(self) -> None:
        while not self._is_ended.is_set():
            if select.select([self._reader], [], [], LOOK_S)[0]:
                self._read += os.read(self._reader, 1 << 16)


@contextmanager
def held_pipe() -> Iterator[HeldPipe]:
    """Yield a pipe that is read until it is held."""
    pipe = HeldPipe()
    try:
        yield pipe
    finally:
        pipe.close()
