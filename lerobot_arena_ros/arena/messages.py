# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The messages of the protocol as frozen dataclasses. Only this module uses their JSON keys.

Those of a hand-over are in :mod:`.control_messages`, the states of robots in
:mod:`.robot_state`.

Rules of this file:

- ``encode`` writes ASCII only, and never NaN or Infinity.
- ``decode_*`` either returns a complete valid message or raises :class:`ProtocolError`. Unknown
  keys are ignored; unknown types are returned as :class:`Unknown`. One exception: a joint update
  from a server is returned with its valid joints and a description of the invalid ones, because
  the public server forwards joints without validation.
- Every ``emergency_stop`` is accepted, even with invalid fields, so that no stop is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from functools import cached_property
import re
from typing import Any, NamedTuple

from .control_messages import (
    CONTROL_ACTIONS,
    ControlAnswer,
    ControlRequest,
    ControlState,
    control_fields,
    control_number,
    read_answer,
    read_control,
    read_request,
)
from .errors import ProtocolError
from .features import Feature, known_features
from .fields import (
    MAX_STAMP_NS,
    as_object,
    as_text,
    is_finite,
    is_text,
    optional_count,
    optional_stamp,
    optional_text,
    shown,
)
from .json_text import dump, load
from .robot_state import RobotState, read_state, write_state

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
    'LaneAnswer',
    'LaneRequest',
    'LastStop',
    'Message',
    'OddJoint',
    'ResetStop',
    'RobotReport',
    'Role',
    'RoomInfo',
    'RoomState',
    'ServerMessage',
    'ShadowUpdate',
    'StateSync',
    'Unknown',
    'checked_update',
    'client_message',
    'decode_client',
    'decode_join',
    'decode_server',
    'encode',
    'load_object',
    'room_info',
    'room_state',
    'server_message',
    'to_json',
]

MAX_REASON_LENGTH = 200
"""The maximum number of characters of an emergency stop's reason; longer ones are truncated."""

MAX_STOP_ID_LENGTH = 40
"""The maximum number of characters of a stop's id; longer ones are truncated."""

MAX_ODD = 100
"""The maximum number of invalid joints of one update that are described."""

_FINGERPRINT = re.compile('[0-9a-f]{64}')

Entry = dict[str, Any]
"""One joint of an update: ``name``, ``value``, optionally ``speed``, and other keys unchanged."""


class Role(str, Enum):
    """The role of a participant in a room: the only producer or one of the consumers."""

    PRODUCER = 'producer'
    CONSUMER = 'consumer'


@dataclass(frozen=True)
class Join:
    """
    The first frame of a participant.

    :param features: the protocol extensions that it supports.
    """

    participant_id: str
    role: Role
    features: frozenset[Feature] = frozenset()


@dataclass(frozen=True)
class Heartbeat:
    """
    A request to which the server answers while the participant is in the room.

    :param seq: the number that the answer repeats; None without the feature.
    """

    seq: int | None = None


@dataclass(frozen=True)
class HeartbeatAck:
    """
    The answer to a heartbeat.

    :param has_producer: whether the room has a producer; None from servers that do not report it.
    :param seq: the number of the heartbeat; None from servers that do not repeat it.
    """

    timestamp: str | None = None
    has_producer: bool | None = None
    seq: int | None = None


class OddJoint(NamedTuple):
    """
    An invalid joint in an update that also has valid ones.

    :param name: None if it has no valid name.
    :param reason: as in :class:`.ProtocolError`.
    :param detail: a sentence.
    """

    name: str | None
    reason: str
    detail: str


