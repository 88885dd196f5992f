# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.receiver: the offers that a consumer of a video room gets."""

from __future__ import annotations

import pytest

pytest.importorskip('aiortc')

from support.waiting import wait_until  # noqa: E402

from lerobot_arena_ros.media import pace  # noqa: E402
from lerobot_arena_ros.media.receiver import MAX_CONNECTIONS, StreamReceiver  # noqa: E402


def receiver(errors: list[str]) -> StreamReceiver:
    """Return a receiver whose answers go nowhere."""

    async def send(answer: object) -> None:
        """Drop the answer."""

    return StreamReceiver(send, lambda picture, stamp_ns: None, on_error=errors.append)


async def test_a_flood_of_offers_makes_connections_at_a_limited_rate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some get one at once; of the others few are kept, and the next offer works."""
    monkeypatch.setattr(pace, 'PERIOD_S', 3600.0)
    errors: list[str] = []
    flooded = receiver(errors)
    for number in range(MAX_CONNECTIONS):
        flooded.on_offer('camera', f'v=0 {number}')
    await wait_until(lambda: len(errors) == MAX_CONNECTIONS, 'refusals')
    for number in range(1000):
        flooded.on_offer('camera', f'v=0 again {number}')
    await wait_until(lambda: len(errors) == pace.BURST, 'refusals')
    flooded.on_offer('camera', 'v=0 waits')
    assert not flooded.is_stuck(float('inf'), 0.0)

    monkeypatch.setattr(pace, 'PERIOD_S', 0.0)
    await flooded.aclose()
    flooded.on_offer('camera', 'v=0 last')
    await wait_until(lambda: len(errors) == pace.BURST + 1, 'one more')
    await flooded.aclose()


async def test_offers_of_a_producer_that_has_left_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They wait for their turn, and no connection is made for them."""
    monkeypatch.setattr(pace, 'PERIOD_S', 3600.0)
    errors: list[str] = []
    waiting = receiver(errors)
    for number in range(pace.BURST + MAX_CONNECTIONS):
        waiting.on_offer('gone', f'v=0 {number}')
    waiting.on_producer_left('gone')

    assert waiting.is_stuck(float('inf'), 0.0)
    await waiting.aclose()
    assert errors == []
