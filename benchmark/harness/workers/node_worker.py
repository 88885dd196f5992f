"""Run a worker that has a ROS node: spin, and handle requests in a thread."""

from __future__ import annotations

from collections.abc import Callable
import threading
from typing import Any

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

from .protocol import reply, requests

__all__ = ['run_node_worker']


def run_node_worker(node: Node, handle: Callable[[dict[str, Any]], object]) -> None:
    """
    Spin a node until the parent closes stdin; then destroy it and shut rclpy down.

    :param handle: called with each request, in a thread of its own.
    """
    executor = _executor()
    executor.add_node(node)
    done = threading.Event()

    def handle_requests() -> None:
        for request in requests():
            handle(request)
        done.set()

    threading.Thread(target=handle_requests, daemon=True).start()
    reply(ready=True)
    while not done.is_set():
        # Each spin ends, because the single-threaded executor adds callbacks to its future.
        executor.spin_until_future_complete(Future(), timeout_sec=0.5)
    executor.remove_node(node)
    node.destroy_node()
    rclpy.try_shutdown()


def _executor() -> Executor:
    """Return the executor that bridges use: that of events, where rclpy has it."""
    try:
        from rclpy.experimental import EventsExecutor

        return EventsExecutor()
    except ImportError:
        return SingleThreadedExecutor()