@dataclass(frozen=True)
class JointUpdate:
    """
    New values of joints.

    :param entries: in the sender's order; ``name`` is a non-empty string, ``value`` a finite
        number, other keys are unchanged. If a name occurs twice, the last entry applies.
    :param source: the producer's participant id, ``api`` for a REST command, None from a client.
    :param odd: the invalid joints of an update from a server, which are not in ``entries``; not
        encoded.
    :param seq: the number of the update, which the lane and the WebSocket have in common; None
        without the feature ``fast_lane``.
    :param stamp_ns: when the newest of the joints was measured, also of those that did not change
        and are left out, on the clock of their source, in nanoseconds since 1970; None if that is
        unknown. Never use it to decide whether a command is fresh, because a stranger chose it.
    :param control: from a driver: the number of the :class:`.ControlState` that it has received
        last; None if it does not tell.
    """

    entries: tuple[Entry, ...]
    timestamp: str | None = None
    source: str | None = None
    odd: tuple[OddJoint, ...] = ()
    stamp_ns: int | None = None
    seq: int | None = None
    control: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, float], *, stamp_ns: int | None = None) -> JointUpdate:
        """Return the update with these values, by joint name and in their order."""
        entries = tuple({'name': name, 'value': value} for name, value in values.items())
        return cls(entries, stamp_ns=stamp_ns)

    @property
    def values(self) -> dict[str, float]:
        """The value of each joint by its name; if a name occurs twice, the last value."""
        return {entry['name']: float(entry['value']) for entry in self.entries}

    @cached_property
    def text(self) -> str:
        """The encoded message; encoded once for all recipients."""
        return encode(self)


@dataclass(frozen=True)
class ShadowUpdate:
    """
    A joint update of a driver that does not have control, for a participant that asked for it.

    It is a message of its own, so that no program can take it for a command. The fields are those
    of :class:`JointUpdate`.
    """

    entries: tuple[Entry, ...]
    timestamp: str | None = None
    source: str | None = None
    stamp_ns: int | None = None

    @cached_property
    def text(self) -> str:
        """The encoded message; encoded once for all recipients."""
        return encode(self)


@dataclass(frozen=True)
class EmergencyStop:
    """
    An emergency stop for all robots in the room, independent of the message's other fields.

    :param reason: why, truncated to :data:`MAX_REASON_LENGTH`; None if the sender gave none.
    :param source: the sender's participant id, set by the server.
    :param stop_id: the same in each copy that a sender with a fast lane sends; None without.
    """

    reason: str | None = None
    source: str | None = None
    timestamp: str | None = None
    stop_id: str | None = None


@dataclass(frozen=True)
class LastStop:
    """
    The last emergency stop of a room, sent to a participant that joins with the feature.

    ``source`` and ``timestamp`` are those of the ``emergency_stop`` message, so that a
    participant that received that message can recognize it.

    :param age_s: seconds since the stop, by the server's steady clock.
    """

    reason: str
    source: str
    timestamp: str
    age_s: float


@dataclass(frozen=True)
class Joined:
    """
    The server accepted the join.

    :param workspace_id: empty in a video room, because the public server does not send it there.
    :param features: those that the server enabled; empty from a public server.
    :param last_stop: None = no stop since the room was created, or the feature is not enabled.
    :param liveness_s: the time without a message after which the participant is disconnected, in
        seconds; None = the feature is not enabled.
    """

    room_id: str
    workspace_id: str
    role: Role
    timestamp: str | None = None
    features: frozenset[Feature] = frozenset()
    last_stop: LastStop | None = None
    liveness_s: float | None = None


@dataclass(frozen=True)
class StateSync:
    """
    The stored joint values of a room, sent once to a consumer that joins.

    :param joints: the last value of each joint; it may be old.
    :param rejected: the names whose stored value is not a finite number; not in ``joints``.
    :param stamp_ns: as in the last :class:`JointUpdate`.
    """

    joints: Mapping[str, float]
    timestamp: str | None = None
    rejected: tuple[str, ...] = ()
    stamp_ns: int | None = None


