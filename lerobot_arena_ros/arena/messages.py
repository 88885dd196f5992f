"""
The messages on the wire as frozen dataclasses, the one place that knows their JSON keys.

Rules of this file:

- ``encode`` never writes NaN or Infinity, and writes ASCII only.
- ``decode_*`` either returns a whole valid message or raises :class:`ProtocolError`; it never
  returns half of one. Unknown keys are ignored, unknown types come back as :class:`Unknown`.
- A stop is never lost to bad manners: any ``emergency_stop`` decodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, TypeGuard

from .errors import ProtocolError
from .json_text import dump, load

__all__ = [
    'MAX_REASON_LENGTH',
    'ClientMessage',
    'EmergencyStop',
    'Entry',
    'ErrorReply',
    'Heartbeat',
    'HeartbeatAck',
    'Join',
    'Joined',
    'JointUpdate',
    'Message',
    'Role',
    'RoomInfo',
    'RoomState',
    'ServerMessage',
    'StateSync',
    'Unknown',
    'checked_update',
    'decode_client',
    'decode_join',
    'decode_server',
    'encode',
    'is_text',
    'printable',
    'room_info',
    'room_state',
]

MAX_REASON_LENGTH = 200
"""Characters of an emergency stop's reason that are kept; the rest is cut."""

_LARGEST = 1.7976931348623157e308
"""The largest finite double: what a JSON number has to stay within to be a value."""

Entry = dict[str, Any]
"""One joint of an update: ``name``, ``value``, perhaps ``speed``, and keys kept verbatim."""


class Role(str, Enum):
    """What a participant is in a room: its one producer or one of its consumers."""

    PRODUCER = 'producer'
    CONSUMER = 'consumer'


@dataclass(frozen=True)
class Join:
    """The first frame of a participant."""

    participant_id: str
    role: Role


@dataclass(frozen=True)
class Heartbeat:
    """A participant asks whether it is still in the room."""


@dataclass(frozen=True)
class HeartbeatAck:
    """
    The answer to a heartbeat.

    :param has_producer: whether the room has a producer; None from servers that do not say.
    """

    timestamp: str | None = None
    has_producer: bool | None = None


@dataclass(frozen=True)
class JointUpdate:
    """
    Joints that moved.

    :param entries: in the sender's order; ``name`` is a non-empty string, ``value`` a finite
        number, other keys as they came. A name may stand twice: the last one wins.
    :param source: the producer's participant id, ``api`` for a REST command, None from a client.
    """

    entries: tuple[Entry, ...]
    timestamp: str | None = None
    source: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, float]) -> JointUpdate:
        """Make the update that says these values, by joint name and in their order."""
        return cls(tuple({'name': name, 'value': value} for name, value in values.items()))

    @property
    def values(self) -> dict[str, float]:
        """The value of each joint by its name; of a name that stands twice, the last."""
        return {entry['name']: float(entry['value']) for entry in self.entries}

    @cached_property
    def text(self) -> str:
        """The encoded message; made once, however many receive it."""
        return encode(self)


@dataclass(frozen=True)
class EmergencyStop:
    """
    Everybody stops, whatever the message's other fields say.

    :param reason: why, cut to :data:`MAX_REASON_LENGTH`; None where the sender gave none.
    :param source: the sender's participant id, filled in by the server.
    """

    reason: str | None = None
    source: str | None = None
    timestamp: str | None = None


@dataclass(frozen=True)
class Joined:
    """The server took the participant in."""

    room_id: str
    workspace_id: str
    role: Role
    timestamp: str | None = None


@dataclass(frozen=True)
class StateSync:
    """
    What the room remembers, sent once to a consumer that joins.

    :param joints: last value of each joint, possibly from long ago.
    :param rejected: names whose remembered value is no finite number and was left out.
    """

    joints: Mapping[str, float]
    timestamp: str | None = None
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ErrorReply:
    """The server complains; sent to one participant only."""

    message: str
    timestamp: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Unknown:
    """A message of a type that this version does not know; to be skipped."""

    type: str


ClientMessage = JointUpdate | EmergencyStop | Heartbeat | Unknown
ServerMessage = (
    Joined | StateSync | JointUpdate | EmergencyStop | HeartbeatAck | ErrorReply | Unknown
)
Message = ClientMessage | ServerMessage | Join
"""Whatever can be one frame, in either direction."""


@dataclass(frozen=True)
class RoomInfo:
    """Who is in a room, as REST tells it."""

    room_id: str
    producer: str | None
    consumers: tuple[str, ...]

    def has(self, participant_id: str) -> bool:
        """Say whether this participant is in the room, in either role."""
        return participant_id == self.producer or participant_id in self.consumers


