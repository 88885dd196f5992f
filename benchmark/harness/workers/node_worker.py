# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

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
