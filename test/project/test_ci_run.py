# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

""".ci/run: its exit code and the summary that it ends with."""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess

import pytest
from support.pages import ROOT

REPORT = """
E       assert 1 == 2
FAILED test/test_a.py::test_b - assert 1 == 2
======= 1 failed, 2 passed in 3.00s ======="""
"""What pytest prints of a failure."""

MAKE = f"""#!/bin/sh
[ "$1" != "$FAILING" ] && exit
[ "$1" != coverage ] || echo '{REPORT}'
exit 1
"""
"""A make that does nothing, and fails for one target; coverage is one that runs tests."""

WRAPPER = '#!/bin/sh\nexec "$@"\n'
"""A script that runs the command in its arguments without installing anything."""


@pytest.fixture(name='folder')
def fixture_folder(tmp_path: Path) -> Path:
    """Return a folder with the real .ci/run, in which each command does nothing."""
    (tmp_path / '.ci').mkdir()
    shutil.copy(ROOT / '.ci' / 'run', tmp_path / '.ci')
    programs = {
        'make': MAKE,
        '.ci/with-nginx': WRAPPER,
        '.ci/with-turn': WRAPPER,
        '.ci/chromium': MAKE,
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


def run(folder: Path, failing: str) -> tuple[int, list[str]]:
    """Run .ci/run with a target that fails; return the exit code and the lines of the summary."""
    path = f'{folder}{os.pathsep}{os.environ["PATH"]}'
    done = subprocess.run(
        [folder / '.ci' / 'run'],
        env={**os.environ, 'PATH': path, 'FAILING': failing},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout.partition('==== summary')[2].splitlines()[1:]


def test_a_run_without_a_failure_succeeds(folder: Path) -> None:
    """Each step has a line in the summary, and the exit code is 0."""
    code, lines = run(folder, failing='nothing')

    assert code == 0
    assert len(lines) > 10
    assert all(line.startswith('ok ') for line in lines)


@pytest.mark.parametrize('target', ['lint', 'coverage', 'colcon'])
def test_a_step_that_fails_fails_the_run(folder: Path, target: str) -> None:
    """The other steps run all the same, and the summary names the one that failed."""
    code, lines = run(folder, failing=target)
    reported = REPORT.splitlines()
    failed = [line for line in lines if not line.startswith('ok ') and line not in reported]

    assert code == 1
    assert failed
    assert all(line.startswith('FAILED ') and f'make {target}' in line for line in failed)
    assert len(lines) > 10


def test_the_summary_names_the_tests_that_failed(folder: Path) -> None:
    """The rest of the output may be far above."""
    _, lines = run(folder, failing='coverage')
    at = next(i for i, line in enumerate(lines) if line.startswith('FAILED '))
    _, reason, failed, _ = REPORT.splitlines()

    assert lines[at].endswith(' 1 failed, 2 passed in 3.00s ')
    assert lines[at + 1 : at + 3] == [failed, reason]
    assert lines[at + 3].startswith('ok ')


def test_failing_pre_releases_are_a_warning(folder: Path) -> None:
    """The summary shows the failure, and the exit code is 0."""
    code, lines = run(folder, failing='prereleases')
    (warning,) = (line for line in lines if not line.startswith('ok '))

    assert code == 0
    assert warning.startswith('WARNING ')
    assert 'make prereleases (exit 1)' in warning
