# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Measure the package, its lower bound and a baseline; see docs/performance.md.

With --short it is a smoke test: it fails if a ratio is far from its target three times in a row.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
import json
from pathlib import Path
import platform
import sys
import time
from typing import Any, NamedTuple

from .harness.figures import noise
from .harness.optional_dependencies import variants
from .harness.processes import enter_all
from .harness.rosbridge import HOW_TO_INSTALL, NOT_INSTALLED, Rosbridge, find_rosbridge
from .measure import pipelines
from .measure.behind_nginx import behind_nginx
from .measure.cameras import cameras
from .measure.fan_out import fan_out
from .measure.fleets import many_processes, one_process
from .measure.gate_steps import gate_steps
from .measure.idle import idle, start_up
from .measure.pipelines import Pipeline
from .measure.plan import FULL, SHORT, Plan
from .measure.rounds import highest_rate, rounds, warm_up
from .measure.stop_latency import stop_latencies
from .report.page import print_tables, write_page
from .report.pictures import draw
from .report.ratios import Results
from .report.tables import smoke_failures, tables

__all__ = ['main']

RESULTS = Path(__file__).resolve().parent / 'results'

ATTEMPTS = 3
"""How often a smoke test measures a ratio before it fails, because the machine may be busy."""


class Others(NamedTuple):
    """What is measured in addition: a given arena, and rosbridge if it is installed."""

    server_url: str | None
    rosbridge: Rosbridge | None


def find_others(options: argparse.Namespace) -> Others:
    """
    Find what the options name.

    :raises SystemExit: rosbridge is not installed under the given prefix.
    """
    peer = find_rosbridge(options.rosbridge)
    if peer is None and options.rosbridge is not None:
        sys.exit(f'{options.rosbridge} is not a prefix that rosbridge_server is installed under')
    return Others(options.server_url, peer)


def measure_paths(plan: Plan, others: Others) -> Results:
    """Measure the hops of the lower bound, the whole paths, and their highest rates."""
    peer = others.rosbridge if plan.peers else None
    rows: list[dict[str, object]] = []
    highest: dict[str, float] = {}
    for joints, rates_hz in plan.rates_hz.items():
        with ExitStack() as stack:
            running = _warm(stack, _pipelines(joints, others.server_url, peer))
            results = rounds(running, rates_hz, joints, times=plan.rounds, seconds=plan.seconds)
            rows += [result.row() for result in results]
            if joints == 6 and plan.ladder_hz:
                whole = [each for each in running if each.pids]
                whole += _warm(stack, _keeping_all(joints, peer))
                highest = highest_rate(whole, plan.ladder_hz, joints, plan.seconds)
    measured: Results = {'paths': rows, 'highest': highest}
    if peer is None:
        reason = NOT_INSTALLED if plan.peers else 'not part of a smoke test'
        return {**measured, 'skipped': {'rosbridge': reason}}
    return {**measured, 'rosbridge': peer.version}


def _pipelines(
    joints: int, server_url: str | None, peer: Rosbridge | None
) -> list[AbstractContextManager[Pipeline]]:
    found: list[AbstractContextManager[Pipeline]] = [
        pipelines.ros_hop(joints),
        pipelines.protocol_hop(joints),
        pipelines.baseline(joints),
        pipelines.ours(joints),
    ]
    if server_url is not None:
        found.append(pipelines.ours(joints, server_url))
    if peer is not None:
        found.append(pipelines.rosbridge(joints, peer))
    return found


def _keeping_all(joints: int, peer: Rosbridge | None) -> list[AbstractContextManager[Pipeline]]:
    found: list[AbstractContextManager[Pipeline]] = [pipelines.ours(joints, keep_all=True)]
    if peer is not None:
        found.append(pipelines.rosbridge(joints, peer, keep_all=True))
    return found


def _warm(stack: ExitStack, wanted: list[AbstractContextManager[Pipeline]]) -> list[Pipeline]:
    running = enter_all(stack, wanted)
    for pipeline in running:
        warm_up(pipeline)
    return running


def measure_accelerators(plan: Plan, _: Others) -> Results:
    """Measure our path with and without each optional library that is installed."""
    hidden = variants() if plan.accelerators else []
    if not hidden:
        return {}
    with ExitStack() as stack:
        running = _warm(stack, [pipelines.ours(6, hidden=names) for names in ((), *hidden)])
        rates_hz = (100.0, 500.0)
        results = rounds(running, rates_hz, 6, times=plan.rounds, seconds=plan.seconds)
    return {'accelerators': [result.row() for result in results]}


def measure_fan_out(plan: Plan, _: Others) -> Results:
    """Measure both servers with many consumers."""
    results = fan_out(
        plan.consumers,
        beside_stalled=10,
        hidden=variants() if plan.accelerators else (),
        times=plan.fan_rounds,
        seconds=plan.seconds,
    )
    return {'fan_out': [result.row() for result in results]}


def measure_gate(plan: Plan, _: Others) -> Results:
    """Measure the calls of the gate of a bridge."""
    return {'gate': gate_steps(plan.gate_joints, times=plan.gate_rounds, steps=100)}


def measure_stop(plan: Plan, _: Others) -> Results:
    """Measure the emergency stop with little load and with much."""
    return {'stop': stop_latencies(plan.stop_rates_hz, plan.stops)}


