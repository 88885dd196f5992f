"""
Measures the package beside its floors and beside the obvious thing; see docs/performance.md.

With --short it is a smoke test: it fails where a target is missed by more than twice.
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
from .harness.rosbridge import HOW_TO_HAVE_IT, NOT_INSTALLED, Rosbridge, find_rosbridge
from .measure import pipelines as paths
from .measure.behind_nginx import behind_nginx
from .measure.fan_out import fan_out
from .measure.fleets import many_processes, one_process
from .measure.gate_steps import gate_steps
from .measure.idle import idle, start_up
from .measure.plan import FULL, SHORT, Plan
from .measure.rounds import highest_rate, rounds, warm_up
from .measure.stop_latency import stop_trips
from .report.page import print_tables, write_page
from .report.pictures import draw
from .report.ratios import Results
from .report.tables import beyond, tables

__all__ = ['main']

RESULTS = Path(__file__).resolve().parent / 'results'


class Guests(NamedTuple):
    """What is measured beside ours where somebody has it: another arena, a peer."""

    server_url: str | None
    rosbridge: Rosbridge | None


def find_guests(options: argparse.Namespace) -> Guests:
    """
    Find who is there.

    :raises SystemExit: rosbridge is not where it is said to be.
    """
    peer = find_rosbridge(options.rosbridge)
    if peer is None and options.rosbridge is not None:
        sys.exit(f'{options.rosbridge} is no prefix that rosbridge_server is installed under')
    return Guests(options.server_url, peer)


def measure_paths(plan: Plan, guests: Guests) -> Results:
    """Measure hops and whole paths, and how fast the whole ones can be asked to be."""
    peer = guests.rosbridge if plan.peers else None
    rows: list[dict[str, object]] = []
    highest: dict[str, float] = {}
    for joints, rates_hz in plan.rates_hz.items():
        with ExitStack() as stack:
            wanted: list[AbstractContextManager[paths.Path]] = [
                *(paths.ros_hop(kind, joints) for kind in plan.floors),
                paths.frame_hop(joints),
                paths.obvious(joints),
                paths.ours(joints),
            ]
            if guests.server_url is not None:
                wanted.append(paths.ours(joints, guests.server_url))
            if peer is not None:
                wanted.append(paths.rosbridge(joints, peer))
            running = enter_all(stack, wanted)
            for path in running:
                warm_up(path)
            tallies = rounds(running, rates_hz, joints, times=plan.rounds, seconds=plan.seconds)
            rows += [tally.row() for tally in tallies]
            if joints == 6:
                whole = [path for path in running if path.pids]
                keepers = [paths.ours(joints, keeps_all=True)]
                if peer is not None:
                    keepers.append(paths.rosbridge(joints, peer, keeps_all=True))
                for keeper in keepers:
                    whole.append(stack.enter_context(keeper))
                    warm_up(whole[-1])
                highest = highest_rate(whole, plan.ladder_hz, joints, plan.seconds)
    results: Results = {'paths': rows, 'highest': highest}
    if peer is None:
        reason = NOT_INSTALLED if plan.peers else 'a smoke test measures no peer'
        return {**results, 'skipped': {'rosbridge': reason}}
    return {**results, 'rosbridge': peer.version}


def measure_accelerators(plan: Plan, _: Guests) -> Results:
    """Measure our path as it is, and without each accelerator that is installed."""
    without = variants() if plan.accelerates else []
    if not without:
        return {}
    with ExitStack() as stack:
        running = enter_all(stack, [paths.ours(6, without=names) for names in ((), *without)])
        for path in running:
            warm_up(path)
        rates_hz = (100.0, 500.0)
        tallies = rounds(running, rates_hz, 6, times=plan.rounds, seconds=plan.seconds)
    return {'accelerators': [tally.row() for tally in tallies]}


def measure_fan_out(plan: Plan, _: Guests) -> Results:
    """Measure both servers with many consumers."""
    fans = fan_out(
        plan.consumers,
        beside=10,
        without=variants() if plan.accelerates else (),
        times=plan.fan_rounds,
        seconds=plan.seconds,
    )
    return {'fan_out': [fan.row() for fan in fans]}


def measure_gate(plan: Plan, _: Guests) -> Results:
    """Measure how long the gate of a bridge takes for a step."""
    return {'gate': gate_steps(plan.gate_joints, times=plan.gate_rounds, steps=100)}


def measure_stop(plan: Plan, _: Guests) -> Results:
    """Measure the stop without load and under it."""
    return {'stop': stop_trips(plan.stop_rates_hz, plan.stops)}


def measure_idle(plan: Plan, _: Guests) -> Results:
    """Measure waiting, starting, and waiting together."""
    results: Results = {'idle': idle(plan.idle_s)}
    if plan.start_ups:
        results['start_up'] = start_up(plan.start_ups)
    return results


def measure_behind_nginx(plan: Plan, _: Guests) -> Results:
    """Measure one process and several behind nginx; nothing of it is in a smoke test."""
    if not plan.front_rooms:
        return {}
    rows = behind_nginx(plan.front_rooms, times=plan.front_rounds, seconds=1.5 * plan.seconds)
    return {'behind_nginx': rows}


def measure_many(plan: Plan, _: Guests) -> Results:
    """Measure many bridges, each in a process and all in one."""
    idle_s = plan.idle_s / 6
    rows = [many_processes(count, idle_s) for count in plan.bridges]
    fleets = [
        one_process(count, idle_s, times=plan.rounds, seconds=plan.seconds)
        for count in plan.fleets
    ]
    return {'many': [row for row in rows if row is not None], 'fleet': fleets}


SECTIONS: dict[str, Callable[[Plan, Guests], Results]] = {
    'paths': measure_paths,
    'accelerators': measure_accelerators,
    'fan-out': measure_fan_out,
    'gate': measure_gate,
    'stop': measure_stop,
    'idle': measure_idle,
    'nginx': measure_behind_nginx,
    'many': measure_many,
}

SECTION_OF = {
    'floor': 'paths',
    'obvious': 'paths',
    'rosbridge': 'paths',
    'fan': 'fan-out',
    'gate': 'gate',
    'stop': 'stop',
    'idle': 'idle',
    'many': 'many',
}
"""Where a target is measured, by the first word of its key."""


def machine() -> dict[str, Any]:
    """Say what was measured on."""
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        models = [line.partition(':')[2].strip() for line in file if line.startswith('model name')]
    return {
        'cores': len(models) or 1,
        'cpu': models[0] if models else platform.machine(),
        'python': platform.python_version(),
        'date': time.strftime('%Y-%m-%d'),
    }


def keep(results: Results) -> None:
    """Keep what there is so far, for a later section may fail."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / 'latest.json').write_text(json.dumps(results, indent=1), encoding='utf-8')


