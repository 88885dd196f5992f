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

from .node_log import NodeLog

__all__ = ['CallbackGuard']

_GUARDED = '_arena_guarded'


class CallbackGuard:
    """
    Catch the exceptions of one node's callbacks, log them, and keep the last one.

    :param on_failure: called at once with each exception, in one line; must not raise.
    :ivar latest: the last exception, in one line; None before the first.
    """

    def __init__(self, node: Node, on_failure: Callable[[str], None] = lambda text: None) -> None:
        self.latest: str | None = None
        self._node = node
        self._log = NodeLog(node.get_logger())
        self._on_failure = on_failure

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

    def _on_exception(self, exc: Exception) -> None:
        self.latest = f'a callback failed, which is a bug: {exc!r}'
        text = ''.join(traceback.format_exception(exc))
        self._log.error(f'a callback failed:\n{text}', throttle='callback')
        self._on_failure(self.latest)


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
