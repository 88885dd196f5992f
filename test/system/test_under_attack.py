# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Thousands of hostile clients, and their effect on authorized participants.

``make faults`` opens 5000 connections and writes the results into docs/reliability.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
import json
import os
from pathlib import Path
import re
import signal
import statistics
import time

import httpx
import pytest
from support.arena_server import Server
from support.faults import REPORT_VARIABLE
from support.guarded import BEARER, guarded
from support.hostile import (
    HOSTILE,
    LISTENER,
    STOP_FLOOD,
    Attacker,
    attacker_of,
)
from support.noticing import Times, notice
from support.waiting import wait_for

from lerobot_arena_ros.server.access.admission import waiting_places
from lerobot_arena_ros.server.log.rate_limited_log import LINES
from lerobot_arena_ros.server.rooms.limits import Limits, Timing

CONNECTIONS = int(os.environ.get('LEROBOT_ARENA_FAULTS_HOSTILE', '400'))
"""The number of simultaneous hostile connections; ``make faults`` has 5000."""

ROUNDS = int(os.environ.get('LEROBOT_ARENA_FAULTS_ROUNDS', '1'))
"""The number of measurements without and with the attack."""

SECONDS = float(os.environ.get('LEROBOT_ARENA_FAULTS_SECONDS', '0.5'))
"""The duration of each measurement in each round."""

FLOODS = 4
LISTENERS = 40
MOST_S = 1.0
"""The longest time of a rejoin, a stop or a request on a busy machine."""


@dataclass
class Readings:
    """
    The measurements of each round.

    :param quiet: without an attack.
    :param beside: during the same attack on another server of the machine.
    :param attacked: under the attack.
    :param attacked_s: the duration of the attacks, in seconds.
    :param tried: the number of connection attempts in that time.
    """

    quiet: list[Times] = field(default_factory=list)
    beside: list[Times] = field(default_factory=list)
    attacked: list[Times] = field(default_factory=list)
    attacked_s: float = 0.0
    tried: int = 0

    def all_of(self, what: str) -> list[float]:
        """Return the times of an action during all attacks."""
        return [each for times in self.attacked for each in getattr(times, what)]

    def report(self, attack: str) -> None:
        """Add rows to the report if one is requested."""
        report = os.environ.get(REPORT_VARIABLE)
        if not report:
            return
        with Path(report).open('a', encoding='utf-8') as file:
            for what in ('rejoin', 'joint', 'stop', 'request'):
                row = {
                    'attack': attack,
                    'what': what,
                    'quiet_ms': percentiles_ms(self.quiet, what),
                    'beside_ms': percentiles_ms(self.beside, what),
                    'attacked_ms': percentiles_ms(self.attacked, what),
                }
                file.write(json.dumps(row) + '\n')


def percentiles_ms(rounds: Sequence[Times], what: str) -> tuple[float, float]:
    """
    Return the median and the 99th percentile, each that of the median round.

    Other programs use the machine, too, and must not decide the result.
    """
    windows = [sorted(asdict(times)[what]) for times in rounds]
    return (
        1e3 * statistics.median(statistics.median(window) for window in windows),
        1e3 * statistics.median(window[len(window) * 99 // 100] for window in windows),
    )


def measure(url: str, attacker: Attacker, elsewhere: Attacker, count: int) -> Readings:
    """
    Measure without and with this number of hostile clients, in turn.

    :param elsewhere: attacks another server. Its effect is the load on the machine, without that
        on the server.
    """
    readings = Readings()
    asyncio.run(notice(url, 0.2))
    for _ in range(ROUNDS):
        readings.quiet.append(asyncio.run(notice(url, SECONDS)))
        elsewhere.hold(count)
        readings.beside.append(asyncio.run(notice(url, SECONDS)))
        elsewhere.hold(0)
        before = attacker.hold(count)
        started_s = time.monotonic()
        readings.attacked.append(asyncio.run(notice(url, SECONDS)))
        readings.attacked_s += time.monotonic() - started_s
        readings.tried += attacker.hold(count) - before
        attacker.hold(0)
    return readings


def metric(url: str, name: str) -> float:
    """Return the value of one metric."""
    text = httpx.get(f'{url}/metrics', headers=BEARER, verify=False).text
    values = [line.split()[-1] for line in text.splitlines() if line.startswith(name)]
    return float(values[0]) if values else 0.0


def open_files(server: Server) -> int:
    """Return the number of open descriptors of the server."""
    return len(os.listdir(f'/proc/{server.pid}/fd'))


@pytest.mark.parametrize('has_tls', [False, True], ids=['plain', 'TLS'])
def test_authorized_participants_are_served_beside_hostile_connections(
    tmp_path: Path, has_tls: bool
) -> None:
    """Each rejoins within a second, the log stays short, and the attack leaves nothing open."""
    started_s = time.monotonic()
    with (
        guarded(tmp_path, has_tls=has_tls) as server,
        guarded(tmp_path, has_tls=has_tls) as other,
        attacker_of(server.url, HOSTILE) as attacker,
        attacker_of(other.url, HOSTILE) as elsewhere,
    ):
        before = open_files(server)
        readings = measure(server.url, attacker, elsewhere, CONNECTIONS)
        wait_for(
            lambda: metric(server.url, 'lerobot_arena_connections{kind="waiting"}') == 0,
            'no connection to wait',
        )
        wait_for(lambda: open_files(server) <= before, 'the descriptors to be closed')
        ended = metric(server.url, 'lerobot_arena_refusals_total{reason="connections_full"}')
        denied = metric(server.url, 'lerobot_arena_refusals_total{reason="access_denied"}')
        _, _, err = server.end(signal.SIGINT)
        periods = 1 + (time.monotonic() - started_s) // Timing().log_s

    assert max(readings.all_of('rejoin')) < MOST_S
    assert ended >= CONNECTIONS - waiting_places(Limits())
    assert denied or has_tls  # Few of the hostile handshakes are completed.
    for event in ('connections_full', 'access_denied', 'tls_failed'):
        assert len(re.findall(f'event={event} peer=', err)) <= LINES * periods
    kind = 'with TLS' if has_tls else 'without TLS'
    rate_hz = readings.tried / readings.attacked_s
    readings.report(f'{CONNECTIONS} hostile connections {kind}, {rate_hz:.0f} opened a second')


def test_a_flood_of_stops_delays_nothing_of_others(tmp_path: Path) -> None:
    """Thousands of stops a second from four participants delay no other message."""
    with (
        guarded(tmp_path, has_tls=False) as server,
        guarded(tmp_path, has_tls=False) as other,
        attacker_of(server.url, LISTENER) as listeners,
        attacker_of(other.url, LISTENER) as other_listeners,
        attacker_of(server.url, STOP_FLOOD) as attacker,
        attacker_of(other.url, STOP_FLOOD) as elsewhere,
    ):
        listeners.hold(LISTENERS)
        other_listeners.hold(LISTENERS)
        readings = measure(server.url, attacker, elsewhere, FLOODS)
        frames = metric(server.url, 'lerobot_arena_frames_received_total')
        passed = metric(server.url, 'lerobot_arena_emergency_stops_total')

    assert frames > 100 * FLOODS
    assert passed < frames / 10
    assert max(readings.all_of('stop')) < MOST_S
    rate_hz = frames / readings.attacked_s
    readings.report(
        f'{FLOODS} participants that press the stop {rate_hz:.0f} times a second together,'
        f' {LISTENERS} listen'
    )
