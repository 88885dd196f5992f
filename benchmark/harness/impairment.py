# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
What a bad link does to packets, as pure decisions: when a packet arrives, how often, or never.

A :class:`Direction` gets the time and the size of each packet and returns the times of its
arrivals. It reads no clock and sends nothing, so that :mod:`.lossy_link` only has to wait.
"""

from __future__ import annotations

from dataclasses import dataclass
import random

__all__ = ['CLEAN', 'Direction', 'Impairment', 'is_udp']

OVERTAKEN_BY_S = 0.03
"""How much later a reordered packet arrives, in seconds; others overtake it."""

_IPV4, _UDP = 4, 17
_PROTOCOL = 9
"""The index of the protocol in the header of an IPv4 packet (RFC 791, section 3.1)."""


@dataclass(frozen=True)
class Impairment:
    """
    What one direction of a link does to packets.

    :param delay_s: the one-way delay, in seconds.
    :param jitter_s: the maximum of an additional delay, evenly distributed, in seconds. Packets
        keep their order.
    :param loss: the fraction of packets that is lost in the long run, 0 to 1. 1 is a blackout.
    :param burst: the mean number of packets that are lost one after another, at least 1, in the
        model of Gilbert (1960). 1: each packet is lost independently of the others.
    :param duplicated: the fraction of packets that arrive twice, 0 to 1.
    :param reordered: the fraction of packets that others overtake, 0 to 1.
    :param rate_bit_s: the bandwidth in bit/s; None if it is unlimited.
    :param queue_s: the longest time that a packet waits for the bandwidth, in seconds; packets
        that would wait longer are lost.
    :param blocks_udp: lose every UDP packet, as many company networks do.
    :raises ValueError: a value is outside its range.
    """

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    burst: float = 1.0
    duplicated: float = 0.0
    reordered: float = 0.0
    rate_bit_s: float | None = None
    queue_s: float = 0.2
    blocks_udp: bool = False

    def __post_init__(self) -> None:
        for name in ('loss', 'duplicated', 'reordered'):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f'{name} = {value}: expected 0 to 1')
        for name in ('delay_s', 'jitter_s', 'queue_s'):
            value = getattr(self, name)
            if not value >= 0.0:
                raise ValueError(f'{name} = {value}: expected at least 0')
        if not self.burst >= 1.0:
            raise ValueError(f'burst = {self.burst}: expected at least 1')
        if self.rate_bit_s is not None and not self.rate_bit_s > 0.0:
            raise ValueError(f'rate_bit_s = {self.rate_bit_s}: expected more than 0, or None')


CLEAN = Impairment()
"""A link without delay or loss."""


class Direction:
    """
    One direction of a link.

    :param impairment: may be replaced at any time; packets under way are not affected.
    :param seed: of the random decisions, so that a test can be repeated.
    :ivar counts: the number of packets that were ``passed``, ``lost``, ``duplicated`` and
        ``reordered``.
    """

    def __init__(self, impairment: Impairment = CLEAN, seed: int = 1) -> None:
        self.impairment = impairment
        self.counts = {'passed': 0, 'lost': 0, 'duplicated': 0, 'reordered': 0}
        self._random = random.Random(seed)
        self._is_in_burst = False
        self._free_at = 0.0
        self._newest_arrival = 0.0

    def arrivals(self, now: float, octets: int, *, is_udp: bool) -> tuple[float, ...]:
        """
        Return when a packet arrives: once, twice, or never.

        :param now: the time at which it is sent, in seconds of any clock; it never decreases.
        :param octets: the size of the packet.
        """
        link = self.impairment
        sent_at = self._transmitted_at(now, octets)
        if sent_at is None or (is_udp and link.blocks_udp) or self._is_lost():
            self.counts['lost'] += 1
            return ()
        self.counts['passed'] += 1
        at = sent_at + link.delay_s + self._random.uniform(0.0, link.jitter_s)
        if self._random.random() < link.reordered:
            self.counts['reordered'] += 1
            at += OVERTAKEN_BY_S
        else:
            at = self._newest_arrival = max(at, self._newest_arrival)
        if self._random.random() < link.duplicated:
            self.counts['duplicated'] += 1
            return (at, at)
        return (at,)

    def _transmitted_at(self, now: float, octets: int) -> float | None:
        """Return when the last bit of a packet has been sent; None if the queue is full."""
        rate_bit_s = self.impairment.rate_bit_s
        if rate_bit_s is None:
            return now
        begin = max(now, self._free_at)
        if begin - now > self.impairment.queue_s:
            return None
        self._free_at = begin + octets * 8 / rate_bit_s
        return self._free_at

    def _is_lost(self) -> bool:
        loss, burst = self.impairment.loss, self.impairment.burst
        if loss in (0.0, 1.0):
            self._is_in_burst = False
            return loss == 1.0
        if burst == 1.0:
            return self._random.random() < loss
        # The chain of Gilbert: a burst ends with probability 1 / burst, and the probability of its
        # begin follows from the fraction of packets that bursts take.
        ends = 1.0 / burst
        begins = min(1.0, ends * loss / (1.0 - loss))
        if self._is_in_burst:
            self._is_in_burst = self._random.random() >= ends
        else:
            self._is_in_burst = self._random.random() < begins
        return self._is_in_burst


def is_udp(packet: bytes) -> bool:
    """Return whether an IPv4 packet carries UDP."""
    return len(packet) > _PROTOCOL and packet[0] >> 4 == _IPV4 and packet[_PROTOCOL] == _UDP
