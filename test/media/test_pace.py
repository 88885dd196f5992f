# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.pace: the rate at which connections are made."""

from __future__ import annotations

import asyncio

import pytest

from lerobot_arena_ros.media import pace as pace_module
from lerobot_arena_ros.media.pace import BURST, Pace


async def test_a_few_go_at_once_and_the_others_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a series is at least that of its periods."""
    monkeypatch.setattr(pace_module, 'PERIOD_S', 0.02)
    loop = asyncio.get_running_loop()
    pace = Pace()
    began_at = loop.time()

    for _ in range(BURST + 5):
        await pace.turn()

    assert loop.time() - began_at >= 5 * 0.02 - 0.005


async def test_one_that_gives_up_takes_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that leave while they wait delay no other one."""
    monkeypatch.setattr(pace_module, 'PERIOD_S', 3600.0)
    pace = Pace()
    for _ in range(BURST):
        await pace.turn()
    waiting = [asyncio.create_task(pace.turn()) for _ in range(100)]
    done, _ = await asyncio.wait(waiting, timeout=0.05)
    assert not done
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)

    monkeypatch.setattr(pace_module, 'PERIOD_S', 0.0)
    await asyncio.wait_for(pace.turn(), 10.0)
