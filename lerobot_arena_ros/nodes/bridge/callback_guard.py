# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Catches the exceptions of a node's callbacks, so that they affect only that node.

Without it, an exception leaves the executor's spin. It ends all other nodes of that executor; or,
if spinning is started again, the single-threaded executor skips the callbacks that come after it.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
import traceback
from typing import Any

from rclpy.node import Node

from lerobot_arena_ros.control.stop import Stop

from ..runtime.node_log import NodeLog
from .emergency_stop import EmergencyStopPanel

__all__ = ['CallbackGuard']

_GUARDED = '_arena_guarded'


class CallbackGuard:
    """
    Catch the exceptions of one node's callbacks, and trip its emergency stop at once.

    :ivar latest: the last exception, in one line; None before the first.
    """

    def __init__(self, node: Node, panel: EmergencyStopPanel) -> None:
        self.latest: str | None = None
        self._node = node
        self._log = NodeLog(node.get_logger())
        self._panel = panel

    def guard(self) -> None:
        """
        Guard every callback that the node has; call it again after creating more entities.

        A guarded service that fails answers with the initial values of its response.
        """
        services: list[Any] = list(self._node.services)
        entities: list[Any] = [*self._node.subscriptions, *self._node.timers, *services]
        for entity in entities:
            if not hasattr(entity.callback, _GUARDED):
                is_service = entity in services
                entity.callback = _guarded(
                    entity.callback, self._on_exception, is_service=is_service
                )

    def wrap(self, callback: Callable[[], object]) -> Callable[[], object]:
        """Return a guarded callback, for one that belongs to no entity of the node."""
        return _guarded(callback, self._on_exception)

    def trip(self, failure: str) -> None:
        """Stop this robot only; for its rooms this looks like the end of a process."""
        try:
            self._panel.trip(Stop('the bridge', failure, notify_rooms=False))
        except Exception:
            self._log.error(f'the emergency stop failed:\n{traceback.format_exc()}')

    def _on_exception(self, exc: Exception) -> None:
        # The robot's safety may depend on what the callback did not complete.
        self.latest = f'a callback failed, which is a bug: {exc!r}'
        text = ''.join(traceback.format_exception(exc))
        self._log.error(f'a callback failed:\n{text}', throttle='callback')
        self.trip(self.latest)


def _guarded(
    callback: Callable[..., Any],
    on_exception: Callable[[Exception], None],
    *,
    is_service: bool = False,
) -> Callable[..., Any]:
    @functools.wraps(callback)
    def guarded(*args: Any) -> Any:
        try:
            return callback(*args)
        except Exception as exc:
            on_exception(exc)
            return args[1] if is_service else None

    setattr(guarded, _GUARDED, True)
    return guarded
