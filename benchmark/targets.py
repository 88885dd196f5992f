"""What the package wants to reach, as data: each a ratio inside one run, or a share of a core."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['TARGETS', 'Target']


@dataclass(frozen=True)
class Target:
    """
    One row.

    :param key: of :func:`benchmark.ratios.ratios`.
    :param at_least: whether more is better.
    :param why: where it is missed, why and what was tried.
    """

    key: str
    text: str
    limit: float
    at_least: bool = False
    why: str = ''

    def is_met(self, value: float, *, slack: float = 1.0) -> bool:
        """Say whether a value reaches the target, or a ``slack`` times laxer one."""
        return value >= self.limit / slack if self.at_least else value <= self.limit * slack


_STEPS = 'each stage does more than a bare hop, above all two threads in bridge in; not tried yet'
_FLOORS = 'the sum of the floors alone is more than that; uvloop, tried, gives some 10 % of it'
_RATE = 'of what comes within one period of produce.max_rate_hz, at most 1000, the newest is sent'
_FIXED = 'what uvicorn does per message received is most of it at ten; not tried yet'
_NOISE = 'not looked into yet; not noise alone, for the stop misses it on a quiet machine, too'
_IMPORTS = 'asyncio 6 MB, websockets 5, httpx 4, our own modules 3; not tried: httpx late or never'

TARGETS: tuple[Target, ...] = (
    Target('floor.p50.100', 'whole path / sum of its floors, p50 at 100 Hz', 1.1, why=_STEPS),
    Target('floor.p50.500', 'whole path / sum of its floors, p50 at 500 Hz', 1.3, why=_STEPS),
    Target('floor.p99.100', 'whole path / sum of its floors, p99 at 100 Hz', 1.5, why=_STEPS),
    Target('floor.p99.500', 'whole path / sum of its floors, p99 at 500 Hz', 1.5, why=_STEPS),
    Target('obvious.p50.100', 'whole path / the obvious thing, p50 at 100 Hz', 0.6, why=_FLOORS),
    Target('obvious.p50.500', 'whole path / the obvious thing, p50 at 500 Hz', 0.6, why=_FLOORS),
    Target('obvious.cpu.100', 'CPU per message / the obvious, 100 Hz', 0.4, why=_FLOORS),
    Target('obvious.cpu.500', 'CPU per message / the obvious, 500 Hz', 0.4, why=_FLOORS),
    Target('obvious.rate', 'highest rate without loss / the obvious', 2.0, True, why=_RATE),
    Target('rosbridge.p50.100', 'whole path / rosbridge, p50 at 100 Hz', 0.7),
    Target('rosbridge.p99.100', 'whole path / rosbridge, p99 at 100 Hz', 0.5),
    Target('rosbridge.cpu.100', 'CPU per message / rosbridge, 100 Hz', 0.5),
    Target('rosbridge.rate', 'highest rate without loss / rosbridge', 8.0, at_least=True),
    Target(
        'fan.cpu.10',
        "server CPU per delivery / the obvious server's, 10 consumers",
        0.4,
        why=_FIXED,
    ),
    Target('fan.p99.50', 'p99 with 50 consumers / with one', 2.0, why=_NOISE),
    Target(
        'fan.deaf', "the others' p99 with a consumer that does not read / without", 1.1, why=_NOISE
    ),
    Target(
        'stop.topic.20', 'stop to the latched topic, p99 / one joint, p50, idle', 1.5, why=_NOISE
    ),
    Target(
        'stop.command.20', 'stop to the last command, p99 / one joint, p50, idle', 1.5, why=_NOISE
    ),
    Target(
        'stop.topic.500',
        'stop to the latched topic, p99 / one joint, p50, 500 Hz',
        1.5,
        why=_NOISE,
    ),
    Target(
        'stop.command.500',
        'stop to the last command, p99 / one joint, p50, 500 Hz',
        1.5,
        why=_NOISE,
    ),
    Target('idle.bridge', 'idle bridge, % of a core', 0.5),
    Target('idle.server', 'idle server, % of a core', 0.5),
    Target('idle.memory', 'bridge memory / bare rclpy node', 1.15, why=_IMPORTS),
    Target('many.memory', '50 bridges in one process / in 50 processes, proportional memory', 0.2),
)
