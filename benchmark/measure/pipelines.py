"""The ways on which a joint travels from one process to another, each running until left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..harness.processes import (
    Stage,
    bridge,
    free_port,
    ros_environment,
    running,
    server,
    stage,
    wait_for_port,
)
from ..harness.rosbridge import Rosbridge

__all__ = [
    'ROOM_PATH',
    'Path',
    'frame_hop',
    'obvious',
    'obvious_server',
    'ours',
    'ros_hop',
    'rosbridge',
]

ROOM_PATH = '/robotics/workspaces/default-workspace/rooms/bench/ws'


@dataclass
class Path:
    """
    A running way.

    :param sender: takes ``rate_hz`` and ``count``, and answers when it sent each.
    :param receiver: answers when each arrived.
    :param pids: the processes between the two, by what they are.
    """

    name: str
    sender: Stage
    receiver: Stage
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def ends(self) -> dict[str, int]:
        """The two processes at the ends, whose cost is nobody's."""
        return {'sender': self.sender.pid, 'receiver': self.receiver.pid}


@contextmanager
def ros_hop(kind: str, joints: int) -> Iterator[Path]:
    """Run a bare publisher and a bare subscriber on an executor, ``single`` or ``events``."""
    environment = ros_environment()
    with (
        stage('joint_subscriber', [kind, 'joint_states'], environment) as receiver,
        stage('joint_publisher', [str(joints)], environment) as sender,
    ):
        yield Path(f'rclpy hop, {kind}', sender, receiver)


@contextmanager
def frame_hop(joints: int) -> Iterator[Path]:
    """Run a bare WebSocket client and a bare WebSocket server."""
    with (
        stage('frame_receiver') as receiver,
        stage('frame_sender', [receiver.first['url'], str(joints)]) as sender,
    ):
        yield Path('WebSocket hop', sender, receiver)


@contextmanager
def ours(
    joints: int,
    server_url: str | None = None,
    *,
    without: Sequence[str] = (),
    keeps_all: bool = False,
) -> Iterator[Path]:
    """
    Run our two bridges, with our server or a given one between them.

    :param server_url: that of the given one, whose cost is not known here.
    :param without: libraries that all processes that are measured have to do without.
    :param keeps_all: let nothing be superseded by what is newer, as a recording would want it.
    """
    environment = ros_environment()
    with ExitStack() as stack:
        if server_url is None:
            url, pid = stack.enter_context(server(without))
            pids, name = {'server': pid}, 'ours'
        else:
            url, pids, name = server_url, {}, 'ours, given server'
        if without:
            name += f' without {", ".join(without)}'
        if keeps_all:
            name += ', all kept'
        for what, side, namespace in (
            ('bridge in', 'produce', '/leader'),
            ('bridge out', 'consume', '/follower'),
        ):
            given = _parameters(side, url, joints)
            if keeps_all:
                given.update(_KEEPS_ALL[side])
            process = bridge(given, environment, namespace, without=without)
            pids[what] = stack.enter_context(process)
        receiver, sender = _ends(stack, joints, environment)
        yield Path(name, sender, receiver, pids)


_KEEPS_ALL: dict[str, dict[str, Any]] = {
    'produce': {
        'produce.max_rate_hz': 0.0,
        'qos_overrides./leader/joint_states.subscription.reliability': 'reliable',
        'qos_overrides./leader/joint_states.subscription.depth': 1000,
    },
    'consume': {'qos_overrides./follower/joint_commands.publisher.depth': 1000},
}


def _parameters(side: str, url: str, joints: int) -> dict[str, Any]:
    """Let everything through at once, as fast as the bridge can be told to."""
    common = {
        'server_url': url,
        'create_missing_rooms': 'both',
        'units': 'radians',
        'joints': [f'j{joint}' for joint in range(1, joints + 1)],
        f'{side}.room_id': 'bench',
    }
    if side == 'produce':
        return {**common, 'produce.max_rate_hz': 5000.0}
    return {
        **common,
        'consume.require_feedback': 'never',
        'consume.require_limits': 'never',
        'consume.allow_other_publishers': True,
        'consume.max_acceleration': 0.0,
        'consume.start_velocity': 100.0,
        'consume.max_velocity': 100.0,
    }


@contextmanager
def obvious_server() -> Iterator[tuple[str, int]]:
    """Run the obvious server; the value is its URL and its process id."""
    port = free_port()
    with running('benchmark.measure.baseline_server', [str(port)]) as process:
        wait_for_port(port)
        yield f'http://127.0.0.1:{port}', process.pid


@contextmanager
def obvious(joints: int) -> Iterator[Path]:
    """Run the obvious bridge twice, with the obvious server between them."""
    environment = ros_environment()
    with ExitStack() as stack:
        url, server_pid = stack.enter_context(obvious_server())
        url = url.replace('http', 'ws') + ROOM_PATH
        pids = {'server': server_pid}
        for what, role, namespace in (
            ('bridge in', 'producer', '/leader'),
            ('bridge out', 'consumer', '/follower'),
        ):
            arguments = [role, url, '--ros-args', '-r', f'__ns:={namespace}']
            process = running('benchmark.measure.baseline_bridge', arguments, environment)
            pids[what] = stack.enter_context(process).pid
        receiver, sender = _ends(stack, joints, environment)
        yield Path('obvious', sender, receiver, pids)


@contextmanager
def rosbridge(joints: int, peer: Rosbridge, *, keeps_all: bool = False) -> Iterator[Path]:
    """
    Run one rosbridge, which serves both robots, and a client that relays between them.

    :param keeps_all: with queues like ours where nothing is superseded.
    """
    environment = ros_environment()
    with ExitStack() as stack:
        url, pid = stack.enter_context(peer.running(environment))
        arguments = [url, '--keep-all'] if keeps_all else [url]
        client = stack.enter_context(stage('rosbridge_client', arguments))
        receiver, sender = _ends(stack, joints, environment)
        name = 'rosbridge, all kept' if keeps_all else 'rosbridge'
        yield Path(name, sender, receiver, {'rosbridge': pid, 'client': client.pid})


def _ends(stack: ExitStack, joints: int, environment: dict[str, str]) -> tuple[Stage, Stage]:
    """Start what hears the follower's commands, and what says the leader's joints."""
    hears = ['events', 'joint_commands', '-r', '__ns:=/follower']
    receiver = stack.enter_context(stage('joint_subscriber', hears, environment))
    says = [str(joints), '-r', '__ns:=/leader']
    sender = stack.enter_context(stage('joint_publisher', says, environment))
    return receiver, sender