def measure(options: argparse.Namespace) -> Results:
    """Measure what is wanted, and between the sections how noisy the machine is."""
    plan = SHORT if options.short else FULL
    present = find_guests(options)
    if plan.peers and present.rosbridge is None:
        print(f'{NOT_INSTALLED}, its rows are skipped: {HOW_TO_HAVE_IT}')
    results: Results = {'machine': machine(), 'noise': [noise()]}
    for name in options.only or SECTIONS:
        begin_s = time.monotonic()
        print(f'measuring {name} ...', end=' ', flush=True)
        results.update(SECTIONS[name](plan, present))
        print(f'{time.monotonic() - begin_s:.0f} s', flush=True)
        results['noise'].append(noise())
        keep(results)
    return results


def failed_twice(results: Results, options: argparse.Namespace) -> list[str]:
    """Look again at what a smoke test does not forgive; give a line for what fails again."""
    first = beyond(results)
    again: Results = {}
    for name in dict.fromkeys(SECTION_OF[key.partition('.')[0]] for key in first):
        print(f'measuring {name} again, for a target was missed by more than twice', flush=True)
        again.update(SECTIONS[name](SHORT, find_guests(options)))
    second = beyond(again)
    return [f'{text}; then {second[key]}' for key, text in first.items() if key in second]


def lines_of_noise(results: Results) -> Iterator[str]:
    """Say how noisy it was."""
    for when, values in enumerate(results['noise']):
        yield (
            f'noise {when}: a sleep of 1 ms took {values["sleep_over_p50_us"]:.0f} us longer '
            f'(p50), {values["sleep_over_p99_us"]:.0f} us (p99); load {values["load"]:.1f}'
        )


def main() -> int:
    """Measure, print, and keep the results."""
    parser = argparse.ArgumentParser(prog='benchmark', description=__doc__)
    parser.add_argument('--short', action='store_true', help='a smoke test of 90 seconds')
    parser.add_argument('--only', nargs='+', choices=SECTIONS, help='some sections')
    parser.add_argument('--server-url', help='an arena server to be measured beside ours')
    parser.add_argument('--rosbridge', type=Path, help='the prefix that rosbridge is under')
    parser.add_argument('--page', action='store_true', help='write into docs/performance.md')
    parser.add_argument('--from', type=Path, dest='kept', help='show results kept in a file')
    options = parser.parse_args()
    begin_s = time.monotonic()
    results = json.loads(options.kept.read_text()) if options.kept else measure(options)
    print_tables(tables(results))
    for line in lines_of_noise(results):
        print(line)
    if not options.kept:
        print(
            f'measured for {time.monotonic() - begin_s:.0f} s; kept in {RESULTS.name}/latest.json'
        )
    if not options.short:
        draw(results, RESULTS)
    if options.page:
        write_page(results, list(lines_of_noise(results)))
    missed = failed_twice(results, options) if options.short else []
    for text in missed:
        print(f'FAILED, more than twice the target: {text}')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
