# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The baseline: a bridge as a developer would write it first, to compare ours with.

It carries joints and nothing else: no limits, no stop, no reconnect, no diagnostics. rclpy spins
with its defaults in the main thread; asyncio has a thread.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
import websockets

__all__ = ['Bridge']


class Bridge(Node):
    """One direction: ``producer`` subscribes joint_states, ``consumer`` publishes commands."""

    def __init__(self, role: str, url: str) -> None:
        super().__init__('baseline_bridge')
        self._role = role
        self._url = url
        self._socket: Any = None
        self._loop = asyncio.new_event_loop()
        if role == 'producer':
            self.create_subscription(JointState, 'joint_states', self._on_joint_state, 10)
        else:
            self._commands = self.create_publisher(JointState, 'joint_commands', 10)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        self._loop.run_until_complete(self._participate())

    async def _participate(self) -> None:
        async with websockets.connect(self._url) as socket:
            await socket.send(json.dumps({'participant_id': self._role, 'role': self._role}))
            self._socket = socket
            async for text in socket:
                message = json.loads(text)
                if message['type'] == 'joint_update':
                    self._publish(message['data'])

    def _publish(self, entries: list[dict[str, Any]]) -> None:
        command = JointState()
        command.header.stamp = self.get_clock().now().to_msg()
        command.name = [entry['name'] for entry in entries]
        command.position = [float(entry['value']) for entry in entries]
        self._commands.publish(command)

    def _on_joint_state(self, message: JointState) -> None:
        if self._socket is not None:
            asyncio.run_coroutine_threadsafe(self._send(message), self._loop)

    async def _send(self, message: JointState) -> None:
        joints = zip(message.name, message.position, strict=True)
        data = [{'name': name, 'value': position} for name, position in joints]
        await self._socket.send(json.dumps({'type': 'joint_update', 'data': data}))


def main() -> None:
    """Run until a signal ends the process."""
    # rclpy's handlers sometimes leave spin() waiting after a SIGTERM.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    rclpy.spin(Bridge(sys.argv[1], sys.argv[2]))


if __name__ == '__main__':
    main()