@dataclass(frozen=True)
class RoomState:
    """What a room remembers, as REST tells it; fields as in :class:`StateSync`."""

    joints: Mapping[str, float]
    rejected: tuple[str, ...] = field(default=())


def encode(message: Message) -> str:
    """
    Write a message as the text of one frame.

    :raises ProtocolError: a number in it is not finite, or something in it is no JSON.
    """
    try:
        return dump(_fields(message))
    except (TypeError, ValueError, RecursionError) as exc:
        raise ProtocolError(
            f'{type(message).__name__} cannot be sent: {exc}', reason='value'
        ) from exc


def decode_join(text: str) -> Join:
    """
    Read a participant's first frame.

    :raises ProtocolError: no JSON object, no usable ``participant_id`` or no known ``role``.
    """
    fields = _load(text)
    participant_id, role = fields.get('participant_id'), fields.get('role')
    if not is_text(participant_id):
        raise ProtocolError('participant_id must be a non-empty string', reason='join')
    if role not in ('producer', 'consumer'):
        raise ProtocolError("role must be 'producer' or 'consumer'", reason='join')
    return Join(participant_id, Role(role))


def decode_client(text: str) -> ClientMessage:
    """
    Read what a participant sends after joining.

    :raises ProtocolError: no JSON object, or a joint update with one bad entry.
    """
    fields = _load(text)
    match fields.get('type'):
        case 'joint_update':
            return JointUpdate(_entries(fields.get('data')))
        case 'heartbeat':
            return Heartbeat()
        case 'emergency_stop':
            return _emergency_stop(fields)
        case other:
            return Unknown(_text(other))


def checked_update(entries: list[Entry]) -> JointUpdate:
    """
    Make an update of entries that a caller put together.

    :raises ProtocolError: one of them is not ``{'name': non-empty string, 'value': number, …}``.
    """
    return JointUpdate(_entries(entries))


def decode_server(text: str) -> ServerMessage:
    """
    Read what a server sends.

    :raises ProtocolError: no JSON object, a joint update with one bad entry, or a ``joined``
        or ``state_sync`` without its fields.
    """
    fields = _load(text)
    timestamp = _optional_text(fields.get('timestamp'))
    match fields.get('type'):
        case 'joint_update':
            source = _optional_text(fields.get('source'))
            return JointUpdate(_entries(fields.get('data')), timestamp, source)
        case 'heartbeat_ack':
            present = fields.get('has_producer')
            return HeartbeatAck(timestamp, present if isinstance(present, bool) else None)
        case 'emergency_stop':
            return _emergency_stop(fields)
        case 'state_sync':
            joints, rejected = _remembered(fields.get('data'))
            return StateSync(joints, timestamp, rejected)
        case 'joined':
            return _joined(fields, timestamp)
        case 'error':
            code = _optional_text(fields.get('code'))
            return ErrorReply(_text(fields.get('message')), timestamp, code)
        case other:
            return Unknown(_text(other))


def room_info(fields: object) -> RoomInfo:
    """
    Read the ``room`` object of a REST reply.

    :raises ProtocolError: it is not one.
    """
    room = _object(fields, 'room')
    people = _object(room.get('participants'), 'participants')
    consumers = people.get('consumers')
    if not isinstance(consumers, list):
        raise ProtocolError('participants.consumers must be a list', reason='shape')
    return RoomInfo(
        _text(room.get('id')),
        _optional_text(people.get('producer')),
        tuple(_text(consumer) for consumer in consumers),
    )


def room_state(fields: object) -> RoomState:
    """
    Read the ``state`` object of a REST reply.

    :raises ProtocolError: it is not one.
    """
    joints, rejected = _remembered(_object(fields, 'state').get('joints'))
    return RoomState(joints, rejected)


def is_text(value: object) -> TypeGuard[str]:
    """Say whether a value is a non-empty string that can be sent as UTF-8."""
    if not isinstance(value, str) or not value:
        return False
    return value.isascii() or not any('\ud800' <= char <= '\udfff' for char in value)


