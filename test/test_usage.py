"""What executables say of themselves, and the codes with which they end."""

from __future__ import annotations

from collections.abc import Sequence
import os
from pathlib import Path
import signal
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from support.arena_server import arena_server
from support.executables import EXECUTABLES

ROOT = Path(__file__).resolve().parents[1]


def run(name: str, arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run an executable that ends by itself; gives its code and what it said on both streams."""
    module, function = EXECUTABLES[name].split(':')
    start = f'import sys, {module} as m; sys.exit(m.{function}())'
    done = subprocess.run(
        [sys.executable, '-c', start, *arguments],
        env={**os.environ, 'COLUMNS': '100'},
        capture_output=True,
        text=True,
        timeout=20,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize('name', EXECUTABLES)
def test_help_says_what_it_is_and_how_it_ends(name: str) -> None:
    """Each tells its usage and its exit codes, and leaves it at that."""
    code, out, err = run(name, ['--help'])

    assert (code, err) == (0, '')
    assert out.startswith(f'usage: {name} ')
    assert '--version' in out
    assert 'Exit code: 0 ' in ' '.join(out.split())


@pytest.mark.parametrize('name', EXECUTABLES)
def test_version_is_that_of_the_manifest(name: str) -> None:
    """Each says its name and the one version that there is."""
    version = ElementTree.parse(ROOT / 'package.xml').findtext('version')

    assert run(name, ['--version']) == (0, f'{name} {version}\n', '')


def test_the_help_of_one_side_is_of_that_side() -> None:
    """The producer takes no parameter of the consume side, and says so by silence."""
    _, out, _ = run('arena_producer', ['--help'])

    assert '\n  produce.room_id\n' in out
    assert '\n  consume.' not in out


def test_a_bridge_without_parameters_says_what_is_missing() -> None:
    """In one line, with the way to more."""
    code, out, err = run('arena_bridge', [])

    assert (code, out) == (2, '')
    assert err.startswith('arena_bridge: no room is named: ')
    assert err.endswith('; see --help\n')
    assert err.count('\n') == 1


@pytest.mark.parametrize('name', ['bridge', 'stop_command'])
def test_a_program_without_ros_says_so(name: str) -> None:
    """As after ``pip install`` into an environment that has none."""
    start = (
        f"import sys; sys.modules['rclpy'] = None; import lerobot_arena_ros.nodes.{name} as m;"
        ' sys.exit(m.main())'
    )
    done = subprocess.run([sys.executable, '-c', start], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert 'source ROS 2 first' in done.stderr


@pytest.mark.parametrize('name', ['arena_bridge', 'arena_stop', 'arena_server', 'demo_arm'])
def test_a_word_that_nobody_reads_is_refused(name: str) -> None:
    """A parameter without ``--ros-args`` would vanish otherwise."""
    code, out, err = run(name, ['--no-such-option', 'units:=degrees'])

    assert (code, out) == (2, '')
    assert '--no-such-option' in err or 'units:=degrees' in err
    assert 'Traceback' not in err


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_told_to_end_ends_with_0(number: signal.Signals) -> None:
    """A stop is no failure."""
    with arena_server() as server:
        assert server.stop(number)[0] == 0


def test_a_demo_that_cannot_run_ends_with_2() -> None:
    """Wrong usage is told from a failure of what it shows, which is 1."""
    assert run('demo', ['--seconds', '1'])[0] == 2
