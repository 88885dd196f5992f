# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""How much is measured: everything, or enough to notice that something is far slower."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['FULL', 'SHORT', 'Plan']


@dataclass(frozen=True)
class Plan:
    """
    Rates, rounds and times.

    :param rates_hz: by number of joints.
    :param ladder_hz: the rates that are tried in the search for the highest one; none: no search.
    :param peers: whether other systems are measured if they are installed.
    :param accelerators: whether it is also measured without the libraries that are optional.
    :param consumers: how many one room has, for each measurement.
    :param nginx_rooms: how many there are, for each measurement of one process and of several.
    :param bridges: how many are idle, each as a process, for each measurement.
    :param fleets: how many are in one process, for each measurement.
    :param viewers: how many one camera has, for each measurement, in ascending order.
    :param camera_s: the length of a round, in seconds.
    :param camera_stops: how many stops there are with two cameras, and how many without.
    """

    rates_hz: dict[int, tuple[float, ...]]
    rounds: int
    seconds: float
    ladder_hz: tuple[float, ...]
    peers: bool
    accelerators: bool
    gate_joints: tuple[int, ...]
    gate_rounds: int
    consumers: tuple[int, ...]
    fan_rounds: int
    stop_rates_hz: tuple[float, ...]
    stops: int
    idle_s: float
    start_ups: int
    bridges: tuple[int, ...]
    nginx_rooms: tuple[int, ...]
    nginx_rounds: int
    fleets: tuple[int, ...]
    viewers: tuple[int, ...]
    camera_rounds: int
    camera_s: float
    camera_stops: int


FULL = Plan(
    rates_hz={6: (50.0, 100.0, 500.0), 30: (100.0, 500.0)},
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
    accelerators=True,
    gate_joints=(6, 30, 100),
    gate_rounds=15,
    consumers=(1, 10, 50),
    fan_rounds=4,
    stop_rates_hz=(20.0, 100.0, 500.0),
    stops=200,
    idle_s=30.0,
    start_ups=3,
    bridges=(1, 10, 50),
    nginx_rooms=(24, 48),
    nginx_rounds=2,
    fleets=(1, 10, 50),
    viewers=(1, 2, 4, 8),
    camera_rounds=4,
    camera_s=3.0,
    camera_stops=200,
)

# Only what a smoke test judges, and a little of the rest, so that its code runs.
SHORT = Plan(
    rates_hz={6: (100.0, 500.0)},
    rounds=3,
    seconds=0.6,
    ladder_hz=(),
    peers=False,
    accelerators=False,
    gate_joints=(30,),
    gate_rounds=3,
    consumers=(1, 10),
    fan_rounds=2,
    stop_rates_hz=(100.0,),
    stops=5,
    idle_s=2.0,
    start_ups=0,
    bridges=(),
    nginx_rooms=(),
    nginx_rounds=0,
    fleets=(),
    viewers=(1, 4),
    camera_rounds=3,
    camera_s=1.0,
    camera_stops=5,
)
