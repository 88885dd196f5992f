"""How much is measured: all of it, or enough to notice that something became far slower."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['FULL', 'SHORT', 'Plan']


@dataclass(frozen=True)
class Plan:
    """
    Rates, rounds and times.

    :param rates_hz: by number of joints.
    :param gate_joints: how many joints the gates have whose steps are timed.
    :param floors: the hops that are measured beside the whole paths.
    :param peers: whether what others made is measured where it is installed.
    :param accelerates: whether it is also tried to do without libraries that are installed.
    :param consumers: how many listen to a room.
    :param front_rooms: how many there are for one process and for several.
    :param bridges: how many idle together, each a process.
    :param fleets: how many are in one process.
    """

    rates_hz: dict[int, tuple[float, ...]]
    gate_joints: tuple[int, ...]
    gate_rounds: int
    floors: tuple[str, ...]
    rounds: int
    seconds: float
    ladder_hz: tuple[float, ...]
    peers: bool
    accelerates: bool
    consumers: tuple[int, ...]
    fan_rounds: int
    stop_rates_hz: tuple[float, ...]
    stops: int
    idle_s: float
    start_ups: int
    bridges: tuple[int, ...]
    front_rooms: tuple[int, ...]
    front_rounds: int
    fleets: tuple[int, ...]


FULL = Plan(
    rates_hz={6: (50.0, 100.0, 500.0), 30: (100.0, 500.0)},
    gate_joints=(6, 30, 100),
    gate_rounds=15,
    floors=('single', 'events'),
    rounds=4,
    seconds=1.5,
    ladder_hz=(
        100.0,
        160.0,
        200.0,
        250.0,
        320.0,
        400.0,
        500.0,
        630.0,
        800.0,
        1000.0,
        1250.0,
        1600.0,
        2000.0,
        2500.0,
        3150.0,
        4000.0,
        5000.0,
    ),
    peers=True,
    accelerates=True,
    consumers=(1, 10, 50),
    fan_rounds=4,
    stop_rates_hz=(20.0, 100.0, 500.0),
    stops=200,
    idle_s=30.0,
    start_ups=3,
    front_rooms=(24, 48),
    front_rounds=2,
    bridges=(1, 10, 50),
    fleets=(1, 10, 50),
)

SHORT = Plan(
    rates_hz={6: (100.0, 500.0)},
    gate_joints=(6, 30, 100),
    gate_rounds=5,
    floors=('events',),
    rounds=2,
    seconds=0.6,
    ladder_hz=(500.0, 1000.0, 2000.0),
    peers=False,
    accelerates=False,
    consumers=(1, 10, 50),
    fan_rounds=1,
    stop_rates_hz=(20.0, 500.0),
    stops=12,
    idle_s=10.0,
    start_ups=0,
    bridges=(),
    front_rooms=(),
    front_rounds=0,
    fleets=(),
)