@dataclass(frozen=True)
class RobotReport:
    """
    The state of a robot; the server forwards it to viewers, not to other robots.

    A viewer is a participant that has the feature and sends no state itself.

    :param state: None = the robot has left the room.
    :param source: the robot's participant id, set by the server.
    """

    state: RobotState | None
    source: str | None = None
    timestamp: str | None = None

    @cached_property
    def data(self) -> str:
        """The state as JSON; encoded once, because it can be large."""
        return '{}' if self.state is None else to_json(write_state(self.state), 'robot state')

    @cached_property
    def text(self) -> str:
        """The encoded message; encoded once for all recipients."""
        if self.state is None:
            return encode(self)
        head = encode(RobotReport(None, self.source, self.timestamp))
        return f'{head[:-1]},"data":{self.data}}}'


@dataclass(frozen=True)
class ResetStop:
    """
    A request that one robot resets its emergency stop; the robot may refuse.

    :param to: the robot's participant id; None in the request that the server forwards, or if the
        sender gave none.
    :param source: the participant id of the requester, set by the server.
    :param stop_id: the id of the stop in the robot's state, so that a delayed request does not
        reset a later stop.
    """

    to: str | None = None
    source: str | None = None
    timestamp: str | None = None
    stop_id: str | None = None


@dataclass(frozen=True)
class ErrorReply:
    """
    An error from the server, sent to one participant only.

    :param joints: the joints because of which an update was refused, with the reasons; the other
        joints of the update may be sent again. Only with the feature.
    """

    message: str
    timestamp: str | None = None
    code: str | None = None
    joints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LaneRequest:
    """
    A participant with the feature ``fast_lane`` requests a lane; a newer request replaces it.

    :param fingerprint: the SHA-256 of the certificate with which it will open the lane, as 64
        hexadecimal digits.
    """

    fingerprint: str


@dataclass(frozen=True)
class LaneAnswer:
    """
    The answer to a request for a lane: where to open it, or why there is none.

    :param port: the UDP port; None if there is no lane.
    :param host: the host name or address; None = that of the WebSocket.
    :param fingerprint: the SHA-256 of the certificate of the server, as 64 hexadecimal digits.
    :param reason: why there is no lane; None if there is one.
    """

    port: int | None = None
    host: str | None = None
    fingerprint: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Unknown:
    """A message of an unknown type; ignore it."""

    type: str


ClientMessage = (
    JointUpdate
    | EmergencyStop
    | Heartbeat
    | RobotReport
    | ResetStop
    | LaneRequest
    | ControlRequest
    | Unknown
)
ServerMessage = (
    Joined
    | StateSync
    | JointUpdate
    | EmergencyStop
    | HeartbeatAck
    | RobotReport
    | ResetStop
    | ErrorReply
    | LaneAnswer
    | ControlState
    | ControlAnswer
    | ShadowUpdate
    | Unknown
)
Message = ClientMessage | ServerMessage | Join
"""Any message that one frame can contain, in either direction."""


@dataclass(frozen=True)
class RoomInfo:
    """The participants of a room from a REST reply."""

    room_id: str
    producer: str | None
    consumers: tuple[str, ...]

    def has(self, participant_id: str) -> bool:
        """Return whether this participant is in the room, in either role."""
        return participant_id == self.producer or participant_id in self.consumers


@dataclass(frozen=True)
class RoomState:
    """
    The stored state of a room from a REST reply; fields as in :class:`StateSync`.

    :param control_number: as ``number`` of :class:`.ControlState`, when the joints were read; None
        if the server has no control.
    """

    joints: Mapping[str, float]
    rejected: tuple[str, ...] = field(default=())
    control_number: int | None = None


def encode(message: Message) -> str:
    """
    Encode a message as the text of one frame.

    :raises ProtocolError: it contains a number that is not finite, or a value that JSON cannot
        represent.
    """
    return to_json(_fields(message), type(message).__name__)


