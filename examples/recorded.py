# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One message of a room in a recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import math
from typing import Any, Literal

from lerobot_arena_ros.arena.errors import ProtocolError
from lerobot_arena_ros.arena.messages import checked_update

__all__ = ['JOINTLESS', 'KINDS', 'Kind', 'Recorded', 'Write', 'check', 'hand_overs', 'kind_of']

Kind = Literal['state', 'update', 'stop', 'control', 'shadow']

KINDS: tuple[Kind, ...] = ('state', 'update', 'stop', 'control', 'shadow')

JOINTLESS: tuple[Kind, ...] = ('stop', 'control')
"""The kinds of messages without joints."""


@dataclass(frozen=True)
class Recorded:
    """
    One message of the room.

    :param time_s: time of its arrival since the start of the recording.
    :param kind: ``state`` is the pose that the room remembered at the start of the recording.
        ``control`` tells who has control from now on. ``shadow`` is an update that had no effect,
        because its sender did not have control.
    :param joints: joints of a state, an update or a shadow: ``name``, ``value``, perhaps
        ``speed`` and others.
    :param source: id of the sender, or of the participant that changed control; empty if unknown.
    :param reason: reason of a stop, or why control changed.
    :param holder: who has control from now on; empty = nobody.
    """

    time_s: float
    kind: Kind
    joints: tuple[dict[str, Any], ...] = ()
    source: str = ''
    reason: str = ''
    holder: str = ''


Write = Callable[[Recorded], None]


def kind_of(text: str) -> Kind:
    """
    Parse the kind of a message.

    :raises ValueError: the kind is unknown.
    """
    for kind in KINDS:
        if text == kind:
            return kind
    raise ValueError(f'the event is {text!r}, expected {", ".join(KINDS)}')


def hand_overs(events: Iterable[Recorded]) -> list[Recorded]:
    """
    Return the changes of control.

    The first message of the kind ``control`` is none: it tells who has control at the start.
    """
    return [event for event in events if event.kind == 'control'][1:]


def check(event: Recorded, before: Recorded | None) -> None:
    """
    Check that a recorded message is plausible.

    :param before: the message before it; None for the first.
    :raises ValueError: it is not plausible; the text is the reason.
    """
    if not math.isfinite(event.time_s):
        raise ValueError(f'the time is {event.time_s}, expected a number')
    if before is not None and event.time_s < before.time_s:
        raise ValueError(f'time goes back, from {before.time_s:.6f} s to {event.time_s:.6f} s')
    if event.joints and event.kind in JOINTLESS:
        raise ValueError(f'a message of the kind {event.kind} has no joints')
    for name in ('source', 'reason', 'holder'):
        if not isinstance(value := getattr(event, name), str):
            raise ValueError(f'{name} is {value!r:.60}, expected a text')
    try:
        checked_update(list(event.joints))
    except ProtocolError as exc:
        raise ValueError(str(exc)) from exc
