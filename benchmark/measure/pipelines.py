# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The pipelines that joints travel through, from one process to another, while they run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..harness.domains import ros_environment
from ..harness.processes import free_port, running_module, wait_for_port
from ..harness.programs import bridge, server
from ..harness.rosbridge import Rosbridge
from ..harness.worker import Worker, worker
from .open_gate import OPEN_GATE

__all__ = [
    'PROTOCOL_HOP',
    'ROOM_PATH',
    'ROS_HOP',
    'Pipeline',
    'baseline',
    'baseline_server',
    'ours',
    'protocol_hop',
    'ros_hop',
    'rosbridge',
]

ROOM_PATH = '/robotics/workspaces/default-workspace/rooms/bench/ws'

ROS_HOP, PROTOCOL_HOP = 'rclpy hop, serialized', 'asyncio.Protocol hop'
"""The names of the two hops that the lower bound is the sum of."""


@dataclass
class Pipeline:
    """
    A running pipeline.

    :param sender: takes ``rate_hz`` and ``count``, and replies with the time of each message.
    :param receiver: replies with the time of each arrival.
    :param pids: the processes between the two, by name.
    """

    name: str
    sender: Worker
    receiver: Worker
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def ends(self) -> dict[str, int]:
        """The two processes at the ends, which belong to the measurement."""
        return {'sender': self.sender.pid, 'receiver': self.receiver.pid}


@contextmanager
def ros_hop(joints: int) -> Iterator[Pipeline]:
    """Run a bare publisher and a bare subscriber of serialized messages."""
    environment = ros_environment()
    with (
        worker('joint_subscriber', ['joint_states'], environment) as receiver,
        worker('joint_publisher', [str(joints)], environment) as sender,
    ):
        yield Pipeline(ROS_HOP, sender, receiver)


@contextmanager
def protocol_hop(joints: int) -> Iterator[Pipeline]:
    """Run a bare :class:`asyncio.Protocol` at each end of a connection; frames are ready-made."""
    with (
        worker('bytes_receiver') as receiver,
        worker('bytes_sender', [str(receiver.first['port']), str(joints)]) as sender,
    ):
        yield Pipeline(PROTOCOL_HOP, sender, receiver)


@contextmanager
def ours(
    joints: int,
    server_url: str | None = None,
    *,
    hidden: Sequence[str] = (),
    keep_all: bool = False,
) -> Iterator[Pipeline]:
    """
    Run our two bridges, with our server or a given one between them.

    :param server_url: the URL of the given server, whose CPU is not measured.
    :param hidden: libraries to hide from the measured processes.
    :param keep_all: let no newer value replace an older one, as for a recording.
    """
    environment = ros_environment()
    with ExitStack() as stack:
        if server_url is None:
            url, pid = stack.enter_context(server(hidden))
            pids, name = {'server': pid}, 'ours'
        else:
            url, pids, name = server_url, {}, 'ours, given server'
        if hidden:
            name += f' without {", ".join(hidden)}'
        if keep_all:
            name += ', all kept'
        for what, direction, namespace in (
            ('bridge in', 'produce', 'leader'),
            ('bridge out', 'consume', 'follower'),
        ):
            parameters = _parameters(direction, url, joints)
            if keep_all:
                parameters.update(_KEEP_ALL[direction])
            process = bridge(parameters, environment, namespace, hidden=hidden)
            pids[what] = stack.enter_context(process)
        receiver, sender = _ends(stack, joints, environment)
        yield Pipeline(name, sender, receiver, pids)


_KEEP_ALL: dict[str, dict[str, Any]] = {
    'produce': {
        'produce.max_rate_hz': 0.0,
        'qos_overrides./leader/joint_states.subscription.reliability': 'reliable',
        'qos_overrides./leader/joint_states.subscription.depth': 1000,
    },
    'consume': {'qos_overrides./follower/joint_commands.publisher.depth': 1000},
}


def _parameters(direction: str, url: str, joints: int) -> dict[str, Any]:
    """Return parameters with which a bridge passes everything on at once."""
    common = {
        'server_url': url,
        'create_missing_rooms': 'both',
        'units': 'radians',
        'joints': [f'j{joint}' for joint in range(1, joints + 1)],
        f'{direction}.room_id': 'bench',
    }
    if direction == 'produce':
        return {**common, 'produce.max_rate_hz': 5000.0}
    return {
        **common,
        **OPEN_GATE,
    }


@contextmanager
def baseline_server() -> Iterator[tuple[str, int]]:
    """Run the baseline's server; the value is its URL and its process id."""
    port = free_port()
    with running_module('benchmark.measure.baseline_server', [str(port)]) as process:
        wait_for_port(port)
        yield f'http://127.0.0.1:{port}', process.pid


@contextmanager
def baseline(joints: int) -> Iterator[Pipeline]:
    """Run the baseline's bridge twice, with the baseline's server between them."""
    environment = ros_environment()
    with ExitStack() as stack:
        url, server_pid = stack.enter_context(baseline_server())
        url = url.replace('http', 'ws') + ROOM_PATH
        pids = {'server': server_pid}
        for what, role, namespace in (
            ('bridge in', 'producer', 'leader'),
            ('bridge out', 'consumer', 'follower'),
        ):
            arguments = [role, url, '--ros-args', '-r', f'__ns:=/{namespace}']
            process = running_module('benchmark.measure.baseline_bridge', arguments, environment)
            pids[what] = stack.enter_context(process).pid
        receiver, sender = _ends(stack, joints, environment)
        yield Pipeline('baseline', sender, receiver, pids)


@contextmanager
def rosbridge(joints: int, peer: Rosbridge, *, keep_all: bool = False) -> Iterator[Pipeline]:
    """
    Run one rosbridge, which serves both robots, and a client that relays between them.

    :param keep_all: use queues like those of :func:`ours` with the same option.
    """
    environment = ros_environment()
    with ExitStack() as stack:
        url, pid = stack.enter_context(peer.running(environment))
        arguments = [url, '--keep-all'] if keep_all else [url]
        client = stack.enter_context(worker('rosbridge_client', arguments))
        receiver, sender = _ends(stack, joints, environment)
        name = 'rosbridge, all kept' if keep_all else 'rosbridge'
        yield Pipeline(name, sender, receiver, {'rosbridge': pid, 'client': client.pid})


def _ends(stack: ExitStack, joints: int, environment: dict[str, str]) -> tuple[Worker, Worker]:
    """Start the subscriber to the follower's commands and the publisher of the leader's joints."""
    subscriber = ['joint_commands', '-r', '__ns:=/follower']
    receiver = stack.enter_context(worker('joint_subscriber', subscriber, environment))
    publisher = [str(joints), '-r', '__ns:=/leader']
    sender = stack.enter_context(worker('joint_publisher', publisher, environment))
    return receiver, sender