def decode_join(text: str) -> Join:
    """
    Decode a participant's first frame.

    :raises ProtocolError: it is not a JSON object, or ``participant_id`` or ``role`` is invalid.
    """
    fields = load_object(text)
    participant_id, role = fields.get('participant_id'), fields.get('role')
    if not is_text(participant_id):
        raise ProtocolError('participant_id must be a non-empty string', reason='join')
    if role not in ('producer', 'consumer'):
        raise ProtocolError("role must be 'producer' or 'consumer'", reason='join')
    return Join(participant_id, Role(role), known_features(fields.get('features')))


def decode_client(text: str, features: frozenset[Feature] = frozenset(Feature)) -> ClientMessage:
    """
    Decode a message that a participant sends after the join.

    :param features: those that the server enabled for it; messages of other features are unknown.
    :raises ProtocolError: it is not a JSON object, or a joint update or robot state with an
        invalid entry.
    """
    return client_message(load_object(text), features)


def client_message(fields: Mapping[str, Any], features: frozenset[Feature]) -> ClientMessage:
    """Return the message of a parsed frame, as :func:`decode_client`."""
    match fields.get('type'):
        case 'joint_update':
            stamp_ns = optional_stamp(fields.get('stamp_ns'))
            entries = _entries(fields.get('data'))
            # Another client may send a key of this name with another meaning.
            seq = optional_count(fields.get('seq')) if Feature.FAST_LANE in features else None
            known = optional_count(fields.get('control')) if Feature.CONTROL in features else None
            return JointUpdate(entries, stamp_ns=stamp_ns, seq=seq, control=known)
        case 'heartbeat':
            return Heartbeat(optional_count(fields.get('seq')))
        case 'emergency_stop':
            return _emergency_stop(fields)
        case 'lane_request' if Feature.FAST_LANE in features:
            return LaneRequest(_fingerprint(fields))
        case 'robot_state' if Feature.ROBOT_STATE in features:
            return RobotReport(read_state(fields.get('data')))
        case 'reset_stop' if Feature.REMOTE_RESET in features:
            to = fields.get('to')
            to = to if is_text(to) else None
            return ResetStop(to, stop_id=optional_text(fields.get('stop')))
        case str(kind) if kind in CONTROL_ACTIONS and Feature.CONTROL in features:
            return read_request(fields)
        case other:
            return Unknown(as_text(other))


def checked_update(entries: list[Entry], stamp_ns: int | None = None) -> JointUpdate:
    """
    Return a joint update with entries and a stamp that a caller provides.

    :param stamp_ns: None or 0 for no stamp.
    :raises ProtocolError: an entry is not ``{'name': non-empty string, 'value': number, …}``, or
        the stamp is not one.
    """
    stamp = optional_stamp(stamp_ns)
    if stamp is None and stamp_ns not in (None, 0):
        raise ProtocolError(
            f'stamp_ns must be an integer of nanoseconds from 0 to {MAX_STAMP_NS}, got'
            f' {shown(stamp_ns)}',
            reason='value',
        )
    return JointUpdate(_entries(entries), stamp_ns=stamp)


def decode_server(text: str) -> ServerMessage:
    """
    Decode a message from a server.

    :raises ProtocolError: it is not a JSON object, a joint update with invalid joints only, or a
        ``joined`` or ``state_sync`` without its fields.
    """
    return server_message(load_object(text))