def measure_idle(plan: Plan, _: Others) -> Results:
    """Measure idle processes, and the start of a bridge."""
    results: Results = {'idle': idle(plan.idle_s)}
    if plan.start_ups:
        results['start_up'] = start_up(plan.start_ups)
    return results


def measure_behind_nginx(plan: Plan, _: Others) -> Results:
    """Measure one server process, and several behind nginx."""
    if not plan.nginx_rooms:
        return {}
    rows = behind_nginx(plan.nginx_rooms, times=plan.nginx_rounds, seconds=1.5 * plan.seconds)
    return {'behind_nginx': rows}


def measure_many(plan: Plan, _: Others) -> Results:
    """Measure many bridges, each as a process and all in one."""
    idle_s = plan.idle_s / 6
    rows = [many_processes(count, idle_s) for count in plan.bridges]
    fleets = [
        one_process(count, idle_s, times=plan.rounds, seconds=plan.seconds)
        for count in plan.fleets
    ]
    return {'many': [row for row in rows if row is not None], 'fleet': fleets}


SECTIONS: dict[str, Callable[[Plan, Others], Results]] = {
    'paths': measure_paths,
    'accelerators': measure_accelerators,
    'fan-out': measure_fan_out,
    'gate': measure_gate,
    'stop': measure_stop,
    'idle': measure_idle,
    'nginx': measure_behind_nginx,
    'many': measure_many,
    'cameras': lambda plan, _: cameras(plan),
}

SECTION_OF = {
    'lower_bound': 'paths',
    'baseline': 'paths',
    'fan': 'fan-out',
    'idle': 'idle',
    'cameras': 'cameras',
}
"""The section of each target that a smoke test judges, by the first word of its key."""


def machine() -> dict[str, Any]:
    """Describe the machine."""
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        models = [line.partition(':')[2].strip() for line in file if line.startswith('model name')]
    return {
        'cores': len(models) or 1,
        'cpu': models[0] if models else platform.machine(),
        'python': platform.python_version(),
        'date': time.strftime('%Y-%m-%d'),
    }


def save(results: Results) -> None:
    """Save the results so far, because a later section may fail."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / 'latest.json').write_text(json.dumps(results, indent=1), encoding='utf-8')


def measure(options: argparse.Namespace) -> Results:
    """Measure the sections that the options name, and the noise before and after each."""
    plan = SHORT if options.short else FULL
    others = find_others(options)
    if plan.peers and others.rosbridge is None:
        print(f'{NOT_INSTALLED}, its rows are skipped: {HOW_TO_INSTALL}')
    results: Results = {'machine': machine(), 'noise': [noise()]}
    for name in options.only or SECTIONS:
        begin_s = time.monotonic()
        print(f'measuring {name} ...', end=' ', flush=True)
        results.update(SECTIONS[name](plan, others))
        print(f'{time.monotonic() - begin_s:.0f} s', flush=True)
        results['noise'].append(noise())
        save(results)
    return results


def confirmed_failures(results: Results, measure_again: Callable[[str], Results]) -> list[str]:
    """
    Measure what fails a smoke test again, and return a line for each ratio that always fails.

    :param measure_again: returns new results of a section.
    """
    failures = {key: [text] for key, text in smoke_failures(results).items()}
    for _ in range(ATTEMPTS - 1):
        again: Results = {}
        for name in dict.fromkeys(SECTION_OF[key.partition('.')[0]] for key in failures):
            print(f'measuring {name} again, because a ratio is far from its target', flush=True)
            again.update(measure_again(name))
        second = smoke_failures(again)
        failures = {key: [*texts, second[key]] for key, texts in failures.items() if key in second}
    return ['; then '.join(texts) for texts in failures.values()]


def lines_of_noise(results: Results) -> Iterator[str]:
    """Describe how noisy the machine was."""
    for when, values in enumerate(results['noise']):
        yield (
            f'noise {when}: a sleep of 1 ms took {values["sleep_over_p50_us"]:.0f} us longer '
            f'(p50), {values["sleep_over_p99_us"]:.0f} us (p99); load {values["load"]:.1f}'
        )


def main() -> int:
    """Measure, print, and save the results."""
    parser = argparse.ArgumentParser(prog='benchmark', description=__doc__)
    parser.add_argument('--short', action='store_true', help='a smoke test of about a minute')
    parser.add_argument('--only', nargs='+', choices=SECTIONS, help='some sections')
    parser.add_argument('--server-url', help='an arena server to measure in addition')
    parser.add_argument('--rosbridge', type=Path, help='the prefix that rosbridge is under')
    parser.add_argument('--page', action='store_true', help='write into docs/performance.md')
    parser.add_argument('--from', type=Path, dest='saved', help='show results saved in a file')
    options = parser.parse_args()
    begin_s = time.monotonic()
    results = json.loads(options.saved.read_text()) if options.saved else measure(options)
    print_tables(tables(results))
    for line in lines_of_noise(results):
        print(line)
    if not options.saved:
        print(
            f'measured for {time.monotonic() - begin_s:.0f} s; saved in {RESULTS.name}/latest.json'
        )
    if not options.short:
        draw(results, RESULTS)
    if options.page:
        write_page(results, list(lines_of_noise(results)))
    if not options.short:
        return 0
    others = find_others(options)
    failures = confirmed_failures(results, lambda name: SECTIONS[name](SHORT, others))
    for text in failures:
        print(f'FAILED {ATTEMPTS} times: {text}')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
