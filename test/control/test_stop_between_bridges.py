# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Bridges that subscribe to each other's stop status, in simulated time.

Each status is received by three subscriptions. Each of them keeps the order, but one may be later
than another. A process that has hung receives what has arrived meanwhile; one subscription keeps
the last message only.
"""

from __future__ import annotations

from collections import deque
import heapq
import itertools
import random

import pytest

from lerobot_arena_ros.control.stop import ECHO_GRACE_S, INPUT_MEMORY_S, Stop, StopLatch

COPIES = 3
WAKE = -1
"""In the place of a subscription: it is time to repeat the status."""

HEARTBEAT_S = 0.5
OWN = Stop('the trigger service', 'stop triggered by service')
ECHO = Stop('the emergency_stop topic', 'emergency_stop is true')


class Bridges:
    """
    A ring of bridges; each one listens to the one before it.

    :param count: how many bridges.
    :param jitter_s: how late a copy may be.
    """

    def __init__(self, count: int, dice: random.Random, jitter_s: float) -> None:
        self.latches = [StopLatch() for _ in range(count)]
        self.now = 0.0
        self._dice = dice
        self._jitter_s = jitter_s
        self._numbers = itertools.count()
        self._queue: list[tuple[float, int, int, int, bool]] = []
        self._arrived = [[0.0] * COPIES for _ in range(count)]
        self._awake_at = [0.0] * count
        self._held: list[list[deque[bool]]] = [
            [deque(), deque(), deque(maxlen=1)] for _ in range(count)
        ]
        for bridge in range(count):
            self._push(dice.uniform(0.0, HEARTBEAT_S), bridge, WAKE, False)

    @property
    def stopped(self) -> list[int]:
        """The bridges whose latch is closed."""
        return [number for number, latch in enumerate(self.latches) if latch.is_latched]

    def stop(self, bridge: int) -> None:
        """Stop one bridge by its service."""
        if self.latches[bridge].trip(OWN):
            self._publish(bridge)

    def reset(self, bridge: int) -> bool:
        """Request a reset of one bridge; return whether it was done."""
        latch = self.latches[bridge]
        if not latch.is_latched:
            return True
        refusal = latch.reset(self.now, publishers=1, are_bridges=True, has_bridge_subscriber=True)
        if refusal is None:
            self._publish(bridge)
        return refusal is None

    def hang(self, bridge: int, seconds: float) -> None:
        """Let one bridge receive nothing for a while."""
        self._awake_at[bridge] = self.now + seconds

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._queue[0][0] <= end:
            self.now, _, bridge, subscription, is_stopped = heapq.heappop(self._queue)
            if subscription != WAKE:
                self._held[bridge][subscription].append(is_stopped)
            is_awake = self.now >= self._awake_at[bridge]
            if is_awake:
                self._receive(bridge)
            if subscription == WAKE:
                if is_awake:
                    self._publish(bridge)
                self._push(self.now + HEARTBEAT_S, bridge, WAKE, False)
        self.now = end

    def _receive(self, bridge: int) -> None:
        """Receive what has arrived, one message of each subscription in turn."""
        latch, held = self.latches[bridge], self._held[bridge]
        while any(held):
            for subscription, messages in enumerate(held):
                if not messages:
                    continue
                is_stop = latch.on_input(messages.popleft(), self.now, subscription=subscription)
                if is_stop and latch.trip(ECHO):
                    self._publish(bridge)

    def _publish(self, bridge: int) -> None:
        to = (bridge + 1) % len(self.latches)
        for subscription in range(COPIES):
            at = self.now + 0.001 + self._dice.uniform(0.0, self._jitter_s)
            # Each subscription keeps the order.
            self._arrived[to][subscription] = at = max(at, self._arrived[to][subscription])
            self._push(at, to, subscription, self.latches[bridge].is_latched)

    def _push(self, at: float, bridge: int, subscription: int, is_stopped: bool) -> None:
        heapq.heappush(self._queue, (at, next(self._numbers), bridge, subscription, is_stopped))


def reset_all(bridges: Bridges, first: int) -> bool:
    """Reset as a person does who follows the answers; return whether all are open."""
    for _ in range(4 * len(bridges.latches)):
        for number in range(len(bridges.latches)):
            bridges.reset((first + number) % len(bridges.latches))
            bridges.run(0.3)
        bridges.run(INPUT_MEMORY_S)
        if not bridges.stopped:
            bridges.run(2 * ECHO_GRACE_S)
            if not bridges.stopped:
                return True
    return False


@pytest.mark.parametrize('count', [2, 3])
@pytest.mark.parametrize('jitter_s', [0.0, 0.01, 0.3])
def test_the_bridge_where_a_stop_began_is_reset_first(count: int, jitter_s: float) -> None:
    """None of the others can be reset before it, however late copies are."""
    for seed in range(100):
        dice = random.Random(seed)
        bridges = Bridges(count, dice, jitter_s)
        bridges.run(dice.uniform(1.0, 2.0))
        bridges.stop(0)
        bridges.run(dice.uniform(2.0, 4.0))
        assert bridges.stopped == list(range(count))

        for bridge in range(1, count):
            assert not bridges.reset(bridge), f'seed {seed}'
        assert reset_all(bridges, 0), f'seed {seed}'


@pytest.mark.parametrize('count', [2, 3])
@pytest.mark.parametrize('jitter_s', [0.01, 0.3])
def test_whatever_has_happened_all_bridges_can_be_reset(count: int, jitter_s: float) -> None:
    """Also after stops of several bridges, hasty resets, and processes that hang."""
    for seed in range(150):
        dice = random.Random(seed)
        bridges = Bridges(count, dice, jitter_s)
        for _ in range(12):
            bridge = dice.randrange(count)
            act = dice.choice(('stop', 'reset', 'reset', 'hang', 'run'))
            if act == 'stop':
                bridges.stop(bridge)
            elif act == 'reset':
                bridges.reset(bridge)
            elif act == 'hang':
                bridges.hang(bridge, dice.uniform(0.1, 3.0))
            bridges.run(dice.choice((0.002, 0.02, 0.3, 1.5)))
        bridges.run(5.0)

        assert reset_all(bridges, dice.randrange(count)), f'seed {seed}'
