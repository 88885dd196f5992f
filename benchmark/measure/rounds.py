# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Send messages through pipelines in turn, several times, and sum up the results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import time

from ..harness.figures import Latency, cpu_s
from .pipelines import Pipeline

__all__ = ['DRAIN_S', 'Result', 'highest_rate', 'measure', 'rounds', 'warm_up']

WARM_UP_TIMEOUT_S = 30.0
LEAD_S = 0.3
"""How long a pipeline runs at a new rate before it is measured."""

DRAIN_S = 0.15
"""How long messages may still arrive after the last one was sent."""

LOSS = 0.001
"""In the search for the highest rate, up to this share counts as no loss."""


@dataclass
class Result:
    """
    What one pipeline did at one rate, in all rounds together.

    :param windows_s: the latencies of each round.
    :param cpu_s: the CPU time of each process between the ends; ``ends_s`` of those at the ends.
    """

    path: str
    rate_hz: float
    joints: int
    windows_s: list[list[float]] = field(default_factory=list)
    sent: int = 0
    sending_s: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    ends_s: dict[str, float] = field(default_factory=dict)

    @property
    def latency(self) -> Latency:
        """The latencies of the messages."""
        return Latency.of(self.windows_s, self.sent)

    @property
    def lost_share(self) -> float:
        """Messages lost, as a share of those sent."""
        return self.latency.lost / self.sent

    def cpu_us(self, spent_s: dict[str, float]) -> dict[str, float]:
        """Return microseconds per message sent, by process."""
        return {what: 1e6 * seconds / self.sent for what, seconds in spent_s.items()}

    def row(self) -> dict[str, object]:
        """Return everything as plain numbers."""
        per_message = self.cpu_us(self.cpu_s)
        return {
            'path': self.path,
            'rate_hz': self.rate_hz,
            'joints': self.joints,
            **vars(self.latency),
            'real_rate_hz': (self.sent - 1) / self.sending_s if self.sending_s else 0.0,
            'cpu_us': per_message,
            'cpu_us_sum': sum(per_message.values()),
            'ends_cpu_us': self.cpu_us(self.ends_s),
        }


def warm_up(pipeline: Pipeline) -> None:
    """
    Send until something arrives, because discovery is complete then.

    :raises TimeoutError: nothing arrived in time.
    """
    deadline = time.monotonic() + WARM_UP_TIMEOUT_S
    while time.monotonic() < deadline:
        pipeline.sender.request(rate_hz=50.0, count=10)
        if pipeline.receiver.request()['arrived']:
            pipeline.sender.request(rate_hz=100.0, count=50)
            time.sleep(DRAIN_S)
            pipeline.receiver.request()
            return
    raise TimeoutError(f'{pipeline.name}: nothing arrived within {WARM_UP_TIMEOUT_S:g} s')


def measure(pipeline: Pipeline, result: Result, seconds: float) -> None:
    """Send at the rate of a result, and add what is measured."""
    rate_hz = result.rate_hz
    pipeline.sender.request(rate_hz=rate_hz, count=max(5, round(LEAD_S * rate_hz)))
    time.sleep(DRAIN_S)
    pipeline.receiver.request()
    before = _cpu(pipeline.pids), _cpu(pipeline.ends)
    count = max(20, round(seconds * rate_hz))
    sent = dict(pipeline.sender.request(rate_hz=rate_hz, count=count)['sent'])
    time.sleep(DRAIN_S)
    after = _cpu(pipeline.pids), _cpu(pipeline.ends)
    arrived: dict[int, float] = {}
    for number, at in pipeline.receiver.request()['arrived']:
        arrived.setdefault(number, at)
    taken_s = [arrived[number] - at for number, at in sent.items() if number in arrived]
    result.windows_s.append(taken_s)
    result.sent += len(sent)
    times = sent.values()
    result.sending_s += max(times) - min(times)
    _add(result.cpu_s, before[0], after[0])
    _add(result.ends_s, before[1], after[1])


def rounds(
    pipelines: Sequence[Pipeline],
    rates_hz: Iterable[float],
    joints: int,
    *,
    times: int,
    seconds: float,
) -> list[Result]:
    """
    Measure each pipeline at each rate in turn, several times.

    Other work on the machine therefore affects all of them alike.
    """
    plan = [
        (pipeline, Result(pipeline.name, rate_hz, joints))
        for rate_hz in rates_hz
        for pipeline in pipelines
    ]
    for _ in range(times):
        for pipeline, result in plan:
            measure(pipeline, result, seconds)
    return [result for _, result in plan]


def highest_rate(
    pipelines: Sequence[Pipeline], ladder_hz: Sequence[float], joints: int, seconds: float
) -> dict[str, float]:
    """
    Increase the rate until messages are lost, for all pipelines in turn.

    :returns: the last rate without loss; 0 if the first one failed. A rate fails if it failed
        twice.
    """
    highest = {pipeline.name: 0.0 for pipeline in pipelines}
    climbing = list(pipelines)
    for rate_hz in ladder_hz:
        climbing = [each for each in climbing if _holds(each, rate_hz, joints, seconds)]
        for pipeline in climbing:
            highest[pipeline.name] = rate_hz
    return highest


def _holds(pipeline: Pipeline, rate_hz: float, joints: int, seconds: float) -> bool:
    for _ in range(2):
        result = Result(pipeline.name, rate_hz, joints)
        measure(pipeline, result, seconds)
        if result.lost_share <= LOSS and result.sent / result.sending_s >= 0.95 * rate_hz:
            return True
    return False


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    return {what: cpu_s(pid) for what, pid in pids.items()}


def _add(total: dict[str, float], before: dict[str, float], after: dict[str, float]) -> None:
    for what, value in after.items():
        total[what] = total.get(what, 0.0) + value - before[what]
