# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The state that a robot reports to its room: positions, commands, and the state of its gate.

A consuming bridge sends it several times a second and at each change, if the server supports
:attr:`~.features.Feature.ROBOT_STATE`. Positions are in the room's unit, as in a joint update.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from .errors import ProtocolError
from .fields import as_object, as_text, is_finite, is_text, shown

__all__ = [
    'Refusal',
    'RobotJoint',
    'RobotLink',
    'RobotState',
    'StopCause',
    'Way',
    'read_state',
    'write_state',
]

GATES = ('waiting', 'active', 'holding', 'stopped')
"""The states of a robot's command gate."""

MAX_TEXT = 500
"""The maximum number of characters of one text; longer texts are truncated."""

MAX_ITEMS = 1000
"""The maximum number of joints, and of refusals, of one robot."""


class Way(str, Enum):
    """
    Which way joint updates take between a robot and its room.

    ``lane``: datagrams; the WebSocket only repeats the newest. ``both``: datagrams and the
    WebSocket, because the lane may not work. ``websocket``: there is no lane.
    """

    LANE = 'lane'
    BOTH = 'both'
    WEBSOCKET = 'websocket'


@dataclass(frozen=True)
class StopCause:
    """
    The emergency stop that a robot has latched.

    :param reason: the reason that the sender gave.
    :param source: the sender: a participant id, or a component of the robot's own system.
    :param id: distinguishes this stop from the robot's other stops; a reset must contain it.
    """

    reason: str
    source: str
    id: str = ''


@dataclass(frozen=True)
class RobotJoint:
    """
    One joint of a robot, by its name in the room and in the room's unit.

    :param unit: ``degrees``, ``radians``, ``normalized``, ``percent`` or ``metres``.
    :param measured: the current position; None = no recent measurement.
    :param commanded: the last command; None = none yet.
    :param lower: the lower position limit; None = unlimited or unknown.
    :param upper: the upper position limit; None = unlimited or unknown.
    """

    name: str
    unit: str
    measured: float | None = None
    commanded: float | None = None
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class RobotLink:
    """
    The link of a robot to its room, as the robot measures it.

    :param way: a :class:`Way`, or one that a newer robot has.
    :param round_trip_ms: to the server and back, in milliseconds; None = unknown.
    :param loss: the fraction of the lane's pings without an answer, from 0 to 1; None = unknown,
        or there is no lane.
    """

    way: str
    round_trip_ms: float | None = None
    loss: float | None = None


@dataclass(frozen=True)
class Refusal:
    """
    A value that the robot refused; it is reported until the robot accepts a value for the joint.

    :param name: the name of the joint in the room.
    :param reason: one sentence.
    """

    name: str
    value: float
    reason: str


@dataclass(frozen=True)
class RobotState:
    """
    The state of one robot at one moment.

    :param node: the full name of its ROS node.
    :param host: the name of its machine.
    :param gate: ``waiting``, ``active``, ``holding`` or ``stopped``.
    :param cause: why the gate is in that state.
    :param stop: the latched emergency stop; None = none.
    :param can_reset: whether the robot accepts ``reset_stop`` from the room.
    :param reset_refusal: why the last ``reset_stop`` was refused; None = it was not refused.
    :param link: None = the robot does not report it.
    """

    node: str
    host: str
    gate: str
    cause: str
    stop: StopCause | None = None
    can_reset: bool = False
    reset_refusal: str | None = None
    joints: tuple[RobotJoint, ...] = ()
    refused: tuple[Refusal, ...] = ()
    link: RobotLink | None = None


def write_state(state: RobotState) -> dict[str, Any]:
    """Return a state as the ``data`` of its message, without fields that are None."""
    return _present(
        node=state.node,
        host=state.host,
        gate=state.gate,
        cause=state.cause,
        stop=state.stop and asdict(state.stop),
        can_reset=state.can_reset or None,
        reset_refusal=state.reset_refusal,
        joints=[_write_joint(joint) for joint in state.joints],
        refused=[
            {'name': each.name, 'value': each.value, 'reason': each.reason}
            for each in state.refused
        ],
        link=state.link and _present(**asdict(state.link)),
    )


