"""How a stage with a node runs: it spins, and meanwhile does what the parent wants."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Any

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

from .requests import answer, orders

__all__ = ['spin_obeying']


def spin_obeying(kind: str, node: Node, obey: Callable[[dict[str, Any]], object]) -> None:
    """
    Spin a node until the parent has seen enough; then it is gone, and so is rclpy's context.

    :param kind: of the executor, ``single`` or ``events``.
    :param obey: called with each order, in a thread of its own.
    """
    executor = _executor_of(kind)
    executor.add_node(node)
    done = threading.Event()

    def listen() -> None:
        for order in orders():
            obey(order)
        done.set()

    threading.Thread(target=listen, daemon=True).start()
    answer(ready=True)
    while not done.is_set():
        # A spin leaves callbacks in its future, the single-threaded one at each message.
        executor.spin_until_future_complete(Future(), timeout_sec=0.5)
    executor.remove_node(node)
    node.destroy_node()
    rclpy.try_shutdown()


def _executor_of(kind: str) -> Executor:
    """Make an executor; where rclpy has none of events, the other."""
    if kind == 'events':
        try:
            from rclpy.experimental import EventsExecutor

            return EventsExecutor()
        except ImportError:
            pass
    return SingleThreadedExecutor()
