# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The messages of a hand-over: who has control of a room, and who wants it.

Part of :mod:`.messages`; it imports this module and adds the types. docs/reference/messages.md
describes them.

A *driver* is a participant that may have control: the producer, or an operator. Operators are
consumers with the feature ``control``. At most one driver has control, and only its joint updates
count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .errors import ProtocolError
from .fields import as_text, is_text, optional_count, optional_text, shown

__all__ = [
    'CONTROL_ACTIONS',
    'ControlAction',
    'ControlAnswer',
    'ControlChange',
    'ControlPolicy',
    'ControlRequest',
    'ControlState',
    'control_fields',
    'control_number',
    'read_answer',
    'read_control',
    'read_request',
]

MAX_REFUSAL_LENGTH = 500
"""The maximum number of characters of a refusal; longer ones are truncated."""


class ControlPolicy(str, Enum):
    """
    How a driver gets control of a room while another one has it.

    ``first``: not at all; the holder keeps it. ``ask``: the holder is asked. ``take``: at once.
    """

    FIRST = 'first'
    ASK = 'ask'
    TAKE = 'take'


class ControlAction(str, Enum):
    """What a participant requests; the value is the type of the message."""

    TAKE = 'take_control'
    GIVE = 'give_control'
    RELEASE = 'release_control'
    REFUSE = 'refuse_control'


CONTROL_ACTIONS = frozenset(action.value for action in ControlAction)
"""The types of the messages that request something about control."""


class ControlChange(str, Enum):
    """
    Why control changed last.

    ``joined``: a producer joined a room that nobody controlled. ``taken``: a driver took it.
    ``given``: somebody gave it to a driver. ``released``: the driver released it. ``revoked``: a
    robot took it from the driver. ``left``: the driver left the room, or was disconnected.
    ``stopped``: an emergency stop released it.
    """

    JOINED = 'joined'
    TAKEN = 'taken'
    GIVEN = 'given'
    RELEASED = 'released'
    REVOKED = 'revoked'
    LEFT = 'left'
    STOPPED = 'stopped'


@dataclass(frozen=True)
class ControlRequest:
    """
    A request of a participant about control.

    :param to: of ``give_control``: who gets control; of ``refuse_control``: whose request is
        refused; None for the others, or if the sender gave none.
    :param request: the number that the answer repeats; None if the sender gave none.
    :param control: of ``give_control``: the number of the :class:`ControlState` for which the
        sender has decided. If control has changed since then, the request is refused. None: it
        counts in any state. -1: in none.
    :param asked: of ``give_control``: whether ``to`` has asked for control. If it does not ask any
        more, because of a stop for example, the request is refused.
    :param if_free: of ``take_control``: whether it is refused if another driver has control.
    """

    action: ControlAction
    to: str | None = None
    request: int | None = None
    control: int | None = None
    asked: bool = False
    if_free: bool = False


@dataclass(frozen=True)
class ControlAnswer:
    """
    The answer to one :class:`ControlRequest`.

    :param request: its number; None if it had none.
    :param refusal: why it was refused, as a sentence; None if it was done.
    :param holder: who has control now; None = nobody.
    """

    request: int | None = None
    refusal: str | None = None
    holder: str | None = None


@dataclass(frozen=True)
class ControlState:
    """
    Who has control of a room; sent after the join and at each change.

    :param holder: the participant that has control; None = nobody.
    :param policy: how another driver gets it.
    :param drivers: the participants that may have control.
    :param requests: those of them that have asked the holder for control.
    :param number: how many times control has changed since the room was created. Equal numbers
        mean that only ``drivers`` or ``requests`` are new.
    :param change: why control changed last; None before the first change, or if this client does
        not know the reason.
    :param by: the participant that caused the change; None before the first one.
    :param seq: if ``number`` is new, updates with a lower ``seq`` are from before the change; None
        = unknown.
    """

    holder: str | None
    policy: ControlPolicy
    drivers: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    number: int = 0
    change: ControlChange | None = None
    by: str | None = None
    timestamp: str | None = None
    seq: int | None = None


def read_request(fields: Mapping[str, Any]) -> ControlRequest:
    """Return the request of a parsed frame whose type is one of :data:`CONTROL_ACTIONS`."""
    to, control = fields.get('to'), fields.get('control')
    number = optional_count(control)
    return ControlRequest(
        ControlAction(fields['type']),
        to if is_text(to) else None,
        optional_count(fields.get('request')),
        # One that is invalid matches no state, because its sender wanted a condition.
        -1 if control is not None and number is None else number,
        asked=fields.get('asked', False) is not False,
        if_free=fields.get('if_free', False) is not False,
    )


def read_answer(fields: Mapping[str, Any]) -> ControlAnswer:
    """Return the answer of a parsed frame."""
    refusal = fields.get('refusal')
    return ControlAnswer(
        optional_count(fields.get('request')),
        None if refusal is None else as_text(refusal)[:MAX_REFUSAL_LENGTH],
        optional_text(fields.get('holder')),
    )


def read_control(fields: Mapping[str, Any]) -> ControlState:
    """
    Return the control of a parsed frame.

    :raises ProtocolError: its policy is not known.
    """
    policy = fields.get('policy')
    if policy not in _POLICIES:
        raise ProtocolError(
            f'control: policy must be one of {", ".join(_POLICIES)}, got {shown(policy)}',
            reason='shape',
        )
    change = fields.get('change')
    return ControlState(
        optional_text(fields.get('holder')),
        ControlPolicy(policy),
        _names(fields.get('drivers')),
        _names(fields.get('requests')),
        optional_count(fields.get('number')) or 0,
        ControlChange(change) if change in _CHANGES else None,
        optional_text(fields.get('by')),
        optional_text(fields.get('timestamp')),
        optional_count(fields.get('seq')),
    )


def control_number(control: object) -> int | None:
    """Return how many times control has changed, of the control in a REST reply; None: unknown."""
    return optional_count(control.get('number')) if isinstance(control, dict) else None


def control_fields(message: ControlRequest | ControlAnswer | ControlState) -> dict[str, Any]:
    """Return the keys of a message, with its type; None stands for a key that is left out."""
    match message:
        case ControlRequest(action, to, request, control, asked, if_free):
            return {
                'type': action.value,
                'to': to,
                'request': request,
                'control': control,
                'asked': asked or None,
                'if_free': if_free or None,
            }
        case ControlAnswer(request, refusal, holder):
            return {
                'type': 'control_answer',
                'request': request,
                'refusal': refusal,
                'holder': holder,
            }
        case ControlState():  # pragma: no branch, because the type has no other member
            return {
                'type': 'control',
                'holder': message.holder,
                'policy': message.policy.value,
                'drivers': list(message.drivers),
                'requests': list(message.requests),
                'number': message.number,
                'change': message.change and message.change.value,
                'by': message.by,
                'timestamp': message.timestamp,
                'seq': message.seq,
            }


_POLICIES = tuple(policy.value for policy in ControlPolicy)
_CHANGES = tuple(change.value for change in ControlChange)


def _names(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if is_text(each)) if isinstance(value, list) else ()