def read_state(data: object) -> RobotState:
    """
    Decode the ``data`` of a ``robot_state`` message; unknown keys are ignored.

    :raises ProtocolError: it is not an object, the gate is unknown, or the link, a joint or a
        refusal is invalid.
    """
    try:
        return _read_state(as_object(data, 'data'))
    except ProtocolError as exc:
        # One reason for all errors here, so that counters separate them from joint updates.
        raise ProtocolError(f'robot_state: {exc}', reason='robot_state') from exc


def _read_state(fields: Mapping[str, Any]) -> RobotState:
    gate = fields.get('gate')
    if gate not in GATES:
        raise ProtocolError(
            f'gate must be one of {", ".join(GATES)}, got {shown(gate)}', reason='shape'
        )
    stop, link = fields.get('stop'), fields.get('link')
    return RobotState(
        node=_cut(fields.get('node')),
        host=_cut(fields.get('host')),
        gate=gate,
        cause=_cut(fields.get('cause')),
        stop=None if stop is None else _read_stop(as_object(stop, 'stop')),
        can_reset=fields.get('can_reset') is True,
        reset_refusal=_optional_cut(fields.get('reset_refusal')),
        joints=tuple(_read_joint(each) for each in _items(fields, 'joints')),
        refused=tuple(_read_refusal(each) for each in _items(fields, 'refused')),
        link=None if link is None else _read_link(as_object(link, 'link')),
    )


def _write_joint(joint: RobotJoint) -> dict[str, Any]:
    return _present(
        name=joint.name,
        unit=joint.unit,
        measured=joint.measured,
        commanded=joint.commanded,
        min=joint.lower,
        max=joint.upper,
    )


def _read_stop(fields: Mapping[str, Any]) -> StopCause:
    return StopCause(*(_cut(fields.get(key)) for key in ('reason', 'source', 'id')))


def _read_link(fields: Mapping[str, Any]) -> RobotLink:
    return RobotLink(
        _cut(fields.get('way')),
        _optional_number(fields, 'round_trip_ms', 'link'),
        _optional_number(fields, 'loss', 'link'),
    )


def _read_joint(fields: Mapping[str, Any]) -> RobotJoint:
    name = _name(fields, 'a joint')
    return RobotJoint(
        name,
        _cut(fields.get('unit')),
        *(
            _optional_number(fields, key, f'joint {shown(name)}')
            for key in ('measured', 'commanded', 'min', 'max')
        ),
    )


def _read_refusal(fields: Mapping[str, Any]) -> Refusal:
    value = fields.get('value')
    if not is_finite(value):
        raise ProtocolError(
            f'refused: value must be a finite number, got {shown(value)}', reason='value'
        )
    return Refusal(_name(fields, 'a refusal'), float(value), _cut(fields.get('reason')))


def _items(fields: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    items = fields.get(key)
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise ProtocolError(f'{key} must be a list of at most {MAX_ITEMS}', reason='shape')
    return [as_object(each, f'each of {key}') for each in items]


def _name(fields: Mapping[str, Any], what: str) -> str:
    name = fields.get('name')
    if not is_text(name):
        raise ProtocolError(f'{what} needs a name, got {shown(name)}', reason='name')
    return name[:MAX_TEXT]


def _optional_number(fields: Mapping[str, Any], key: str, owner: str) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if not is_finite(value):
        raise ProtocolError(
            f'{owner}: {key} must be a finite number, got {shown(value)}', reason='value'
        )
    return float(value)


def _cut(value: object) -> str:
    return _optional_cut(value) or ''


def _optional_cut(value: object) -> str | None:
    return None if value is None else as_text(value)[:MAX_TEXT]


def _present(**fields: object) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
