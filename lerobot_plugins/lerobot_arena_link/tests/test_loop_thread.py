# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The event loop in a thread."""

from __future__ import annotations

import asyncio
import logging
import threading

from lerobot_arena_link import NotConnected
from lerobot_arena_link.loop_thread import LoopThread
import pytest

SHORT_S = 0.05


def test_results_and_errors_of_the_loop_are_those_of_the_call() -> None:
    """A coroutine's result is returned, and its exception is raised."""

    async def answer() -> int:
        return 42

    async def fail() -> None:
        raise KeyError('elbow')

    loop = LoopThread('tested')
    assert loop.run(answer(), 30.0) == 42
    with pytest.raises(KeyError, match='elbow'):
        loop.run(fail(), 30.0)
    loop.close()


def test_what_takes_too_long_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    """The call is an error; while leaving a room, it is a line in the log."""
    loop = LoopThread('tested')

    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NotConnected, match=r'did not answer within 0\.05 s'):
        loop.run(hang(), SHORT_S)
    with caplog.at_level(logging.WARNING):
        loop.finish(hang(), SHORT_S)
    loop.close()

    assert 'leaving a room: the arena did not answer' in caplog.text
    assert not [each for each in threading.enumerate() if each.name == 'tested']
