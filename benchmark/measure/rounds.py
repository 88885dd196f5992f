"""Sends messages along paths in turn, again and again, and sums up what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import time

from ..harness.figures import Latency, cpu_s
from .pipelines import Path

__all__ = ['Tally', 'highest_rate', 'measure', 'rounds', 'warm_up']

PATIENCE_S = 30.0
LEAD_S = 0.3
"""How long a path runs at a new rate before it counts."""

DRAIN_S = 0.15
"""How long after the last message others may still come."""

LOSS = 0.001
"""Up to this share counts as no loss in the search for the highest rate."""


@dataclass
class Tally:
    """
    What one path did at one rate, in all rounds together.

    :param windows_s: how long the messages of each round took.
    :param cpu_s: of each process between the ends; ``ends_s`` of those at the ends.
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
        """How long the messages took."""
        return Latency.of(self.windows_s, self.sent)

    @property
    def lost_share(self) -> float:
        """Messages lost, as a share of those sent."""
        return self.latency.lost / self.sent

    def cpu_us(self, spent_s: dict[str, float]) -> dict[str, float]:
        """Give microseconds per message sent, by process."""
        return {what: 1e6 * seconds / self.sent for what, seconds in spent_s.items()}

    def row(self) -> dict[str, object]:
        """Give everything as plain numbers."""
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


def warm_up(path: Path) -> None:
    """
    Send until something comes out: all have met then.

    :raises TimeoutError: nothing did.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        path.sender.order(rate_hz=50.0, count=10)
        if path.receiver.order()['arrived']:
            path.sender.order(rate_hz=100.0, count=50)
            time.sleep(DRAIN_S)
            path.receiver.order()
            return
    raise TimeoutError(f'{path.name}: nothing arrived within {PATIENCE_S:g} s')


def measure(path: Path, tally: Tally, seconds: float) -> None:
    """Send at the tally's rate and add what came of it."""
    rate_hz = tally.rate_hz
    path.sender.order(rate_hz=rate_hz, count=max(5, round(LEAD_S * rate_hz)))
    time.sleep(DRAIN_S)
    path.receiver.order()
    before = _cpu(path.pids), _cpu(path.ends)
    sent = dict(
        path.sender.order(rate_hz=rate_hz, count=max(20, round(seconds * rate_hz)))['sent']
    )
    time.sleep(DRAIN_S)
    after = _cpu(path.pids), _cpu(path.ends)
    arrived: dict[int, float] = {}
    for number, at in path.receiver.order()['arrived']:
        arrived.setdefault(number, at)
    taken_s = [arrived[number] - at for number, at in sent.items() if number in arrived]
    tally.windows_s.append(taken_s)
    tally.sent += len(sent)
    times = sent.values()
    tally.sending_s += max(times) - min(times)
    _add(tally.cpu_s, before[0], after[0])
    _add(tally.ends_s, before[1], after[1])


def rounds(
    paths: Sequence[Path], rates_hz: Iterable[float], joints: int, *, times: int, seconds: float
) -> list[Tally]:
    """
    Measure each path at each rate, so many times in turn.

    Whatever else the machine does then meets all of them alike.
    """
    tallies = {
        (path.name, rate_hz): Tally(path.name, rate_hz, joints)
        for rate_hz in rates_hz
        for path in paths
    }
    for _ in range(times):
        for (name, _rate), tally in tallies.items():
            path = next(path for path in paths if path.name == name)
            measure(path, tally, seconds)
    return list(tallies.values())


def highest_rate(
    paths: Sequence[Path], ladder_hz: Sequence[float], joints: int, seconds: float
) -> dict[str, float]:
    """
    Climb until messages are lost, all paths step by step in turn; 0 where the first step fails.

    A step counts as failed when it failed twice.
    """
    highest = {path.name: 0.0 for path in paths}
    climbing = list(paths)
    for rate_hz in ladder_hz:
        passed = [path for path in climbing if _holds(path, rate_hz, joints, seconds)]
        for path in passed:
            highest[path.name] = rate_hz
        climbing = passed
    return highest


def _holds(path: Path, rate_hz: float, joints: int, seconds: float) -> bool:
    for _ in range(2):
        tally = Tally(path.name, rate_hz, joints)
        measure(path, tally, seconds)
        if tally.lost_share <= LOSS and tally.sent / tally.sending_s >= 0.95 * rate_hz:
            return True
    return False


def _cpu(pids: dict[str, int]) -> dict[str, float]:
    return {what: cpu_s(pid) for what, pid in pids.items()}


def _add(total: dict[str, float], before: dict[str, float], after: dict[str, float]) -> None:
    for what, value in after.items():
        total[what] = total.get(what, 0.0) + value - before[what]
