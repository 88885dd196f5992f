# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Install requirements into a virtual environment, and print progress as lines.

    python3 requirements/install.py .venv requirements/jazzy.txt ...

An error is one line, and the whole output of pip is in VENV.log. This program only needs the
standard library, because nothing else is installed yet.
"""

from __future__ import annotations

import argparse
from pathlib import Path
import re
import shutil
import subprocess
import sys
import time

OLDEST = (3, 10)

LARGE_MB = 1.0
"""Minimum size of a download that is printed as a line, in MB."""

UNREACHED = (
    'NewConnectionError',
    'NameResolutionError',
    'ConnectTimeout',
    'ProxyError',
    'SSLError',
)
OFFLINE = 'the package index was not reached: check the network, and proxies (HTTPS_PROXY)'
REASONS = {
    'No space left on device': 'the disk is full',
    'No matching distribution found for': 'the package index has none for this Python',
    'THESE PACKAGES DO NOT MATCH THE HASHES': 'the hash of a download is wrong',
}
"""Texts that pip prints, and their meaning."""


class Failure(Exception):
    """An error; its text is one line for the user."""


def main() -> int:
    """Parse the command line and install."""
    parser = argparse.ArgumentParser(
        description='Install requirements into a virtual environment.'
    )
    parser.add_argument('venv', type=Path, help='folder of the environment')
    parser.add_argument('files', type=Path, nargs='+', help='requirements files')
    parser.add_argument(
        '--constraints',
        type=Path,
        metavar='FILE',
        action='append',
        default=[],
        help='constraints file, as for pip; may be repeated',
    )
    parser.add_argument('--new', action='store_true', help='first create the environment anew')
    parser.add_argument('--system-site-packages', action='store_true', help='as for venv')
    parser.add_argument('--pre', action='store_true', help='also install pre-releases')
    args = parser.parse_args()
    try:
        if args.new:
            make_venv(args.venv, ['--system-site-packages'] * args.system_site_packages)
        install(args.venv, args.files, args.constraints, ['--pre'] * args.pre)
    except Failure as exc:
        print(f'{args.venv}: {exc}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def make_venv(venv: Path, options: list[str]) -> None:
    """
    Create an environment, and remove an existing one first.

    :raises Failure: this Python is too old, or has no venv.
    """
    version = '.'.join(map(str, sys.version_info[:3]))
    if sys.version_info < OLDEST:
        oldest = '.'.join(map(str, OLDEST))
        raise Failure(
            f'{sys.executable} is Python {version}, expected {oldest} or later: name another one '
            'with PYTHON=...'
        )
    print(f'Making {venv} with Python {version} (once)', flush=True)
    try:
        if venv.exists():
            shutil.rmtree(venv)
    except OSError as exc:
        raise Failure(
            f'{exc.filename} cannot be removed: {exc.strerror}. Was it made as another user, '
            'such as root? Remove it as that user'
        ) from exc
    command = [sys.executable, '-m', 'venv', *options, str(venv)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        printed = done.stdout.strip().splitlines() or ['it printed nothing']
        why = 'apt install python3-venv' if 'ensurepip' in done.stdout else printed[-1]
        raise Failure(f'{sys.executable} cannot make a virtual environment: {why}')


def install(venv: Path, files: list[Path], constraints: list[Path], options: list[str]) -> None:
    """
    Install the requirements in the files.

    :param constraints: constraints files with the versions.
    :param options: more options of pip.
    :raises Failure: pip failed.
    """
    print(f'Installing {", ".join(map(str, files))} into {venv} (once)', flush=True)
    began = time.monotonic()
    log = venv.with_name(f'{venv.name}.log')
    command = [str(venv / 'bin' / 'python'), '-m', 'pip', 'install', '--prefer-binary']
    command += ['--disable-pip-version-check', '--no-color', '--progress-bar', 'off', *options]
    command += [word for file in files for word in ('-r', str(file))]
    command += [word for file in constraints for word in ('-c', str(file))]
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace'
        )
    except OSError as exc:
        raise Failure(
            f'{exc.filename}: {exc.strerror}: remove it with make clean, then run make again'
        ) from exc
    assert process.stdout is not None
    with process, log.open('w') as copy:
        printed = []
        for line in process.stdout:
            copy.write(line)
            printed.append(line)
            if (text := progress(line)) is not None:
                print(f'  {text}', flush=True)
    if process.returncode:
        raise Failure(f'pip failed: {reason_of(printed)} (what pip printed is in {log.name})')
    log.unlink()
    print(f'Installed in {time.monotonic() - began:.0f} s', flush=True)


def progress(line: str) -> str | None:
    """Return progress text for a line of pip; None if it is not worth a line."""
    found = re.match(r' *Downloading (?:\S*/)?([\w.]+?)-\S+ \(([\d.]+) ([kMG])B\)', line)
    if found:
        size_mb = float(found[2]) * {'k': 1e-3, 'M': 1.0, 'G': 1e3}[found[3]]
        return f'downloading {found[1]}, {size_mb:.0f} MB' if size_mb >= LARGE_MB else None
    if line.startswith('Installing collected packages:'):
        count = len(line.partition(':')[2].split(','))
        return f'installing {count} packages'
    found = re.match(r' *Building wheel for (\S+)', line)
    if found and 'started' not in line:
        return f'building {found[1]}'
    if 'Retrying (' in line:
        return 'the package index does not answer, trying again'
    return None


def reason_of(lines: list[str]) -> str:
    """Return in one line why pip failed."""
    text = ''.join(lines)
    if 'No module named pip' in text:
        return 'the environment has no pip: remove it with make clean'
    if any(word in text for word in UNREACHED):
        return OFFLINE
    errors = [line.removeprefix('ERROR: ').strip() for line in lines if line.startswith('ERROR')]
    # This line only has an address; the line before it names the packages.
    errors = [error for error in errors if not error.startswith('ResolutionImpossible')]
    for words, meaning in REASONS.items():
        if words in text:
            return f'{meaning}: {errors[-1] if errors else words}'
    return errors[-1] if errors else (lines[-1].strip() if lines else 'it printed nothing')


if __name__ == '__main__':
    sys.exit(main())