def server_message(fields: Mapping[str, Any]) -> ServerMessage:
    """Return the message of a parsed frame, as :func:`decode_server`."""
    timestamp = optional_text(fields.get('timestamp'))
    match fields.get('type'):
        case 'joint_update':
            source = optional_text(fields.get('source'))
            entries, odd = _usable(fields.get('data'))
            stamp_ns = optional_stamp(fields.get('stamp_ns'))
            seq = optional_count(fields.get('seq'))
            return JointUpdate(entries, timestamp, source, odd, stamp_ns, seq)
        case 'heartbeat_ack':
            present = fields.get('has_producer')
            present = present if isinstance(present, bool) else None
            return HeartbeatAck(timestamp, present, optional_count(fields.get('seq')))
        case 'emergency_stop':
            return _emergency_stop(fields)
        case 'state_sync':
            joints, rejected = _stored(fields.get('data'))
            return StateSync(joints, timestamp, rejected, optional_stamp(fields.get('stamp_ns')))
        case 'joined':
            return _joined(fields, timestamp)
        case 'shadow_update':
            source = optional_text(fields.get('source'))
            entries, _ = _usable(fields.get('data'))
            return ShadowUpdate(entries, timestamp, source, optional_stamp(fields.get('stamp_ns')))
        case 'control':
            return read_control(fields)
        case 'control_answer':
            return read_answer(fields)
        case 'lane_answer':
            return _lane_answer(fields)
        case 'robot_state':
            data, source = fields.get('data'), optional_text(fields.get('source'))
            return RobotReport(None if data is None else read_state(data), source, timestamp)
        case 'reset_stop':
            sender, stop_id = (optional_text(fields.get(key)) for key in ('source', 'stop'))
            return ResetStop(None, sender, timestamp, stop_id)
        case 'error':
            code = optional_text(fields.get('code'))
            return ErrorReply(as_text(fields.get('message')), timestamp, code, _refused(fields))
        case other:
            return Unknown(as_text(other))


def room_info(fields: object) -> RoomInfo:
    """
    Decode the ``room`` object of a REST reply.

    :raises ProtocolError: it is invalid.
    """
    room = as_object(fields, 'room')
    participants = as_object(room.get('participants'), 'participants')
    consumers = participants.get('consumers')
    if not isinstance(consumers, list):
        raise ProtocolError('participants.consumers must be a list', reason='shape')
    return RoomInfo(
        as_text(room.get('id')),
        optional_text(participants.get('producer')),
        tuple(as_text(consumer) for consumer in consumers),
    )


def room_state(fields: object) -> RoomState:
    """
    Decode the ``state`` object of a REST reply.

    :raises ProtocolError: it is invalid.
    """
    state = as_object(fields, 'state')
    joints, rejected = _stored(state.get('joints'))
    return RoomState(joints, rejected, control_number(state.get('control')))


def _fields(message: Message) -> dict[str, Any]:
    match message:
        case JointUpdate(entries, timestamp, source, _, stamp_ns, seq, control):
            return _typed(
                'joint_update',
                data=entries,
                timestamp=timestamp,
                source=source,
                stamp_ns=stamp_ns,
                seq=seq,
                control=control,
            )
        case HeartbeatAck(timestamp, has_producer, seq):
            return _typed('heartbeat_ack', timestamp=timestamp, has_producer=has_producer, seq=seq)
        case Heartbeat(seq):
            return _typed('heartbeat', seq=seq)
        case EmergencyStop(reason, source, timestamp, stop_id):
            return _typed(
                'emergency_stop', timestamp=timestamp, reason=reason, source=source, id=stop_id
            )
        case LaneRequest(fingerprint):
            return _typed('lane_request', fingerprint=fingerprint)
        case LaneAnswer(port, host, fingerprint, reason):
            return _typed(
                'lane_answer', port=port, host=host, fingerprint=fingerprint, reason=reason
            )
        case StateSync(joints, timestamp, _, stamp_ns):
            return _typed('state_sync', data=dict(joints), timestamp=timestamp, stamp_ns=stamp_ns)
        case Joined(room_id, workspace_id, role, timestamp, features, last_stop, liveness_s):
            return _typed(
                'joined',
                room_id=room_id,
                workspace_id=workspace_id or None,
                role=role.value,
                timestamp=timestamp,
                features=_names(features),
                last_stop=last_stop and asdict(last_stop),
                liveness_s=liveness_s,
            )
        case RobotReport(state, source, timestamp):
            data = None if state is None else write_state(state)
            return _typed('robot_state', data=data, source=source, timestamp=timestamp)
        case ResetStop(to, source, timestamp, stop_id):
            return _typed('reset_stop', to=to, stop=stop_id, source=source, timestamp=timestamp)
        case ErrorReply(text, timestamp, code, joints):
            refused = dict(joints) or None
            return _typed('error', message=text, timestamp=timestamp, code=code, joints=refused)
        case ShadowUpdate(entries, timestamp, source, stamp_ns):
            return _typed(
                'shadow_update',
                data=entries,
                timestamp=timestamp,
                source=source,
                stamp_ns=stamp_ns,
            )
        case ControlRequest() | ControlAnswer() | ControlState():
            return _present(control_fields(message))
        case Join(participant_id, role, features):
            join = {'participant_id': participant_id, 'role': role.value}
            return {**join, 'features': _names(features)} if features else join
        case Unknown(kind):  # pragma: no branch, because the type has no other member
            return _typed(kind)


