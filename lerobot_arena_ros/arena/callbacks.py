"""The callbacks of one client: which events go to which, and what a failing one harms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import inspect
import logging
from typing import Any

from .messages import MAX_ODD, EmergencyStop, ErrorReply, JointUpdate, RobotReport, StateSync
from .session import Event, Malformed

__all__ = ['Callbacks']

_logger = logging.getLogger(__name__)


class Callbacks:
    """
    What a program wants to be told, at most one callback of each kind.

    A coroutine function is awaited, and one that raises is logged and stops nothing.
    """

    def __init__(self) -> None:
        self._by_kind: dict[str, Callable[..., Any]] = {}
        self._odd: set[str | None] = set()
        self._calling: list[asyncio.Task[Any] | None] = []

    def set(self, kind: str, callback: Callable[..., Any]) -> None:
        """Have a callback called from now on, instead of the one before."""
        self._by_kind[kind] = callback

    def has(self, kind: str) -> bool:
        """Return whether a callback is set."""
        return kind in self._by_kind

    def is_calling(self, task: asyncio.Task[Any]) -> bool:
        """Say whether a task waits for one of the callbacks to end."""
        return task in self._calling

    async def dispatch(self, event: Event) -> None:
        """Call whom an event concerns."""
        await self.call('message', event)
        match event:
            case JointUpdate():
                self._note_odd(event)
                await self.call('joint_update', list(event.entries))
            case StateSync():
                await self.call('state_sync', dict(event.joints))
            case EmergencyStop():
                await self.call('emergency_stop', event)
                await self.call('error', f'Emergency stop: {event.reason}')
            case RobotReport():
                await self.call('robot_state', event.source, event.state)
            case ErrorReply():
                await self.call('error', event.message)
            case Malformed():
                _logger.warning('dropped a frame from the server: %s', event.detail)

    def _note_odd(self, update: JointUpdate) -> None:
        """Log once for each joint that it was left out."""
        for joint in update.odd:
            if joint.name not in self._odd and len(self._odd) < MAX_ODD:
                self._odd.add(joint.name)
                _logger.warning('left out a joint of an update: %s', joint.detail)

    async def call(self, kind: str, *args: object) -> None:
        """Call one, if there is one, and wait until it is done."""
        callback = self._by_kind.get(kind)
        if callback is None:
            return
        try:
            result = callback(*args)
            if inspect.isawaitable(result):
                await self._wait_for(result)
        except Exception:
            _logger.exception('the on_%s callback failed', kind)

    async def _wait_for(self, result: Awaitable[object]) -> None:
        task = asyncio.current_task()
        self._calling.append(task)
        try:
            await result
        finally:
            self._calling.remove(task)
