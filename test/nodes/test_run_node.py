"""How a node of ours spins: messages leave nothing behind, and a signal ends it at once."""

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
"""In blocks of memory: one for each message, while a leak takes three."""

BUSY = f"""
import gc, os, signal, sys
from lerobot_arena_ros.nodes.runtime import run_node as spinning
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal
from lerobot_arena_ros.nodes.runtime.run_node import Program, run
from rclpy.node import Node
from std_msgs.msg import Bool

# What is kept until the end of a slice must not depend on how fast the machine is.
spinning.SPIN_SLICE_S = 0.01
blocks = []

class Talker(Node):
    def __init__(self):
        super().__init__('talker')
        self.heard = 0
        self.publisher = self.create_publisher(Bool, 'told', 10)
        self.create_subscription(Bool, 'told', self.hear, 10)

    def talk(self):
        self.publisher.publish(Bool())

    def hear(self, _):
        self.heard += 1
        if self.heard % {MESSAGES} == 0:
            gc.collect()
            blocks.append(sys.getallocatedblocks())
        if len(blocks) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            self.talk()

def make():
    talker = Talker()
    return Program([talker], sys.argv[1], start=talker.talk)

code = run(make, 'talker', [], ShutdownSignal())
print('grew by', blocks[1] - blocks[0], 'blocks')
sys.exit(code)
"""

IDLE = """
import sys
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal
from lerobot_arena_ros.nodes.runtime import run_node as spinning
from rclpy.node import Node

spinning.SPIN_SLICE_S = 60.0
make = lambda: spinning.Program(
    [Node('idler', enable_rosout=False, start_parameter_services=False)],
    sys.argv[1],
    start=lambda: print('spins', flush=True),
)
sys.exit(spinning.run(make, 'idler', [], ShutdownSignal()))
"""


@pytest.mark.parametrize('executor', ['single', 'events'])
def test_messages_leave_nothing_behind(executor: str) -> None:
    """Memory does not grow with the messages, on either executor."""
    with own_domain(), running_command([sys.executable, '-c', BUSY, executor]) as talker:
        wait_for(lambda: not talker.is_alive, 'the messages to be heard', 120.0)

        assert talker.wait() == 0, talker.output
        growth = int(talker.output.split('grew by ')[1].split()[0])
        assert growth < LARGEST_GROWTH


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=['sigint', 'sigterm'])
@pytest.mark.parametrize('executor', ['single', 'events'])
def test_a_signal_ends_a_node_that_hears_nothing(executor: str, number: signal.Signals) -> None:
    """It ends at once, however long it would go on waiting for messages."""
    with own_domain(), running_command([sys.executable, '-c', IDLE, executor]) as idler:
        wait_for(lambda: 'spins' in idler.output, 'the node to spin', 20.0)
        asked_at = time.monotonic()

        assert idler.end(number) == 0, idler.output
        assert time.monotonic() - asked_at < 5.0
