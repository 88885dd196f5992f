# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Read and write recordings as CSV; recording.py describes the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
import csv
import io
import itertools
import math
from pathlib import Path
from typing import Any, NamedTuple

from command_line import Failure
from recorded import JOINTLESS, Kind, Recorded, Write, check, kind_of

__all__ = ['read_csv', 'writing_csv']

OLD_COLUMNS = ('time_s', 'message', 'event', 'joint', 'value', 'speed', 'source', 'reason')
"""Those of the files that were written before there were hand-overs."""

COLUMNS = (*OLD_COLUMNS, 'holder')
_JOINT = ('joint', 'value', 'speed')
_CUT = '; if the recording was cut off, remove its last row'


@contextlib.contextmanager
def writing_csv(path: Path) -> Iterator[Write]:
    """
    Open a new file, and return a function that appends a message to it.

    :raises OSError: the file exists, or cannot be opened.
    :raises Failure: a message cannot be written; the file then ends before it.
    """
    counter = itertools.count()
    # Unbuffered, so that the file has all received messages if the recorder is killed.
    with path.open('xb', buffering=0) as file:
        _append(file, _lines([COLUMNS]))
        yield lambda event: _append(file, _lines(_rows(event, next(counter))))


def read_csv(path: Path) -> list[Recorded]:
    """
    Read a whole recording.

    :raises OSError: the file cannot be read.
    :raises Failure: a row is damaged; the text contains its line number.
    """
    events: list[Recorded] = []
    try:
        for rows in _messages(_text(path)):
            event = _recorded(rows)
            with _damage(rows[0].line):
                check(event, events[-1] if events else None)
            events.append(event)
    except _Damaged as exc:
        raise Failure(f'{path}, line {exc.line}: {exc}; the file is not used') from exc
    return events


class _Row(NamedTuple):
    """A row, and the number of the line in which it starts."""

    line: int
    fields: dict[str, str]


class _Damaged(ValueError):
    """A line is not a valid row; the text is the reason."""

    def __init__(self, line: int, why: object) -> None:
        super().__init__(str(why))
        self.line = line


@contextlib.contextmanager
def _damage(line: int) -> Iterator[None]:
    """Add the line number to a ValueError."""
    try:
        yield
    except ValueError as exc:
        raise _Damaged(line, exc) from exc


def _append(file: io.FileIO, data: bytes) -> None:
    """Write all of the data or nothing, because half a row could be read as another number."""
    begun = file.tell()
    rest = data
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as exc:
        file.truncate(begun)
        raise Failure(
            f'{file.name}: {exc.strerror}: the recording ends here; all messages in the file are '
            'complete'
        ) from exc


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline='')
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue().encode()


def _rows(event: Recorded, message: int) -> Iterator[tuple[object, ...]]:
    start = (f'{event.time_s:.6f}', message, event.kind)
    if event.kind in JOINTLESS:
        yield (*start, '', '', '', event.source, event.reason, event.holder)
    for joint in event.joints:
        speed = joint.get('speed')
        yield (*start, joint['name'], float(joint['value']), speed, event.source, '', '')


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        line = data.count(b'\n', 0, exc.start) + 1
        raise _Damaged(line, 'this is not UTF-8') from exc


def _messages(text: str) -> Iterator[list[_Row]]:
    """Yield the rows of each message."""
    together: list[_Row] = []
    for row in _rows_of(text):
        if together:
            number, before = row.fields['message'], together[0].fields['message']
            if int(number) < int(before):
                raise _Damaged(row.line, f'message {number} comes after message {before}')
            if number != before:
                yield together
                together = []
        together.append(row)
    if together:
        yield together


def _rows_of(text: str) -> Iterator[_Row]:
    """Yield each row after the header, with checked columns."""
    reader = csv.reader(io.StringIO(text, newline=''), strict=True)
    line = 1
    columns: tuple[str, ...] = COLUMNS
    try:
        for row in reader:
            if line == 1:
                columns = tuple(row)
                if columns not in (COLUMNS, OLD_COLUMNS):
                    break
            if len(row) != len(columns):
                raise _Damaged(line, f'{len(row)} columns, expected {len(columns)}{_CUT}')
            if line > 1:
                if not row[1].isdecimal():
                    raise _Damaged(line, f'message is {row[1]!r}, expected a number')
                yield _Row(line, {'holder': '', **dict(zip(columns, row, strict=True))})
            line = reader.line_num + 1
    except csv.Error as exc:
        raise _Damaged(line, f'{exc}{_CUT}') from exc
    if line == 1:
        raise _Damaged(1, f'no recording of a room, which begins with {",".join(COLUMNS)}')
    if not text.endswith('\n'):
        raise _Damaged(line - 1, f'the row has no line end{_CUT}')


def _recorded(rows: list[_Row]) -> Recorded:
    """Return the message of these rows."""
    line, first = rows[0]
    with _damage(line):
        kind = kind_of(first['event'])
        time_s = _number('time_s', first)
    for line, row in rows:
        with _damage(line):
            _check_row(kind, row, first)
    joints = [] if kind in JOINTLESS else [_joint(row) for row in rows]
    texts = (first[column] for column in ('source', 'reason', 'holder'))
    return Recorded(time_s, kind, tuple(joints), *texts)


def _check_row(kind: Kind, row: dict[str, str], first: dict[str, str]) -> None:
    for column in ('time_s', 'event', 'source', 'reason', 'holder'):
        if row[column] != first[column]:
            raise ValueError(
                f'{column} is {row[column]!r}, and was {first[column]!r} in the same message'
            )
    for column in (*(_JOINT if kind in JOINTLESS else ('reason',)), 'holder'):
        if row[column] and (column, kind) != ('holder', 'control'):
            raise ValueError(f'{column} is {row[column]!r}, expected nothing with a {kind}')


def _joint(row: _Row) -> dict[str, Any]:
    with _damage(row.line):
        speed = {'speed': _number('speed', row.fields)} if row.fields['speed'] else {}
        return {
            'name': row.fields['joint'],
            'value': _number('value', row.fields),
            **speed,
        }


def _number(column: str, row: dict[str, str]) -> float:
    number = math.nan
    with contextlib.suppress(ValueError):
        number = float(row[column])
    if not math.isfinite(number):
        raise ValueError(f'{column} is {row[column]!r}, expected a number')
    return number
