"""
Callbacks whose faults stay with their own node.

What a callback raises comes out of the executor's spin: it ends whoever else spins there, or,
where the spin is begun again, keeps the single-threaded executor from all that comes after it.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

from rclpy.node import Node

__all__ = ['guard_callbacks']

_GUARDED = '_arena_guarded'


def guard_callbacks(node: Node, on_fault: Callable[[Exception], None]) -> None:
    """
    Guard every callback that the node has by now; again after it has made others.

    A guarded service that fails answers with what its response is from the start.

    :param on_fault: called with what a callback raised, at once and in the same thread.
    """
    services: list[Any] = list(node.services)
    entities: list[Any] = [*node.subscriptions, *node.timers, *services]
    for entity in entities:
        if not hasattr(entity.callback, _GUARDED):
            entity.callback = _guarded(entity.callback, on_fault, is_service=entity in services)


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
