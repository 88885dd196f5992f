"""
Recordings of a room: what they hold, as CSV or as MCAP.

CSV has one row per joint and message, and one per emergency stop::

    time_s,message,event,joint,value,speed,source,reason
    0.001542,0,state,elbow,12.5,,,
    1.204410,1,update,elbow,13.5,,producer_1,
    1.204410,1,update,wrist,-4.0,20.0,producer_1,
    5.300021,2,stop,,,,ros_arm,hand in the way

Rows with the same ``message`` came together: a room sends only the joints that changed, and a
table with a column per joint would not tell which those were. Keys besides name, value and speed
are left out. Each message is in the file as soon as it is there.

MCAP has the messages as JSON, as the room sent them, on ``/state_sync``, ``/joint_update`` and
``/emergency_stop``. It is complete once the recording was ended in order.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
import contextlib
import csv
from dataclasses import dataclass
import io
import itertools
import json
import math
from pathlib import Path
import time
from typing import Any, Literal

from command_line import Failure

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.messages import checked_update

__all__ = ['Recorded', 'read_recording', 'recording_path', 'values_of', 'writing']

Kind = Literal['state', 'update', 'stop']
Write = Callable[['Recorded'], None]

COLUMNS = ('time_s', 'message', 'event', 'joint', 'value', 'speed', 'source', 'reason')
TOPICS: dict[Kind, str] = {
    'state': '/state_sync',
    'update': '/joint_update',
    'stop': '/emergency_stop',
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
    },
}
NO_MCAP = 'MCAP needs a library that is not installed: pip install mcap, or name a .csv file'


@dataclass(frozen=True)
class Recorded:
    """
    One message of the room.

    :param time_s: when it came, since the recording began.
    :param kind: ``state`` is what the room remembered when the recording began.
    :param joints: of a state or an update: ``name``, ``value``, perhaps ``speed`` and others.
    :param source: who sent it, where that is known.
    :param reason: of a stop.
    """

    time_s: float
    kind: Kind
    joints: tuple[dict[str, Any], ...] = ()
    source: str = ''
    reason: str = ''


def recording_path(text: str) -> Path:
    """
    Read the name of a recording; for argparse.

    :raises ArgumentTypeError: it ends neither in .csv nor in .mcap.
    """
    path = Path(text)
    if path.suffix not in ('.csv', '.mcap'):
        raise argparse.ArgumentTypeError(f'{text!r} ends neither in .csv nor in .mcap')
    return path


def values_of(event: Recorded) -> dict[str, float]:
    """Give the values of a message by joint; of a joint that stands twice, the last."""
    return {joint['name']: float(joint['value']) for joint in event.joints}


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Write]:
    """
    Open a new recording, and give the function that adds a message to it.

    :raises OSError: the file exists, or cannot be written.
    :raises Failure: the library for MCAP is missing.
    """
    with _writing_mcap(path) if path.suffix == '.mcap' else _writing_csv(path) as write:
        yield write


def read_recording(path: Path) -> list[Recorded]:
    """
    Read a whole recording, in the order of time.

    :raises OSError: the file cannot be read.
    :raises Failure: it is no recording, or the library for MCAP is missing.
    """
    events = []
    try:
        for event in _read_mcap(path) if path.suffix == '.mcap' else _read_csv(path):
            checked_update(list(event.joints))
            events.append(event)
    except (KeyError, TypeError, ValueError, csv.Error, ProtocolError) as exc:
        where = f'after {len(events)} messages'
        raise Failure(f'{path} is no recording of a room, {where}: {exc}') from exc
    return events


@contextlib.contextmanager
def _writing_csv(path: Path) -> Iterator[Write]:
    counter = itertools.count()
    # Unbuffered: what a killed recorder has heard is in the file, each message whole.
    with path.open('xb', buffering=0) as file:
        file.write(_lines([COLUMNS]))
        yield lambda event: _write_all(file, _lines(_rows(event, next(counter))))


def _write_all(file: io.FileIO, data: bytes) -> None:
    while data:
        data = data[file.write(data) :]


def _lines(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline='')
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue().encode()


def _rows(event: Recorded, message: int) -> Iterator[tuple[object, ...]]:
    start = (f'{event.time_s:.6f}', message, event.kind)
    if event.kind == 'stop':
        yield (*start, '', '', '', event.source, event.reason)
    for joint in event.joints:
        speed = joint.get('speed')
        yield (*start, joint['name'], float(joint['value']), speed, event.source, '')


def _read_csv(path: Path) -> Iterator[Recorded]:
    with path.open(encoding='utf-8', newline='') as file:
        for _, rows in itertools.groupby(csv.DictReader(file), lambda row: row['message']):
            yield _recorded(list(rows))


def _recorded(rows: list[dict[str, str]]) -> Recorded:
    """Put the rows of one message together again."""
    first = rows[0]
    kind = _kind(first['event'])
    joints = () if kind == 'stop' else tuple(_joint(row) for row in rows)
    return Recorded(_time(first['time_s']), kind, joints, first['source'], first['reason'])


def _joint(row: dict[str, str]) -> dict[str, Any]:
    speed = {'speed': float(row['speed'])} if row['speed'] else {}
    return {'name': row['joint'], 'value': float(row['value']), **speed}


def _kind(text: str) -> Kind:
    for kind in TOPICS:
        if text == kind:
            return kind
    raise ValueError(f'unknown event {text!r}')


def _time(text: str) -> float:
    if not math.isfinite(time_s := float(text)):
        raise ValueError(f'{text!r} is no time')
    return time_s


@contextlib.contextmanager
def _writing_mcap(path: Path) -> Iterator[Write]:
    try:
        from mcap.writer import Writer
    except ImportError:
        raise Failure(NO_MCAP) from None
    began_ns = time.time_ns()
    with path.open('xb') as file:
        writer = Writer(file)
        writer.start(library='lerobot_arena_ros')
        schema = writer.register_schema('lerobot_arena', 'jsonschema', json.dumps(SCHEMA).encode())
        channels = {k: writer.register_channel(t, 'json', schema) for k, t in TOPICS.items()}

        def write(event: Recorded) -> None:
            at_ns = began_ns + round(event.time_s * 1e9)
            fields = {'data': event.joints, 'source': event.source, 'reason': event.reason}
            data = json.dumps(fields).encode()
            writer.add_message(channels[event.kind], log_time=at_ns, data=data, publish_time=at_ns)

        try:
            yield write
        finally:
            writer.finish()


def _read_mcap(path: Path) -> Iterator[Recorded]:
    try:
        from mcap.exceptions import McapError
        from mcap.reader import make_reader
    except ImportError:
        raise Failure(NO_MCAP) from None
    kinds = {topic: kind for kind, topic in TOPICS.items()}
    began_ns = None
    with path.open('rb') as file:
        try:
            for _, channel, message in make_reader(file).iter_messages(topics=list(kinds)):
                began_ns = message.log_time if began_ns is None else began_ns
                fields = json.loads(message.data)
                time_s = (message.log_time - began_ns) / 1e9
                joints = tuple(fields['data'])
                yield Recorded(
                    time_s, kinds[channel.topic], joints, fields['source'], fields['reason']
                )
        except McapError as exc:
            raise ValueError(f'{exc}; `mcap recover` may mend it') from exc
