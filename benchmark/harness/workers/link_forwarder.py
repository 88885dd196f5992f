# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Forward packets between the two TUN devices of a lossy link.

Arguments: the file descriptors of both devices, and a seed. Each request has the fields of an
:class:`.Impairment` for ``there`` (from the first device to the second), ``back``, or both; the
reply has the counts of both directions so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
import heapq
import json
import os
import select
import sys
import time
from typing import Any

from ..impairment import Direction, Impairment, is_udp
from .protocol import reply

__all__ = ['Forwarder']

PACKET_OCTETS = 65_535
BATCH = 64
"""The number of packets that are read before it is checked whether one is due."""


@dataclass
class _Way:
    source: int
    target: int
    direction: Direction


class Forwarder:
    """
    The loop of the forwarder.

    :param first: the file descriptor of one TUN device.
    :param second: that of the other.
    :param seed: of the random decisions.
    """

    def __init__(self, first: int, second: int, seed: int) -> None:
        self._ways = {
            'there': _Way(first, second, Direction(seed=seed)),
            'back': _Way(second, first, Direction(seed=seed + 1)),
        }
        self._due: list[tuple[float, int, int, bytes]] = []
        self._number = 0

    def run(self) -> None:
        """Forward until stdin is closed."""
        by_source = {way.source: way for way in self._ways.values()}
        for source in by_source:
            os.set_blocking(source, False)
        poller = select.poll()
        for descriptor in (*by_source, sys.stdin.fileno()):
            poller.register(descriptor, select.POLLIN)
        while True:
            for descriptor, _ in poller.poll(self._wait_ms()):
                if descriptor in by_source:
                    self._take(by_source[descriptor])
                elif not self._obey(sys.stdin.readline()):
                    return
            self._deliver()

    def _wait_ms(self) -> float | None:
        if not self._due:
            return None
        return max(0.0, (self._due[0][0] - time.monotonic()) * 1e3)

    def _take(self, way: _Way) -> None:
        for packet in _packets(way.source):
            now = time.monotonic()
            for at in way.direction.arrivals(now, len(packet), is_udp=is_udp(packet)):
                self._number += 1
                heapq.heappush(self._due, (at, self._number, way.target, packet))

    def _deliver(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, target, packet = heapq.heappop(self._due)
            with suppress(OSError):  # A device whose queue is full loses the packet.
                os.write(target, packet)

    def _obey(self, line: str) -> bool:
        """Answer a request; return False if stdin has been closed."""
        if not line:
            return False
        request: dict[str, dict[str, Any]] = json.loads(line)
        for name, fields in request.items():
            self._ways[name].direction.impairment = Impairment(**fields)
        reply(**{name: way.direction.counts for name, way in self._ways.items()})
        return True


def _packets(source: int) -> Iterator[bytes]:
    for _ in range(BATCH):
        try:
            yield os.read(source, PACKET_OCTETS)
        except BlockingIOError:
            return


if __name__ == '__main__':
    reply(ready=True)
    Forwarder(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).run()
