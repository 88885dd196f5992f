# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The callbacks of one client: dispatch of events and handling of their exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import inspect
import logging
from typing import Any

from .control_messages import ControlState
from .messages import (
    MAX_ODD,
    EmergencyStop,
    ErrorReply,
    JointUpdate,
    RobotReport,
    ShadowUpdate,
    StateSync,
)
from .session import Event, Malformed

__all__ = ['Callbacks']

_logger = logging.getLogger(__name__)


class Callbacks:
    """
    The callbacks that a program has set, at most one of each kind.

    The result of a coroutine function is awaited. An exception is logged and has no other effect.
    """

    def __init__(self) -> None:
        self._by_kind: dict[str, Callable[..., Any]] = {}
        self._odd: set[str | None] = set()
        self._calling: list[asyncio.Task[Any] | None] = []

    def set(self, kind: str, callback: Callable[..., Any]) -> None:
        """Set a callback; it replaces the previous one of this kind."""
        self._by_kind[kind] = callback

    def has(self, kind: str) -> bool:
        """Return whether a callback is set."""
        return kind in self._by_kind

    def is_calling(self, task: asyncio.Task[Any]) -> bool:
        """Return whether a task is awaiting one of the callbacks."""
        return task in self._calling

    async def dispatch(self, event: Event) -> None:
        """Call the callbacks for an event."""
        await self.call('message', event)
        match event:
            case JointUpdate():
                self._log_odd(event)
                if event.entries or event.stamp_ns is None:
                    await self.call('joint_update', list(event.entries))
            case StateSync():
                await self.call('state_sync', dict(event.joints))
            case EmergencyStop():
                await self.call('emergency_stop', event)
                await self.call('error', f'Emergency stop: {event.reason}')
            case RobotReport():
                await self.call('robot_state', event.source, event.state)
            case ControlState():
                await self.call('control', event)
            case ShadowUpdate():
                await self.call('shadow_update', event.source or '', list(event.entries))
            case ErrorReply():
                await self.call('error', event.message)
            case Malformed():
                _logger.warning('dropped an invalid frame from the server: %s', event.detail)

    def _log_odd(self, update: JointUpdate) -> None:
        """Log each invalid joint of an update once per joint name."""
        for joint in update.odd:
            if joint.name not in self._odd and len(self._odd) < MAX_ODD:
                self._odd.add(joint.name)
                _logger.warning('ignored an invalid joint of an update: %s', joint.detail)

    async def call(self, kind: str, *args: object) -> None:
        """Call the callback of a kind, if it is set, and await its result."""
        callback = self._by_kind.get(kind)
        if callback is None:
            return
        try:
            result = callback(*args)
            if inspect.isawaitable(result):
                await self._await_result(result)
        except Exception:
            _logger.exception('the on_%s callback failed', kind)

    async def _await_result(self, result: Awaitable[object]) -> None:
        task = asyncio.current_task()
        self._calling.append(task)
        try:
            await result
        finally:
            self._calling.remove(task)
