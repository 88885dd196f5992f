"""The load test itself, in short: what it counts is so, and it ends as it should."""

from __future__ import annotations

import subprocess
import sys

from support.arena_server import ROOT

TIMEOUT_S = 60.0


def test_a_small_load_leaves_nothing_behind() -> None:
    """Each update reaches each consumer, and the server ends with what it began with."""
    options = ('--rooms', '3', '--consumers', '2', '--rate', '20', '--seconds', '3')
    command = [sys.executable, '-m', 'benchmark.soak', *options]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    rows = done.stdout.splitlines()[1:]
    seen = {row[:22].strip(): float(row[22:34]) for row in rows}

    assert seen['updates sent'] >= 3 * 20 * 3 * 0.95
    assert seen['updates received'] + seen['merged on the way'] == 2 * seen['updates sent']
    kept = ('tasks left behind', 'threads left behind', 'files left behind')
    assert [seen[name] for name in ('consumers behind', 'faults', *kept)] == [0.0] * 5
    assert done.returncode == ('OUT OF BOUNDS' in done.stdout), done.stderr
