# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Receive a bridge's commands and its latched stop with their times, and reset the stop."""

from __future__ import annotations

import threading
import time
from typing import Any

import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from .node_worker import run_node_worker
from .protocol import number_of, reply

TIMEOUT_S = 20.0
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class StopListener:
    """What arrived since the last request; it is deserialized only on request."""

    def __init__(self) -> None:
        self.node = rclpy.create_node('stop_listener')
        self._commands = self._subscribe(JointState, 'joint_commands', QoSProfile(depth=1000))
        self._stops = self._subscribe(Bool, 'arena_bridge/emergency_stop_active', _LATCHED)
        self._reset = self.node.create_client(Trigger, 'arena_bridge/reset_emergency_stop')
        if not self._reset.wait_for_service(TIMEOUT_S):
            raise TimeoutError(f'waited {TIMEOUT_S:g} s for the bridge')

    def take(self) -> dict[str, list[tuple[float, Any]]]:
        """Return the commands and the latched stops with their times, and forget them."""
        commands, stops = _taken(self._commands, JointState), _taken(self._stops, Bool)
        return {
            'commands': [(at, number_of(command.position[0])) for at, command in commands],
            'stops': [(at, stop.data) for at, stop in stops],
        }

    def reset(self) -> str:
        """Reset the stop, and return the answer of the bridge."""
        done = threading.Event()
        future = self._reset.call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        if not done.wait(TIMEOUT_S):
            raise TimeoutError(f'waited {TIMEOUT_S:g} s for the reset')
        return str(future.result().message)

    def _subscribe(self, kind: type, topic: str, qos: QoSProfile) -> list[tuple[float, bytes]]:
        arrived: list[tuple[float, bytes]] = []

        def on_message(data: bytes) -> None:
            arrived.append((time.monotonic(), data))

        self.node.create_subscription(kind, topic, on_message, qos, raw=True)
        return arrived


def _taken(arrived: list[tuple[float, bytes]], kind: type) -> list[tuple[float, Any]]:
    count = len(arrived)  # The other thread may add more meanwhile.
    taken = arrived[:count]
    del arrived[:count]
    return [(at, deserialize_message(data, kind)) for at, data in taken]


def main() -> None:
    """Receive until the parent closes stdin; a request asks for what arrived or for a reset."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    listener = StopListener()

    def handle(request: dict[str, Any]) -> None:
        reply(**({'reset': listener.reset()} if 'reset' in request else listener.take()))

    run_node_worker(listener.node, handle)


if __name__ == '__main__':
    main()
