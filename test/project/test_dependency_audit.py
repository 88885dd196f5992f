# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""requirements/audit.py: the result of CI for each report of pip-audit."""

from __future__ import annotations

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any

import pytest
from support.pages import ROOT

STAND_IN = """
import json, pathlib, sys
lines = pathlib.Path(sys.argv[-1]).read_text().split()
with open('asked', 'a') as file:
    file.write('\\n'.join(lines) + '\\n')
answers = json.loads(pathlib.Path('answers').read_text())
if isinstance(answers, str):
    sys.exit(answers)
names = {line.partition('==')[0]: line.partition('==')[2] for line in lines}
known = [{'name': name, 'version': version, 'vulns': answers.get(name, [])}
         for name, version in names.items() if '*' not in answers]
skipped = [{'name': name, 'skip_reason': 'not found'} for name in names if '*' in answers]
print(json.dumps({'dependencies': known + skipped, 'fixes': []}))
sys.exit(bool(any(answers.values())))
"""
"""A program that answers like pip-audit, from a file; a text is an error of pip-audit."""

FLAW = {'id': 'PYSEC-1', 'aliases': ['CVE-1'], 'fix_versions': ['99.0'], 'description': 'bad'}


def audit(folder: Path, answers: Any, ignored: str = '') -> subprocess.CompletedProcess[str]:
    """Run the script on the constraints of the project."""
    shutil.copytree(ROOT / 'requirements', folder / 'requirements')
    (folder / 'requirements' / 'audit.ignored').write_text(ignored)
    (folder / 'pip_audit.py').write_text(STAND_IN)
    (folder / 'answers').write_text(json.dumps(answers))
    return subprocess.run(
        [sys.executable, 'requirements/audit.py'],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_each_version_that_is_pinned_is_looked_up(tmp_path: Path) -> None:
    """The pins for each Python and for both releases of ROS 2 are looked up."""
    done = audit(tmp_path, {})
    asked = (tmp_path / 'asked').read_text().split()
    texts = [
        (ROOT / 'requirements' / f'constraints-{name}.txt').read_text()
        for name in ('newest', 'jazzy', 'kilted')
    ]
    pinned = {line.split()[0] for text in texts for line in text.splitlines() if '==' in line}

    assert set(asked) == pinned
    assert len(asked) == len(pinned)
    assert done.returncode == 0
    assert done.stdout == f'Audit: 0 known vulnerabilities in {len(asked)} packages\n'


def test_a_vulnerable_version_fails_and_is_named(tmp_path: Path) -> None:
    """The failure names the vulnerability, the version that fixes it, and the remedy."""
    done = audit(tmp_path, {'uvloop': [FLAW]})
    named, summary = done.stdout.splitlines()

    assert done.returncode == 1
    assert 'uvloop' in named
    assert 'has CVE-1, PYSEC-1, fixed in 99.0: raise it with make constraints' in named
    assert summary.startswith('Audit: 1 known vulnerabilities in ')


@pytest.mark.parametrize('name', ['PYSEC-1', 'CVE-1'])
def test_a_vulnerability_that_is_ignored_needs_a_reason(tmp_path: Path, name: str) -> None:
    """A vulnerability can be ignored by each of its ids, and only with a reason."""
    (tmp_path / 'with').mkdir()
    (tmp_path / 'without').mkdir()
    answers = {'uvloop': [FLAW]}
    excused = audit(tmp_path / 'with', answers, f'# old\n{name}  nothing here does that\n')
    bare = audit(tmp_path / 'without', answers, f'{name}\n')

    assert excused.returncode == 0
    assert excused.stdout.endswith(' packages, 1 ignored\n')
    assert bare.returncode == 1
    assert f'requirements/audit.ignored: {name} has no reason' in bare.stdout


def test_a_line_that_ignores_nothing_is_named(tmp_path: Path) -> None:
    """An obsolete line is reported, because it would hide the vulnerability if it returned."""
    done = audit(tmp_path, {}, 'CVE-2  nothing here does that\n')

    assert done.returncode == 0
    assert 'requirements/audit.ignored: CVE-2 is not found any more\n' in done.stdout


@pytest.mark.parametrize(
    'answers',
    [{'*': []}, "requests.exceptions.ConnectionError: ('no', 'route')"],
    ids=['an index without vulnerabilities', 'no index'],
)
def test_the_summary_reports_an_index_that_does_not_answer(tmp_path: Path, answers: Any) -> None:
    """Without an answer of the index, the audit does not fail and reports no success."""
    done = audit(tmp_path, answers)

    assert done.returncode == 0
    assert done.stdout.startswith('Audit: not done: the package index ')
    assert done.stdout.count('\n') == 1


def test_an_audit_that_breaks_fails(tmp_path: Path) -> None:
    """An error of pip-audit fails the audit and is printed."""
    done = audit(tmp_path, 'ERROR: package annotated-doc has duplicate requirements')

    assert done.returncode == 1
    assert 'duplicate requirements' in done.stdout
    assert done.stdout.endswith('Audit: pip-audit ended with 1\n')
