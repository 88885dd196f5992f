# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of run_node: messages leak no memory, and a signal ends a node at once."""

from __future__ import annotations

import signal
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.processes import running_command
from support.waiting import wait_for

MESSAGES = 10_000
LARGEST_GROWTH = 10_000
"""In blocks of memory: one per message, while a leak needs three."""

CHOOSE = """
import sys
if sys.argv[1] == 'single':
    sys.modules['rclpy.experimental'] = None  # As in Humble.
"""

BUSY = f"""{CHOOSE}
import gc, os, signal
from lerobot_arena_ros.nodes.runtime import run_node
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal
from lerobot_arena_ros.nodes.runtime.run_node import Program, run
from rclpy.node import Node
from std_msgs.msg import Bool

# Objects that are kept until the end of a slice must not depend on the speed of the machine.
run_node.SPIN_SLICE_S = 0.01
blocks = []

class Talker(Node):
    def __init__(self):
        super().__init__('talker')
        self.received = 0
        self.publisher = self.create_publisher(Bool, 'messages', 10)
        self.create_subscription(Bool, 'messages', self.on_message, 10)

    def publish(self):
        self.publisher.publish(Bool())

    def on_message(self, _):
        self.received += 1
        if self.received % {MESSAGES} == 0:
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        if len(blocks) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self.publish()

def make():
    talker = Talker()
    return Program([talker], start=talker.publish)

code = run(make, 'talker', [], ShutdownSignal())
print('grew by', blocks[1] - blocks[0], 'blocks')
sys.exit(code)
"""

IDLE = f"""{CHOOSE}
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal
from lerobot_arena_ros.nodes.runtime import run_node
from rclpy.node import Node

run_node.SPIN_SLICE_S = 60.0
make = lambda: run_node.Program(
    [Node('idler', enable_rosout=False, start_parameter_services=False)],
    start=lambda: print('spins', flush=True),
)
sys.exit(run_node.run(make, 'idler', [], ShutdownSignal()))
"""


@pytest.mark.parametrize('executor', ['single', 'events'])
def test_messages_leak_no_memory(executor: str) -> None:
    """Memory does not grow with the number of messages on either executor."""
    with own_domain(), running_command([sys.executable, '-c', BUSY, executor]) as talker:
        wait_for(lambda: not talker.is_alive, 'the messages to be received', 120.0)

        assert talker.wait() == 0, talker.output
        growth = int(talker.output.split('grew by ')[1].split()[0])
        assert growth < LARGEST_GROWTH


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['sigint', 'sigterm'])
@pytest.mark.parametrize('executor', ['single', 'events'])
def test_a_signal_ends_a_node_that_receives_nothing(executor: str, number: signal.Signals) -> None:
    """A signal ends a node at once while it waits for messages."""
    with own_domain(), running_command([sys.executable, '-c', IDLE, executor]) as idler:
        wait_for(lambda: 'spins' in idler.output, 'the node to spin')
        asked_at = time.monotonic()

        assert idler.end(number) == 0, idler.output
        assert time.monotonic() - asked_at < 5.0
