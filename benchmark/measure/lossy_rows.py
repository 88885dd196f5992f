# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Joint updates over a lossy link: a row for each impairment, way and variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
import itertools
import time
from typing import Any

from ..harness.arrivals import Stream, after_blackout
from ..harness.impairment import CLEAN, Impairment
from ..harness.processes import enter_all
from ..harness.rosbridge import Rosbridge
from .lossy_paths import LossyPath, lossy_paths

__all__ = [
    'BLACKOUT',
    'BURSTS',
    'DELAY_S',
    'NO_LOSS',
    'PERIOD_S',
    'SCENARIOS',
    'UDP_BLOCKED',
    'Scenario',
    'loss_row',
    'lossy_rows',
]

RATE_HZ = 50.0
PERIOD_S = 1.0 / RATE_HZ
DELAY_S = 0.02
"""The one-way delay of the link."""

FRESH_S = DELAY_S + PERIOD_S
"""A value with a higher age is old: without loss, the next one would have replaced it."""

BLACKOUT_S, BLACKOUT_EACH_S = 1.0, 5.0
LAST_TIMEOUT_S = 20.0
WARM_UP_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Scenario:
    """
    What the link does in a row.

    :param has_blackouts: lose everything for a second, each five seconds.
    """

    impairment: Impairment
    has_blackouts: bool = False


def _loss(share: float) -> Scenario:
    return Scenario(Impairment(delay_s=DELAY_S, loss=share))


NO_LOSS, BURSTS, REORDERED = 'no loss', '2 % loss in bursts of 3', '5 % reordered'
BLACKOUT, UDP_BLOCKED = 'blackouts of 1 s', 'UDP blocked'


def loss_row(percent: int) -> str:
    """Return the name of the scenario with so much random loss."""
    return f'{percent} % loss'


SCENARIOS: Mapping[str, Scenario] = {
    NO_LOSS: _loss(0.0),
    loss_row(1): _loss(0.01),
    loss_row(3): _loss(0.03),
    BURSTS: Scenario(Impairment(delay_s=DELAY_S, loss=0.02, burst=3.0)),
    REORDERED: Scenario(Impairment(delay_s=DELAY_S, reordered=0.05)),
    BLACKOUT: Scenario(Impairment(delay_s=DELAY_S), has_blackouts=True),
    UDP_BLOCKED: Scenario(Impairment(delay_s=DELAY_S, blocks_udp=True)),
}
"""What the link does to the packets of each direction, by the name of the row."""


def lossy_rows(
    variants: Sequence[str],
    seconds: float,
    names: Sequence[str] = tuple(SCENARIOS),
    peer: Rosbridge | None = None,
) -> list[dict[str, Any]]:
    """
    Measure all paths in each scenario, at the same time, so that other work affects all alike.

    Each path has a link of its own, so that a burst of lost packets hits one path.

    :param variants: those of :func:`.lossy_paths`, as is ``peer``.
    :param seconds: for how long values are sent in each scenario.
    """
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        paths = enter_all(stack, lossy_paths(variants, peer))
        for path in paths:
            _warm_up(path)
        for name in names:
            rows += _measure(paths, name, SCENARIOS[name], seconds)
    return rows


def _measure(
    paths: Sequence[LossyPath], name: str, scenario: Scenario, seconds: float
) -> Iterator[dict[str, Any]]:
    for path in paths:
        path.sender.request(rate_hz=RATE_HZ, count=0)  # Waits until there is a lane.
        path.link.impair(scenario.impairment)
        path.receiver.request()
    for path in paths:
        path.sender.send(rate_hz=RATE_HZ, count=round(seconds * RATE_HZ))
    blackouts = [list[tuple[float, float]]() for _ in paths]
    if scenario.has_blackouts:
        blackouts = _black_out(paths, scenario.impairment, seconds)
    sendings = [path.sender.receive() for path in paths]
    for path, sending, dark in zip(paths, sendings, blackouts, strict=True):
        numbers = dict(sending['sent'])
        arrived, last = _receive_all(path, max(numbers))
        stream = Stream(numbers, arrived)
        path.link.impair(CLEAN)
        yield {
            'scenario': name,
            'variant': path.variant,
            'way': path.way,
            'lanes': sum(each.get('has_lane', False) for each in (sending, last)),
            **stream.row(),
            'ages_ms': [round(1e3 * age, 1) for age in stream.ages_s],
            'blackouts': _blackouts(stream, dark),
            'trace': _trace(stream, dark[0]) if dark else [],
        }


def _black_out(
    paths: Sequence[LossyPath], impairment: Impairment, seconds: float
) -> list[list[tuple[float, float]]]:
    """Let the links lose everything now and then; return begin and end of each, by path."""
    found: list[list[tuple[float, float]]] = [[] for _ in paths]
    begin = time.monotonic()
    for number in itertools.count():
        due = begin + BLACKOUT_S + number * BLACKOUT_EACH_S
        if due + 2 * BLACKOUT_S > begin + seconds:
            return found
        _sleep_until(due)
        starts = [_impair(path, replace(impairment, loss=1.0)) for path in paths]
        _sleep_until(due + BLACKOUT_S)
        ends = [_impair(path, impairment) for path in paths]
        for times, start, end in zip(found, starts, ends, strict=True):
            times.append((start, end))
    raise AssertionError


def _impair(path: LossyPath, impairment: Impairment) -> float:
    """Change the link, and return when it has been changed."""
    path.link.impair(impairment)
    return time.monotonic()


def _sleep_until(due: float) -> None:
    time.sleep(max(0.0, due - time.monotonic()))


def _receive_all(path: LossyPath, last: int) -> tuple[list[tuple[int, float]], dict[str, Any]]:
    """Return all arrivals until that of a number or a timeout, and the last reply."""
    arrived: list[tuple[int, float]] = []
    deadline = time.monotonic() + LAST_TIMEOUT_S
    while True:
        reply = path.receiver.request()
        arrived += [(number, at) for number, at in reply['arrived']]
        has_last = any(number == last for number, _ in arrived[-100:])
        if has_last or time.monotonic() > deadline:
            return arrived, reply
        time.sleep(0.05)


def _blackouts(stream: Stream, dark: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    found = []
    for (_, end), following in itertools.zip_longest(dark, dark[1:]):
        until = following[0] if following else end + BLACKOUT_EACH_S
        found.append(asdict(after_blackout(stream.arrivals, end, until, FRESH_S)))
    return found


def _trace(stream: Stream, dark: tuple[float, float]) -> list[tuple[float, float]]:
    """Return the arrivals around a blackout: seconds since its begin, and age in ms."""
    begin, end = dark
    return [
        (each.at_s - begin, 1e3 * each.age_s)
        for each in stream.arrivals
        if begin - 0.5 <= each.at_s <= end + 2.0
    ]


def _warm_up(path: LossyPath) -> None:
    """
    Send until something arrives.

    :raises TimeoutError: nothing arrived in time.
    """
    deadline = time.monotonic() + WARM_UP_TIMEOUT_S
    while time.monotonic() < deadline:
        path.sender.request(rate_hz=RATE_HZ, count=25)
        if path.receiver.request()['arrived']:
            return
    raise TimeoutError(f'{path.variant}: nothing arrived within {WARM_UP_TIMEOUT_S:g} s')
