"""
Callbacks whose faults stay with their own node.

What a callback raises comes out of the executor's spin: it ends whoever else spins there, or,
where the spin is begun again, keeps the single-threaded executor from all that comes after it.
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

__all__ = ['Faults']

_GUARDED = '_arena_guarded'


class Faults:
    """
    What broke in the callbacks of one node, and the stop that follows at once.

    :ivar latest: the last fault, in one line; None before the first.
    """

    def __init__(self, node: Node, panel: EmergencyStopPanel) -> None:
        self.latest: str | None = None
        self._node = node
        self._log = NodeLog(node.get_logger())
        self._panel = panel

    def guard(self) -> None:
        """
        Guard every callback that the node has by now; again after it has made others.

        A guarded service that fails answers with what its response is from the start.
        """
        services: list[Any] = list(self._node.services)
        entities: list[Any] = [*self._node.subscriptions, *self._node.timers, *services]
        for entity in entities:
            if not hasattr(entity.callback, _GUARDED):
                is_service = entity in services
                entity.callback = _guarded(entity.callback, self._on_fault, is_service=is_service)

    def guarded(self, callback: Callable[[], object]) -> Callable[[], object]:
        """Guard a callback that no entity of the node has."""
        return _guarded(callback, self._on_fault)

    def trip(self, failure: str) -> None:
        """Stop this robot alone: its rooms hear no more than of a process that ended."""
        try:
            self._panel.trip(Stop('the bridge', failure, tell_rooms=False))
        except Exception:
            self._log.error(f'the stop broke:\n{traceback.format_exc()}')

    def _on_fault(self, fault: Exception) -> None:
        # What a callback left undone may be what keeps the robot safe.
        self.latest = f'a callback broke, which is a bug: {fault!r}'
        text = ''.join(traceback.format_exception(fault))
        self._log.error(f'a callback broke:\n{text}', throttle='callback')
        self.trip(self.latest)


def _guarded(
    callback: Callable[..., Any],
    on_fault: Callable[[Exception], None],
    *,
    is_service: bool = False,
) -> Callable[..., Any]:
    @functools.wraps(callback)
    def guarded(*args: Any) -> Any:
        try:
            return callback(*args)
        except Exception as exc:
            on_fault(exc)
            return args[1] if is_service else None

    setattr(guarded, _GUARDED, True)
    return guarded
