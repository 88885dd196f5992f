# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the impairments of a lossy link: which packets arrive, and when."""

from __future__ import annotations

from itertools import groupby
import statistics

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from benchmark.harness.impairment import CLEAN, Direction, Impairment, is_udp

PERIOD_S = 0.001
MANY = 20_000


def sent(impairment: Impairment, count: int = MANY, octets: int = 100) -> list[tuple[float, ...]]:
    """Send packets at a constant rate, and return the arrivals of each."""
    direction = Direction(impairment, seed=7)
    return [direction.arrivals(number * PERIOD_S, octets, is_udp=True) for number in range(count)]


def delays(arrivals: list[tuple[float, ...]]) -> list[float]:
    """Return the delay of each packet that arrived."""
    return [at[0] - number * PERIOD_S for number, at in enumerate(arrivals) if at]


def test_a_clean_link_passes_each_packet_at_once() -> None:
    """Without an impairment a packet arrives once, at the time at which it is sent."""
    assert sent(CLEAN, 3) == [(0.0,), (PERIOD_S,), (2 * PERIOD_S,)]


def test_a_packet_is_delayed_by_the_delay_and_at_most_the_jitter() -> None:
    """The delay is constant, and the jitter is between nothing and its maximum."""
    found = delays(sent(Impairment(delay_s=0.02, jitter_s=0.0005)))

    assert min(found) == pytest.approx(0.02, abs=1e-4)
    assert max(found) == pytest.approx(0.0205, abs=1e-4)


def test_independent_losses_have_their_fraction() -> None:
    """Packets are lost independently, so that most losses are single."""
    lost = [not at for at in sent(Impairment(loss=0.03))]

    assert statistics.mean(lost) == pytest.approx(0.03, abs=0.005)
    assert mean_run(lost) == pytest.approx(1.03, abs=0.05)


def test_bursts_have_their_fraction_and_their_mean_length() -> None:
    """With bursts the fraction stays the same, and losses follow one another."""
    lost = [not at for at in sent(Impairment(loss=0.02, burst=3.0), 10 * MANY)]

    assert statistics.mean(lost) == pytest.approx(0.02, abs=0.003)
    assert mean_run(lost) == pytest.approx(3.0, abs=0.3)


def mean_run(lost: list[bool]) -> float:
    """Return the mean number of losses one after another."""
    return statistics.mean(len(list(run)) for is_lost, run in groupby(lost) if is_lost)


def test_a_blackout_passes_nothing_and_ends_with_the_next_impairment() -> None:
    """A loss of 1 is a blackout, also in the middle of a stream."""
    direction = Direction(Impairment(loss=1.0, burst=3.0))
    assert not any(direction.arrivals(0.0, 100, is_udp=False) for _ in range(100))

    direction.impairment = CLEAN

    assert direction.arrivals(1.0, 100, is_udp=False) == (1.0,)


def test_blocked_udp_leaves_other_packets_alone() -> None:
    """A network that blocks UDP passes TCP."""
    direction = Direction(Impairment(blocks_udp=True))

    assert direction.arrivals(0.0, 100, is_udp=True) == ()
    assert direction.arrivals(0.0, 100, is_udp=False) == (0.0,)


def test_duplicates_arrive_twice() -> None:
    """The fraction of duplicated packets arrives twice."""
    twice = [len(at) == 2 for at in sent(Impairment(duplicated=0.1))]

    assert statistics.mean(twice) == pytest.approx(0.1, abs=0.01)


def test_other_packets_overtake_a_reordered_one() -> None:
    """A reordered packet arrives after some that were sent later."""
    order = [at[0] for at in sent(Impairment(delay_s=0.02, reordered=0.05))]
    overtaken = [
        any(later < at for later in order[number + 1 : number + 40])
        for number, at in enumerate(order)
    ]

    assert statistics.mean(overtaken) == pytest.approx(0.05, abs=0.01)


def test_the_bandwidth_delays_packets_and_drops_those_that_would_wait_too_long() -> None:
    """At twice the bandwidth the queue fills up, and half of the packets are lost."""
    # 100 octets each millisecond are 800 kbit/s.
    slow = Impairment(rate_bit_s=400_000.0, queue_s=0.1)
    arrivals = sent(slow)

    assert statistics.mean(not at for at in arrivals) == pytest.approx(0.5, abs=0.02)
    assert max(delays(arrivals)) == pytest.approx(0.102, abs=0.001)


@given(
    st.builds(
        Impairment,
        delay_s=st.floats(0.0, 0.2),
        jitter_s=st.floats(0.0, 0.1),
        loss=st.floats(0.0, 1.0),
        burst=st.floats(1.0, 10.0),
        duplicated=st.floats(0.0, 1.0),
        rate_bit_s=st.none() | st.floats(1e3, 1e9),
    ),
    st.lists(st.floats(0.0, 0.1), max_size=40),
)
@settings(max_examples=100)
def test_without_reordering_packets_keep_their_order(
    impairment: Impairment, pauses: list[float]
) -> None:
    """No packet arrives before it is sent, nor before an earlier one; all are counted."""
    direction = Direction(impairment)
    now, newest = 0.0, 0.0
    for pause in pauses:
        now += pause
        for at in direction.arrivals(now, 1_000, is_udp=True):
            assert at >= max(now + impairment.delay_s, newest)
            newest = at

    assert direction.counts['passed'] + direction.counts['lost'] == len(pauses)


@pytest.mark.parametrize(
    ('fields', 'named'),
    [
        ({'loss': 1.1}, 'loss = 1.1: expected 0 to 1'),
        ({'reordered': float('nan')}, 'reordered = nan'),
        ({'delay_s': -0.1}, 'delay_s = -0.1: expected at least 0'),
        ({'burst': 0.5}, 'burst = 0.5: expected at least 1'),
        ({'rate_bit_s': 0.0}, 'rate_bit_s = 0.0: expected more than 0'),
    ],
)
def test_an_impossible_impairment_is_refused(fields: dict[str, float], named: str) -> None:
    """An impairment that cannot be is refused with its name and its value."""
    with pytest.raises(ValueError, match=named):
        Impairment(**fields)  # type: ignore[arg-type]


def test_udp_is_recognised_by_the_header() -> None:
    """Only an IPv4 packet whose protocol is 17 is UDP."""
    header = bytearray(20)
    header[0], header[9] = 0x45, 17

    assert is_udp(bytes(header))
    assert not is_udp(bytes([*header[:9], 6, *header[10:]]))
    assert not is_udp(b'')
