# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Look up known vulnerabilities of the versions in requirements/constraints-*.txt, by pip-audit.

    .venv-audit/bin/python requirements/audit.py

The exit code is 1 if there is a vulnerability that audit.ignored does not list. If the package
index does not answer, the last line states it, and the exit code is 0. constraints-apt.txt is not
checked, because Ubuntu fixes vulnerabilities in these packages without a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
import re
import subprocess
import sys
import tempfile
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent
FILES = ('constraints-newest.txt', 'constraints-jazzy.txt', 'constraints-kilted.txt')
IGNORED = FOLDER / 'audit.ignored'
TIMEOUT_S = 120.0
UNREACHED = (
    'ConnectionError',
    'Could not connect',
    'JSONDecodeError',
    'ProxyError',
    'SSLError',
    'ServiceError',
    'Timeout',
)
"""Texts that pip-audit prints if the package index does not answer."""

REMEDY = 'raise it with make constraints, or add it to requirements/audit.ignored with a reason'


class Unanswered(Exception):
    """There is no report; the text is the reason."""


class Verdict(NamedTuple):
    """
    The result of an audit.

    :param lines: lines to print; the last one is the summary.
    :param failed: whether the audit failed.
    """

    lines: list[str]
    failed: bool


def main() -> int:
    """Run pip-audit and print its findings."""
    texts = [(FOLDER / name).read_text(encoding='utf-8') for name in FILES]
    ignored = ignored_in(IGNORED.read_text(encoding='utf-8'))
    try:
        packages = [package for text in lists_of(texts) for package in run_audit(text)]
    except Unanswered as exc:
        print(f'Audit: not done: {exc}')
        return 0
    except subprocess.CalledProcessError as exc:
        print(exc.stderr, f'Audit: pip-audit ended with {exc.returncode}', sep='\n')
        return 1
    verdict = judge(packages, ignored)
    print('\n'.join(verdict.lines))
    return int(verdict.failed)


def lists_of(texts: Iterable[str]) -> list[str]:
    """Return lists of all pinned versions for any marker; no list has a name twice."""
    lists: list[dict[str, str]] = []
    for name, version in sorted({pin for text in texts for pin in pins_of(text)}):
        free = [each for each in lists if name not in each]
        if not free:
            lists.append({})
        (free or lists[-1:])[0][name] = version
    return [''.join(f'{name}=={version}\n' for name, version in each.items()) for each in lists]


def pins_of(text: str) -> list[tuple[str, str]]:
    """Return the names and versions in a constraints file."""
    return re.findall(r'^([\w.-]+)==([^\s;]+)', text, re.M)


def ignored_in(text: str) -> dict[str, str]:
    """Return the reasons of the ignored vulnerabilities by id."""
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != '#']
    return {words[0]: words[1] if len(words) > 1 else '' for words in lines}


def run_audit(requirements: str) -> list[dict[str, Any]]:
    """
    Run pip-audit.

    :returns: the entry of each package in its report.
    :raises Unanswered: the package index was not reached.
    :raises subprocess.CalledProcessError: pip-audit wrote no report.
    """
    command = [sys.executable, '-m', 'pip_audit', '--format', 'json', '--progress-spinner', 'off']
    command += ['--vulnerability-service', 'pypi', '--no-deps', '--disable-pip', '-r']
    with tempfile.NamedTemporaryFile('w', suffix='.txt', encoding='utf-8') as file:
        file.write(requirements)
        file.flush()
        try:
            done = subprocess.run(
                [*command, file.name],
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unanswered(f'it took longer than {TIMEOUT_S:.0f} s') from None
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)['dependencies']
    except ValueError:
        if any(word in done.stderr for word in UNREACHED):
            raise Unanswered('the package index was not reached') from None
        raise subprocess.CalledProcessError(
            done.returncode, command, done.stdout, done.stderr
        ) from None
    return packages


def judge(packages: list[dict[str, Any]], ignored: Mapping[str, str]) -> Verdict:
    """Return the verdict on the reports of pip-audit."""
    known = [package for package in packages if 'skip_reason' not in package]
    if not known:
        answer = f'the package index has no data on any of {len(packages)} packages'
        return Verdict([f'Audit: not done: {answer}'], failed=False)
    found = [(package, vulnerability) for package in known for vulnerability in package['vulns']]
    counted = [pair for pair in found if not ignored.keys() & ids_of(pair[1])]
    lines = [f'{describe(*pair)}: {REMEDY}' for pair in counted]
    names = {each for _, vulnerability in found for each in ids_of(vulnerability)}
    unused = sorted(ignored.keys() - names)
    lines += [f'requirements/audit.ignored: {each} is not found any more' for each in unused]
    lines += [f'requirements/audit.ignored: {each} has no reason' for each in reasonless(ignored)]
    unknown = len(packages) - len(known)
    lines.append(
        f'Audit: {len(counted)} known vulnerabilities in {len(known)} packages'
        + f', {len(found) - len(counted)} ignored' * (len(found) > len(counted))
        + f'; the index does not know {unknown} packages' * bool(unknown)
    )
    return Verdict(lines, failed=bool(counted or reasonless(ignored)))


def reasonless(ignored: Mapping[str, str]) -> list[str]:
    """Return the ids that are ignored without a reason."""
    return [each for each, reason in ignored.items() if not reason]


def ids_of(vulnerability: Mapping[str, Any]) -> set[str]:
    """Return all ids of a vulnerability."""
    return {vulnerability['id'], *vulnerability.get('aliases', ())}


def describe(package: Mapping[str, Any], vulnerability: Mapping[str, Any]) -> str:
    """Return a line with a vulnerable package, the vulnerability and the fixed versions."""
    fixed = ', '.join(vulnerability.get('fix_versions', ())) or 'no version'
    ids = ', '.join(sorted(ids_of(vulnerability)))
    return f'{package["name"]} {package["version"]} has {ids}, fixed in {fixed}'


if __name__ == '__main__':
    sys.exit(main())
