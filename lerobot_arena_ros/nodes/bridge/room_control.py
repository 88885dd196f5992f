# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Who has control of one room, and what this bridge has requested about it."""

from __future__ import annotations

import itertools
import threading

from lerobot_arena_ros.arena.control_messages import (
    ControlAction,
    ControlAnswer,
    ControlChange,
    ControlPolicy,
    ControlState,
)
from lerobot_arena_ros.control.causes import without_control

from ..runtime.node_log import NodeLog

__all__ = ['RoomControl']

UNKNOWN = 'unknown'


class RoomControl:
    """
    The control of one room, as the server has reported it. The arena thread changes it.

    :param name: of the link, for the log.
    :ivar state: what the server has reported since the join; None: nothing.
    :ivar own_id: our participant id while the room is joined, else None.
    """

    def __init__(self, name: str, logger: NodeLog) -> None:
        self.state: ControlState | None = None
        self.own_id: str | None = None
        self._name = name
        self._logger = logger
        self._before: str | None = None  # Who else had control last.
        self._numbers = itertools.count(1)
        self._requested: dict[int, ControlAction] = {}
        self._lock = threading.Lock()  # Guards the requests.

    @property
    def holder(self) -> str | None:
        """The participant that has control; None: nobody, or unknown. Any thread."""
        return None if self.state is None else self.state.holder

    @property
    def is_ours(self) -> bool:
        """Whether this bridge has control; any thread."""
        return self.holder is not None and self.holder == self.own_id

    def is_requested(self, *actions: ControlAction) -> bool:
        """Return whether a request of one of these kinds has no answer yet; any thread."""
        with self._lock:
            return any(action in actions for action in self._requested.values())

    @property
    def obstacle(self) -> str | None:
        """Why what this bridge sends has no effect; None if it has one. Any thread."""
        state = self.state
        if state is None or self.is_ours:
            return None
        return without_control(state.holder, can_take=self._can_take(state))

    def unavailable(self) -> str | None:
        """Return why control cannot be requested; None if it can. Any thread."""
        if self.own_id is None:
            return f'the {self._name} room is not joined'
        if self.state is None:
            return f'the server of the {self._name} room has no control (feature control)'
        return None

    def untakable(self) -> str | None:
        """Return why control cannot be taken; None if nothing is known against it. Any thread."""
        state = self.state
        if state is None or self._can_take(state):
            return self.unavailable()
        return f'{state.holder} has control, and this room lets it keep it (control: first)'

    def recipient(self, state: ControlState) -> str | None:
        """
        Return who gets control if this bridge gives it; None: nobody. Any thread.

        It is the driver that asked for it first, or else the one that had it last.

        :param state: in which this bridge has control.
        """
        last = () if self._before not in state.drivers else (self._before,)
        return next(iter((*state.requests, *last)), None)

    def values(self) -> dict[str, object]:
        """Return the values for the diagnostics; any thread."""
        state = self.state
        if state is None:
            return dict.fromkeys(_KEYS, UNKNOWN)
        found = state.holder or 'nobody', state.policy.value, ', '.join(state.requests) or 'none'
        return dict(zip(_KEYS, found, strict=True))

    def request(self, action: ControlAction) -> int:
        """Return the number of a new request, whose answer will be logged; any thread."""
        with self._lock:
            number = next(self._numbers)
            self._requested[number] = action
        return number

    # ----- called by the arena thread

    def on_joined(self, participant_id: str) -> None:
        """Begin with a new connection."""
        self.own_id = participant_id

    def on_lost(self) -> None:
        """
        Forget who has control, and log it if a request for it will not be answered.

        A request to release it needs no answer: who leaves the room loses control, and a robot
        holds.
        """
        self.state = self.own_id = self._before = None
        with self._lock:
            requested, self._requested = self._requested, {}
        if ControlAction.TAKE in requested.values():
            self._logger.warning(
                f'{self._name}: take_control: the link was lost before the answer; call it again'
            )

    def on_state(self, state: ControlState) -> bool:
        """Note who has control, and log it if that is new; return whether this bridge got it."""
        before, self.state = self.state, state
        is_new = before is None or before.number != state.number
        if is_new:
            self._log_change(state)
        if not self.is_ours:
            self._before = state.holder or self._before
        asked = () if before is None else before.requests
        for who in state.requests:
            if self.is_ours and who not in asked:
                self._logger.info(
                    f'{self._name}: control: {who} asks for control: call ~/give_control, or go on'
                )
        return is_new and self.is_ours

    def on_answer(self, answer: ControlAnswer) -> None:
        """Log the answer to a request."""
        with self._lock:
            action = self._requested.pop(-1 if answer.request is None else answer.request, None)
        if action is None:
            return
        text = f'{self._name}: {action.value}'
        if answer.refusal is None:
            self._logger.info(f'{text}: done')
        else:
            self._logger.warning(f'{text} was refused: {answer.refusal}')

    def _can_take(self, state: ControlState) -> bool:
        return state.holder is None or self.is_ours or state.policy is not ControlPolicy.FIRST

    def _log_change(self, state: ControlState) -> None:
        # The join of a producer is logged already.
        has_joined = self.is_ours and state.change is ControlChange.JOINED
        if state.change is None or has_joined:
            return
        who = state.holder or 'nobody'
        by = f'{state.change.value} by {state.by}'
        self._logger.info(f'{self._name}: control: {who} has control ({by})')


_KEYS = ('control_holder', 'control_policy', 'control_requests')