def to_json(value: object, what: str) -> str:
    """
    Write a value as JSON.

    :param what: the name of the value in the error.
    :raises ProtocolError: it contains a number that is not finite, or cannot be JSON.
    """
    try:
        return dump(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise ProtocolError(f'{what} cannot be sent: {exc}', reason='value') from exc


def _names(features: frozenset[Feature]) -> list[str] | None:
    """Return the names in a fixed order; None if there are none, as in a public message."""
    return sorted(feature.value for feature in features) or None


def _typed(kind: str, **fields: object) -> dict[str, object]:
    """Put the type first and omit None, because absent and null mean the same here."""
    return _present({'type': kind, **fields})


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def load_object(text: str) -> dict[str, Any]:
    """
    Parse the text of a frame.

    :raises ProtocolError: it is not a JSON object.
    """
    try:
        fields = load(text)
    except (ValueError, RecursionError) as exc:
        raise ProtocolError(f'expected a JSON object: {exc}', reason='json') from exc
    if not isinstance(fields, dict):
        kind = type(fields).__name__
        raise ProtocolError(f'expected a JSON object, got {kind}', reason='json')
    return fields


def _entries(data: object) -> tuple[Entry, ...]:
    """Check all entries of an update before returning any; an empty update is an empty tuple."""
    if not data and (data is None or isinstance(data, list | dict)):
        return ()
    if not isinstance(data, list):
        kind = type(data).__name__
        raise ProtocolError(f'data must be a list of joints, got {kind}', reason='shape')
    for entry in data:
        _check_entry(entry)
    return tuple(data)


def _usable(data: object) -> tuple[tuple[Entry, ...], tuple[OddJoint, ...]]:
    """
    Return the valid joints of an update, and a description of the invalid ones.

    :raises ProtocolError: all joints are invalid, or more than :data:`MAX_ODD`. The number is
        limited because each description takes time, which delays a stop behind this frame.
    """
    try:
        return _entries(data), ()
    except ProtocolError:
        if not isinstance(data, list):
            raise
        odd: list[OddJoint] = []
        good: list[Entry] = []
        for entry in data:
            found = _oddity(entry)
            if found is None:
                good.append(entry)
            elif len(odd) == MAX_ODD:
                raise
            else:
                odd.append(found)
        # A joint that occurs twice, once with an invalid value, has no known value.
        invalid = {joint.name for joint in odd}
        entries = tuple(entry for entry in good if entry['name'] not in invalid)
        if not entries:
            raise
        return entries, tuple(odd)


def _oddity(entry: object) -> OddJoint | None:
    try:
        _check_entry(entry)
    except ProtocolError as exc:
        name = entry.get('name') if isinstance(entry, dict) else None
        return OddJoint(name if is_text(name) else None, exc.reason, str(exc))
    return None


def _refused(fields: Mapping[str, Any]) -> dict[str, str]:
    joints = fields.get('joints')
    if not isinstance(joints, dict):
        return {}
    named = [(name, why) for name, why in joints.items() if is_text(name)]
    return {name: as_text(why)[:MAX_REASON_LENGTH] for name, why in named[:MAX_ODD]}


def _check_entry(entry: object) -> None:
    if not isinstance(entry, dict):
        kind = type(entry).__name__
        raise ProtocolError(f'a joint must be an object, got {kind}', reason='shape')
    name = entry.get('name')
    if not is_text(name):
        raise ProtocolError(f'a joint needs a name, got {shown(name)}', reason='name')
    value, speed = entry.get('value'), entry.get('speed')
    if not is_finite(value):
        raise ProtocolError(
            f'joint {shown(name)}: value must be a finite number, got {shown(value)}',
            reason='value',
        )
    if speed is not None and not is_finite(speed):
        raise ProtocolError(
            f'joint {shown(name)}: speed must be a finite number or null, got {shown(speed)}',
            reason='value',
        )


def _stored(data: object) -> tuple[dict[str, float], tuple[str, ...]]:
    joints = as_object({} if data is None else data, 'state')
    good = {n: float(value) for n, value in joints.items() if is_text(n) and is_finite(value)}
    return good, tuple(as_text(name) for name in joints if name not in good)


def _emergency_stop(fields: Mapping[str, Any]) -> EmergencyStop:
    reason = fields.get('reason')
    return EmergencyStop(
        None if reason is None else as_text(reason)[:MAX_REASON_LENGTH],
        optional_text(fields.get('source')),
        optional_text(fields.get('timestamp')),
        _stop_id(fields),
    )


def _stop_id(fields: Mapping[str, Any]) -> str | None:
    stop_id = optional_text(fields.get('id'))
    return None if stop_id is None else stop_id[:MAX_STOP_ID_LENGTH]


def _fingerprint(fields: Mapping[str, Any]) -> str:
    fingerprint = fields.get('fingerprint')
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        raise ProtocolError(
            f'fingerprint must have 64 hexadecimal digits, got {shown(fingerprint)}',
            reason='shape',
        )
    return fingerprint


def _lane_answer(fields: Mapping[str, Any]) -> LaneAnswer:
    """
    Return where the lane is.

    :raises ProtocolError: it has neither a reason nor a valid port and fingerprint.
    """
    reason = optional_text(fields.get('reason'))
    if reason is not None:
        return LaneAnswer(reason=reason[:MAX_REASON_LENGTH])
    port = fields.get('port')
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise ProtocolError(f'port must be from 1 to 65535, got {shown(port)}', reason='shape')
    return LaneAnswer(port, optional_text(fields.get('host')), _fingerprint(fields))


def _joined(fields: Mapping[str, Any], timestamp: str | None) -> Joined:
    role = fields.get('role')
    if role not in ('producer', 'consumer'):
        raise ProtocolError(f'joined: role must be known, got {shown(role)}', reason='shape')
    return Joined(
        as_text(fields.get('room_id')),
        as_text(fields.get('workspace_id') or ''),
        Role(role),
        timestamp,
        known_features(fields.get('features')),
        _last_stop(fields.get('last_stop')),
        _optional_duration(fields.get('liveness_s')),
    )


def _optional_duration(value: object) -> float | None:
    return float(value) if is_finite(value) and value > 0 else None


def _last_stop(fields: object) -> LastStop | None:
    """Decode the last stop of ``joined``; an invalid age counts as 0 s."""
    if not isinstance(fields, dict):
        return None
    age_s = fields.get('age_s')
    return LastStop(
        as_text(fields.get('reason') or 'Emergency stop')[:MAX_REASON_LENGTH],
        as_text(fields.get('source')),
        as_text(fields.get('timestamp')),
        float(age_s) if is_finite(age_s) else 0.0,
    )
