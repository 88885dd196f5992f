"""What the package wants to reach, as data: ratios inside one run, shares of a core, or times."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['TARGETS', 'Target']

SMOKE_SLACK = 2.0
"""How much laxer a smoke test judges."""


@dataclass(frozen=True)
class Target:
    """
    One row.

    :param key: of :func:`benchmark.report.ratios.ratios`.
    :param at_least: whether more is better.
    :param smoke_limit: what a smoke test forgives, where that is more than twice the target; None
        where it is not.
    :param why: where it is missed, why and what was tried.
    """

    key: str
    text: str
    limit: float
    at_least: bool = False
    why: str = ''
    smoke_limit: float | None = None

    @property
    def is_of_a_tail(self) -> bool:
        """Whether it is about a 99th percentile, which a short run does not know."""
        return 'p99' in self.text

    def is_met(self, value: float) -> bool:
        """Say whether a value reaches the target."""
        return value >= self.limit if self.at_least else value <= self.limit

    def is_forgiven(self, value: float) -> bool:
        """Say whether a smoke test lets a value pass."""
        if self.is_of_a_tail:
            return True
        if self.at_least:
            return value >= self.limit / SMOKE_SLACK
        return value <= (self.smoke_limit or self.limit * SMOKE_SLACK)


_STEPS = 'each stage does more than a bare hop'
_FLOORS = (
    'rclpy and websockets alone, the sum of the floors, take more than that; orjson, and uvloop '
    'in the server, save little of it: see what accelerators buy'
)
_HALF = 'half of that is less than rclpy and websockets alone take, the sum of the floors'
_RATE = 'a burst that the socket or DDS does not take at once merges'
_POLLED = 'since 2.5 rosbridge does not poll: in one run 2.1 took 13 ms at 100 Hz, 2.7 took 4'
_CORES = (
    'in one run 2.1 carried 500 Hz, 2.7 carries 800; eight times that is more than two cores give:'
    ' at 3000 Hz our path and its two ends take 1.6'
)
_FIXED = 'what is left is parsing, one encoding and a write to the kernel for each consumer'
_SHARED = (
    'each delivery takes the server 17 us, fifty of them most of a millisecond, beside their '
    'readers on two cores'
)
_CORES = 'five processes and their threads of DDS share two cores'
_IN_HAND = (
    'no queue is waited for, but the joint that server and bridge have in hand when the stop '
    'comes, up to 0.2 ms in each, and one of two cores that five processes share'
)
_IMPORTS = (
    'asyncio takes 3 MB, websockets 4, httpx 5, or 11 where it finds rich and trio, our modules '
    '3, topics and services 4; certificates, 1 MB, are no longer read where there is no TLS'
)

TARGETS: tuple[Target, ...] = (
    Target('floor.p50.100', 'whole path / sum of its floors, p50 at 100 Hz', 1.1, why=_STEPS),
    Target('floor.p50.500', 'whole path / sum of its floors, p50 at 500 Hz', 1.3, why=_STEPS),
    Target('floor.p99.100', 'whole path / sum of its floors, p99 at 100 Hz', 1.5, why=_STEPS),
    Target('floor.p99.500', 'whole path / sum of its floors, p99 at 500 Hz', 1.5, why=_STEPS),
    Target('obvious.p50.100', 'whole path / the obvious thing, p50 at 100 Hz', 0.6, why=_FLOORS),
    Target('obvious.p50.500', 'whole path / the obvious thing, p50 at 500 Hz', 0.6, why=_FLOORS),
    Target(
        'obvious.cpu.100',
        'CPU per message / the obvious, 100 Hz',
        0.4,
        why=_FLOORS,
        smoke_limit=1.1,
    ),
    Target(
        'obvious.cpu.500',
        'CPU per message / the obvious, 500 Hz',
        0.4,
        why=_FLOORS,
        smoke_limit=1.1,
    ),
    Target('obvious.rate', 'highest rate without loss / the obvious', 2.0, True, why=_RATE),
    Target('rosbridge.p50.100', 'whole path / rosbridge, p50 at 100 Hz', 0.7),
    Target('rosbridge.p50.500', 'whole path / rosbridge, p50 at 500 Hz', 0.7),
    Target('rosbridge.p99.100', 'whole path / rosbridge, p99 at 100 Hz', 0.5, why=_POLLED),
    Target('rosbridge.p99.500', 'whole path / rosbridge, p99 at 500 Hz', 0.5, why=_POLLED),
    Target('rosbridge.cpu.100', 'CPU per message / rosbridge, 100 Hz', 0.5, why=_HALF),
    Target('rosbridge.cpu.500', 'CPU per message / rosbridge, 500 Hz', 0.5, why=_HALF),
    Target('rosbridge.rate', 'highest rate without loss / rosbridge', 8.0, True, why=_CORES),
    Target(
        'fan.cpu.10',
        "server CPU per delivery / the obvious server's, 10 consumers",
        0.4,
        why=_FIXED,
        smoke_limit=1.1,
    ),
    Target('fan.p99.50', 'p99 with 50 consumers / with one', 2.0, why=_SHARED),
    Target(
        'fan.deaf',
        "the others' p99 with a consumer that does not read / without",
        1.1,
        why=_SHARED,
    ),
    Target('gate.tick.30', 'one step of the gate with 30 joints, us', 100.0),
    Target('gate.update.30', 'one update that the gate takes, with 30 joints, us', 100.0),
    Target(
        'stop.topic.20', 'stop to the latched topic, p99 / one joint, p50, idle', 1.5, why=_CORES
    ),
    Target(
        'stop.command.20',
        'stop to the last command, p99 / one joint, p50, idle',
        1.5,
        why=_CORES,
    ),
    Target(
        'stop.topic.500',
        'stop to the latched topic, p99 / one joint, p50, 500 Hz',
        1.5,
        why=_IN_HAND,
    ),
    Target(
        'stop.command.500',
        'stop to the last command, p99 / one joint, p50, 500 Hz',
        1.5,
        why=_IN_HAND,
    ),
    Target('idle.bridge', 'idle bridge, % of a core', 0.5),
    Target('idle.server', 'idle server, % of a core', 0.5),
    Target('idle.memory', 'bridge memory / bare rclpy node', 1.15, why=_IMPORTS),
    Target('many.memory', '50 bridges in one process / in 50 processes, proportional memory', 0.2),
)
