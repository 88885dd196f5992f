# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The public client class of an operator, which may take control of a room, and give it back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
from dataclasses import replace
import itertools
from typing import Any

from .clients import RoboticsConsumer
from .connection import Connection
from .control_messages import ControlAction, ControlAnswer, ControlRequest, ControlState
from .errors import ConnectionLost, ControlRefused
from .features import Feature
from .joint_sender import JointSender
from .messages import Role
from .session import Event

__all__ = ['RoboticsOperator']

ANSWER_TIMEOUT_S = 15.0
"""The timeout for an answer; a server that asks the holder answers after 10 s at the latest."""

_OPERATING = frozenset((Feature.CONTROL, Feature.LIVENESS, Feature.HEARTBEAT_SEQ))


class RoboticsOperator(RoboticsConsumer, JointSender):
    """
    A participant that may take control of a room: a policy, or a person who corrects it.

    ::

        async with RoboticsOperator('http://arena.example.org:8000') as operator:
            await operator.connect('lab', 'arm')
            async with operator.in_control():
                await operator.send_joint_update([{'name': 'elbow', 'value': 12.5}])

    It receives what a consumer receives, also the updates of the driver that has control. It may
    send joint updates at any time. They have an effect only while it has control; otherwise the
    room passes them on to those who compare, see :meth:`.on_shadow_update`.

    Control ends when another driver takes it, a robot revokes it, an emergency stop is sent, or
    the connection is lost; :meth:`.on_control` tells. It is never taken again automatically. A
    program whose event loop does not run for 5 s is disconnected, so that its robots hold.

    The public server knows no operators: there each request is refused.
    """

    _pending: dict[int, asyncio.Future[ControlAnswer]]

    def __init__(self, *args: Any, **options: Any) -> None:
        self._pending = {}
        self._numbers = itertools.count(1)
        super().__init__(*args, **options)

    @property
    def control(self) -> ControlState | None:
        """Who has control; None if not connected, or if the server does not tell."""
        return self._control if self.is_connected() else None

    @property
    def has_control(self) -> bool:
        """Whether this participant has control."""
        control = self.control
        return control is not None and control.holder == self.participant_id

    async def take_control(
        self, *, if_free: bool = False, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        """
        Take control; return when this participant has it.

        If the room asks the driver that has control, that may take 10 s. If this call is
        cancelled or not answered in time, the request is withdrawn, and control is released if it
        came meanwhile.

        :param if_free: whether to take control only if no other driver has it. Programs should
            set it, so that they never take control from a person.
        :raises ControlRefused: another driver has control and ``if_free`` is set, the room lets
            it keep control, it refused, or there was no answer in time.
        :raises ValueError: not connected.
        :raises RuntimeError: called by a callback, which delays the answer; start a task instead.
        :raises ConnectionLost: the connection was lost.
        """
        await self._request(ControlRequest(ControlAction.TAKE, if_free=if_free), timeout_s)

    async def give_control(
        self, participant_id: str, *, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        """
        Give control to another driver, one of ``control.drivers``.

        A participant that does not have control may give it only while nobody has it, or if the
        policy of the room is ``take``. So a supervisor that never drives can decide who does.

        :raises ControlRefused: the room refused it, or did not answer in time. It refuses it if
            control has changed since :attr:`control` was received, or if that driver had asked for
            control and does not ask any more.
        :raises ValueError, RuntimeError, ConnectionLost: as :meth:`take_control`.
        """
        state = self._control
        decision = ControlRequest(
            ControlAction.GIVE,
            participant_id,
            control=None if state is None else state.number,
            asked=state is not None and participant_id in state.requests,
        )
        await self._request(decision, timeout_s)

    async def refuse_control(
        self, participant_id: str, *, timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        """
        Refuse the request of another driver, one of ``control.requests``.

        :raises ControlRefused: there is no such request, or this participant has no control.
        :raises ValueError, RuntimeError, ConnectionLost: as :meth:`take_control`.
        """
        await self._request(ControlRequest(ControlAction.REFUSE, participant_id), timeout_s)

    async def release_control(self, *, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """
        Release control; then nobody has it, and the robots hold. Idempotent.

        :raises ControlRefused: another driver has control, or there was no answer in time.
        :raises ValueError, RuntimeError, ConnectionLost: as :meth:`take_control`.
        """
        await self._request(ControlRequest(ControlAction.RELEASE), timeout_s)

    @contextlib.asynccontextmanager
    async def in_control(self, *, timeout_s: float = ANSWER_TIMEOUT_S) -> AsyncIterator[None]:
        """
        Take control, and release it at the end, if this participant still has it.

        The block is not interrupted if control ends earlier: check :attr:`has_control`.

        :raises ControlRefused, ValueError, RuntimeError, ConnectionLost: as :meth:`take_control`.
        """
        await self.take_control(timeout_s=timeout_s)
        try:
            yield
        finally:
            if self.has_control:
                # Another driver may have got control since the last news.
                with contextlib.suppress(ControlRefused):
                    await self.release_control()

    def on_control_request(self, callback: Callable[[str], Any]) -> None:
        """
        Call ``callback(participant_id)`` when a driver asks this participant for control.

        Answer with :meth:`give_control` or :meth:`refuse_control` within 10 s, in a task of its
        own: a callback delays the answer of the server.
        """
        self._callbacks.set('control_request', callback)

    # ----- inside

    def _features(self, role: Role) -> frozenset[Feature]:
        return super()._features(role) | _OPERATING

    def _reset_state(self) -> None:
        super()._reset_state()
        self._control: ControlState | None = None

    async def _close_media(self) -> None:
        """End the requests that wait for an answer."""
        for future in [each for each in self._pending.values() if not each.done()]:
            future.set_exception(ConnectionLost('the room was left before it answered'))
        await super()._close_media()

    async def _handle_event(self, event: Event, connection: Connection) -> None:
        """Keep who has control, and pass on answers."""
        await super()._handle_event(event, connection)
        match event:
            case ControlAnswer(int(number)):
                future = self._pending.get(number)
                if future is not None and not future.done():
                    future.set_result(event)
            case ControlState():
                await self._take_state(event)

    async def _take_state(self, state: ControlState) -> None:
        before, self._control = self._control, state
        if state.holder == self.participant_id:
            known = () if before is None else before.requests
            for asker in (each for each in state.requests if each not in known):
                await self._callbacks.call('control_request', asker)

    async def _request(self, request: ControlRequest, timeout_s: float) -> None:
        """Make a request, and wait for its answer."""
        action = request.action
        connection = self._joined(action.value.replace('_', ' '))
        task = asyncio.current_task()
        if task is not None and self._callbacks.is_calling(task):
            raise RuntimeError(
                f'a callback cannot wait for the answer to {action.value}, because no message is'
                ' received meanwhile; start a task that calls it'
            )
        if Feature.CONTROL not in connection.features:
            raise ControlRefused('this server cannot hand over control', holder=None)
        number = next(self._numbers)
        answered: asyncio.Future[ControlAnswer] = asyncio.get_running_loop().create_future()
        self._pending[number] = answered
        answer = None
        try:
            await connection.send(replace(request, request=number))
            done, _ = await asyncio.wait([answered], timeout=timeout_s)
            if not done:
                holder = None if self._control is None else self._control.holder
                raise ControlRefused(f'no answer within {timeout_s:g} s', holder=holder)
            answer = answered.result()
        finally:
            del self._pending[number]
            # Not whether it was answered: this call may be cancelled right after the answer.
            if action is ControlAction.TAKE and answer is None:
                # It is withdrawn, and released if it has been granted meanwhile. Written at once,
                # so that it does not end a request after it.
                connection.post(ControlRequest(ControlAction.RELEASE))
        if answer.refusal is not None:
            raise ControlRefused(answer.refusal, holder=answer.holder)
