# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A limit of the rate at which connections are made.

Each takes some ten milliseconds of the event loop, which all pictures of a process need. Without a
limit, viewers that join and leave a room again and again would stop the pictures of all others.
"""

from __future__ import annotations

import asyncio
import math

__all__ = ['BURST', 'PERIOD_S', 'Pace']

BURST = 8
"""The number of connections that are made at once after a pause."""

PERIOD_S = 0.2
"""The mean time between two connections of a longer series, in seconds."""


class Pace:
    """The turns of all that want to make a connection, in the order in which they asked."""

    def __init__(self) -> None:
        self._turns = asyncio.Lock()
        # Not 0, because the clock of the loop may begin with the machine.
        self._used_until = -math.inf

    async def turn(self) -> None:
        """Wait for the next turn; one that is cancelled meanwhile takes none from the others."""
        loop = asyncio.get_running_loop()
        async with self._turns:
            at = max(self._used_until, loop.time() - BURST * PERIOD_S)
            await asyncio.sleep(max(0.0, at + PERIOD_S - loop.time()))
            self._used_until = at + PERIOD_S