def _fields(message: Message) -> dict[str, Any]:
    match message:
        case JointUpdate(entries, timestamp, source):
            return _typed('joint_update', data=entries, timestamp=timestamp, source=source)
        case HeartbeatAck(timestamp, has_producer):
            return _typed('heartbeat_ack', timestamp=timestamp, has_producer=has_producer)
        case Heartbeat():
            return _typed('heartbeat')
        case EmergencyStop(reason, source, timestamp):
            return _typed('emergency_stop', timestamp=timestamp, reason=reason, source=source)
        case StateSync(joints, timestamp):
            return _typed('state_sync', data=dict(joints), timestamp=timestamp)
        case Joined(room_id, workspace_id, role, timestamp):
            return _typed(
                'joined',
                room_id=room_id,
                workspace_id=workspace_id,
                role=role.value,
                timestamp=timestamp,
            )
        case ErrorReply(text, timestamp, code):
            return _typed('error', message=text, timestamp=timestamp, code=code)
        case Join(participant_id, role):
            return {'participant_id': participant_id, 'role': role.value}
        case Unknown(kind):
            return _typed(kind)


def _typed(kind: str, **fields: object) -> dict[str, object]:
    """Put the type first and leave out what is None: absent and null mean the same here."""
    present = {key: value for key, value in fields.items() if value is not None}
    return {'type': kind, **present}


def _load(text: str) -> dict[str, Any]:
    try:
        fields = load(text)
    except (ValueError, RecursionError) as exc:
        raise ProtocolError(f'expected a JSON object: {exc}', reason='json') from exc
    if not isinstance(fields, dict):
        kind = type(fields).__name__
        raise ProtocolError(f'expected a JSON object, got {kind}', reason='json')
    return fields


def _object(fields: object, what: str) -> dict[str, Any]:
    if not isinstance(fields, dict):
        kind = type(fields).__name__
        raise ProtocolError(f'{what} must be a JSON object, got {kind}', reason='shape')
    return fields


def _entries(data: object) -> tuple[Entry, ...]:
    """Check a whole update before any of it counts; nothing to say is an empty tuple."""
    if not data and (data is None or isinstance(data, list | dict)):
        return ()
    if not isinstance(data, list):
        kind = type(data).__name__
        raise ProtocolError(f'data must be a list of joints, got {kind}', reason='shape')
    for entry in data:
        _check_entry(entry)
    return tuple(data)


def _check_entry(entry: object) -> None:
    if not isinstance(entry, dict):
        kind = type(entry).__name__
        raise ProtocolError(f'a joint must be an object, got {kind}', reason='shape')
    name = entry.get('name')
    if not is_text(name):
        raise ProtocolError(f'a joint needs a name, got {_shown(name)}', reason='name')
    value, speed = entry.get('value'), entry.get('speed')
    if not _is_finite(value):
        raise ProtocolError(
            f'joint {_shown(name)}: value must be a finite number, got {_shown(value)}',
            reason='value',
        )
    if speed is not None and not _is_finite(speed):
        raise ProtocolError(
            f'joint {_shown(name)}: speed must be a finite number or null, got {_shown(speed)}',
            reason='value',
        )


def _is_finite(value: object) -> bool:
    # A comparison, unlike math.isfinite, survives integers beyond the range of a double.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST <= value <= _LARGEST


def _remembered(data: object) -> tuple[dict[str, float], tuple[str, ...]]:
    joints = _object({} if data is None else data, 'state')
    good = {n: float(value) for n, value in joints.items() if is_text(n) and _is_finite(value)}
    return good, tuple(_text(name) for name in joints if name not in good)


def _emergency_stop(fields: Mapping[str, Any]) -> EmergencyStop:
    reason = fields.get('reason')
    return EmergencyStop(
        None if reason is None else _text(reason)[:MAX_REASON_LENGTH],
        _optional_text(fields.get('source')),
        _optional_text(fields.get('timestamp')),
    )


def _joined(fields: Mapping[str, Any], timestamp: str | None) -> Joined:
    role = fields.get('role')
    if role not in ('producer', 'consumer'):
        raise ProtocolError(f'joined: role must be known, got {_shown(role)}', reason='shape')
    room_id, workspace_id = _text(fields.get('room_id')), _text(fields.get('workspace_id'))
    return Joined(room_id, workspace_id, Role(role), timestamp)


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _shown(value: object) -> str:
    """Show the beginning of a value as it would stand in Python."""
    return f'{value!r:.60}' if isinstance(value, str) else _text(value)[:60]


def _text(value: object) -> str:
    """Say a value in a text that can be sent as UTF-8: no log line or reply fails on it later."""
    try:
        text = str(value)
    except RecursionError:
        text = type(value).__name__  # What JSON could just about nest may be too deep to be shown.
    return printable(text)


def printable(text: str) -> str:
    """Replace what cannot be sent as UTF-8, so that no log line or reply fails on it later."""
    return text.encode('utf-8', 'replace').decode('utf-8')
