# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The file of the audit log: failures are reported, and its lines stay complete."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
import json
import logging
import os
from pathlib import Path
import resource
import signal

import pytest
from support.waiting import wait_for

from lerobot_arena_ros.server.log import audit_file as audit
from lerobot_arena_ros.server.log.audit_file import AuditFile

LOG = 'lerobot_arena_ros.server'


@pytest.fixture
def _no_longer_files() -> Iterator[None]:
    """Limit files of this process to 1000 bytes, to simulate a full disk."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def lines_of(path: Path) -> list[str]:
    """Return the current lines of the file."""
    return path.read_text().splitlines() if path.exists() else []


def has_lines(path: Path, *lines: str) -> bool:
    """Return whether the file has exactly these lines."""
    return lines_of(path) == list(lines)


def has_warned(caplog: pytest.LogCaptureFixture, times: int) -> bool:
    """Return whether the log has this number of warnings."""
    return len(caplog.messages) == times


def test_a_new_file_is_readable_only_by_its_owner(tmp_path: Path) -> None:
    """This includes the file that is created after logrotate has moved the first one."""
    path = tmp_path / 'audit.jsonl'
    before = os.umask(0o022)
    try:
        file = AuditFile(str(path))
        for name in ('first', 'second'):
            file.put(name)
            wait_for(partial(has_lines, path, name), 'the line')
            assert path.stat().st_mode & 0o777 == 0o600
            path.rename(tmp_path / name)
    finally:
        os.umask(before)


def test_lost_lines_are_reported_in_the_log_and_in_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log reports the first lost line and each recovery; the file gets the number."""
    folder = tmp_path / 'folder'
    folder.mkdir()
    path = folder / 'audit.jsonl'
    file = AuditFile(str(path))
    for round_ in range(2):
        caplog.clear()
        folder.rename(tmp_path / f'away{round_}')
        for _ in range(3):
            file.put('lost')
        wait_for(lambda: caplog.messages, 'the warning')
        folder.mkdir()
        file.put('kept')
        wait_for(lambda: lines_of(path)[-1:] == ['kept'], 'the next line')

        told = json.loads(lines_of(path)[0])
        assert (told['event'], 'time' in told) == ('lines_lost', True)
        assert caplog.messages == [
            f"event=audit_failed path='{path}' why='No such file or directory' lines_lost=1",
            f"event=audit_goes_on path='{path}' lines_lost={told['lines']}",
        ]
        assert told['lines'] in (1, 2, 3)
        assert lines_of(path)[1:] == ['lost'] * (3 - told['lines']) + ['kept']
        assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_a_lasting_failure_is_reported_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The warning repeats with the current number of lost lines."""
    monkeypatch.setattr(audit, 'WARN_EVERY_S', 0.0)
    path = tmp_path / 'folder' / 'audit.jsonl'
    path.parent.mkdir()
    file = AuditFile(str(path))
    path.unlink()
    path.parent.rmdir()
    for count in (1, 2):
        file.put('lost')
        wait_for(partial(has_warned, caplog, count), 'the warning')

    assert [message.rpartition(' ')[2] for message in caplog.messages] == [
        'lines_lost=1',
        'lines_lost=2',
    ]


@pytest.mark.usefixtures('_no_longer_files')
def test_an_incomplete_line_damages_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After an incomplete write, the next line starts on a new line."""
    path = tmp_path / 'audit.jsonl'
    file = AuditFile(str(path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    file.put('x' * 2000)
    wait_for(lambda: caplog.messages, 'the warning')
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    file.put('whole')
    wait_for(lambda: lines_of(path)[-1:] == ['whole'], 'the next line')

    torn, lost, _ = lines_of(path)
    assert torn == 'x' * 1000
    assert json.loads(lost)['lines'] == 1


@pytest.mark.parametrize('kind', ['pipe', 'device', 'folder'])
def test_only_a_regular_file_is_accepted(kind: str, tmp_path: Path) -> None:
    """A pipe is refused without waiting for its reader."""
    path = tmp_path / kind
    match kind:
        case 'pipe':
            os.mkfifo(path)
        case 'device':
            path = Path('/dev/full')
        case _:
            path.mkdir()
    with pytest.raises(OSError, match='not a regular file|No such device|Is a directory'):
        AuditFile(str(path))
