# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Read and write recordings as MCAP; recording.py describes the topics."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
import os
from pathlib import Path
import time
from typing import IO

from command_line import Failure
from recorded import Kind, Recorded, Write, check

__all__ = ['read_mcap', 'writing_mcap']

TOPICS: dict[Kind, str] = {
    'state': '/state_sync',
    'update': '/joint_update',
    'stop': '/emergency_stop',
    'control': '/control',
    'shadow': '/shadow_update',
}
JOINT = {
    'type': 'object',
    'properties': {
        'name': {'type': 'string'},
        'value': {'type': 'number'},
        'speed': {'type': 'number'},
    },
}
SCHEMA = {
    'type': 'object',
    'properties': {
        'data': {'type': 'array', 'items': JOINT},
        'source': {'type': 'string'},
        'reason': {'type': 'string'},
        'holder': {'type': 'string'},
    },
}
NO_MCAP = 'MCAP needs a library that is not installed: pip install mcap, or name a .csv file'

RESERVE_BYTES = 4 << 20
"""Disk space that is reserved for the end of the file, because it is unreadable without it."""


@contextlib.contextmanager
def writing_mcap(path: Path) -> Iterator[Write]:
    """
    Open a new file, and return a function that appends a message to it.

    :raises OSError: the file exists, or cannot be opened.
    :raises Failure: the library is missing, or the disk is nearly full.
    """
    try:
        from mcap.writer import Writer
    except ImportError:
        raise Failure(NO_MCAP) from None
    began_ns = time.time_ns()
    with path.open('xb') as file:
        disk = _Reserve(file)
        disk.reserve()
        writer = Writer(file)
        writer.start(library='lerobot_arena_ros')
        schema = writer.register_schema('lerobot_arena', 'jsonschema', json.dumps(SCHEMA).encode())
        channels = {k: writer.register_channel(t, 'json', schema) for k, t in TOPICS.items()}

        def write(event: Recorded) -> None:
            disk.reserve()
            at_ns = began_ns + round(event.time_s * 1e9)
            fields = {'data': event.joints, 'source': event.source, 'reason': event.reason}
            if event.kind == 'control':
                fields['holder'] = event.holder
            data = json.dumps(fields).encode()
            writer.add_message(channels[event.kind], log_time=at_ns, data=data, publish_time=at_ns)

        try:
            yield write
        finally:
            writer.finish()
            file.truncate()


class _Reserve:
    """Disk space that is allocated before it is needed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0

    def reserve(self) -> None:
        """
        Reserve at least :data:`RESERVE_BYTES`.

        :raises Failure: the disk is full.
        """
        if self._file.tell() + RESERVE_BYTES <= self._end:
            return
        try:
            os.posix_fallocate(self._file.fileno(), self._end, 2 * RESERVE_BYTES)
        except OSError as exc:
            raise Failure(
                f'{self._file.name}: {exc.strerror}: the recording ends here; all messages in the '
                'file are complete'
            ) from exc
        self._end += 2 * RESERVE_BYTES


def read_mcap(path: Path) -> list[Recorded]:
    """
    Read a whole recording.

    :raises OSError: the file cannot be read.
    :raises Failure: the file is damaged, or the library is missing.
    """
    try:
        from mcap.reader import NonSeekingReader
    except ImportError:
        raise Failure(NO_MCAP) from None
    kinds = {topic: kind for kind, topic in TOPICS.items()}
    events: list[Recorded] = []
    began_ns = None
    with path.open('rb') as file:
        try:
            reader = NonSeekingReader(file, validate_crcs=True)
            for _, channel, message in reader.iter_messages(topics=list(kinds)):
                began_ns = message.log_time if began_ns is None else began_ns
                fields = json.loads(message.data)
                event = Recorded(
                    (message.log_time - began_ns) / 1e9,
                    kinds[channel.topic],
                    tuple(fields['data']),
                    fields['source'],
                    fields['reason'],
                    fields.get('holder', ''),
                )
                check(event, events[-1] if events else None)
                events.append(event)
        # For a damaged file, mcap and its decompressors raise exceptions of any type.
        except Exception as exc:
            raise Failure(
                f'{path} is damaged after {len(events)} messages: '
                f'{str(exc) or type(exc).__name__}; the file is not used; `mcap recover` may '
                'repair it'
            ) from exc
    return events
