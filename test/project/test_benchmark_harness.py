# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The parts of the benchmark that start processes, make load and read figures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import math
import os
from pathlib import Path
import socket
import sys
import time
import zlib

import pytest
from support.domain import reserved_domain
from support.waiting import wait_for

from benchmark.harness.domains import ros_environment
from benchmark.harness.figures import Latency
from benchmark.harness.processes import COVERAGE_VARIABLES, running_command
from benchmark.harness.worker import worker
from benchmark.harness.workers.bytes_receiver import Receiver
from benchmark.harness.workers.bytes_sender import FrameBytes
from benchmark.harness.workers.frame_listeners import Listener, next_frame
from benchmark.harness.workers.frame_sender import update_text
from benchmark.harness.workers.protocol import number_of, positions_of
from lerobot_arena_ros.arena.sansio import text_frame


def test_a_graceful_end_lets_a_process_clean_up(tmp_path: Path) -> None:
    """SIGTERM comes before SIGKILL, and a process that handles it ends by itself."""
    file = tmp_path / 'ended'
    program = (
        'import pathlib, signal, sys\n'
        f'ended = pathlib.Path({str(file)!r})\n'
        'def end(*_):\n'
        '    ended.write_text("by itself")\n'
        '    sys.exit()\n'
        'signal.signal(signal.SIGTERM, end)\n'
        'print("ready", flush=True)\n'
        'signal.pause()\n'
    )
    with running_command([sys.executable, '-c', program], is_graceful=True) as process:
        wait_for(lambda: 'ready' in process.output, 'the process')

    assert file.read_text() == 'by itself'
    assert not process.is_alive


@pytest.mark.parametrize('is_measured', [True, False])
def test_a_process_runs_without_coverage_if_asked_for(
    is_measured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is not measured has no variable that starts coverage.py in it."""
    for name in COVERAGE_VARIABLES:
        monkeypatch.setenv(name, os.environ.get(name, ''))
    program = f'import os; print(*(name for name in {COVERAGE_VARIABLES} if name in os.environ))'
    with running_command([sys.executable, '-c', program], is_measured=is_measured) as process:
        assert process.wait() == 0

        assert process.output.split() == list(COVERAGE_VARIABLES) * is_measured


def test_a_worker_that_ended_is_reported_by_its_name() -> None:
    """A worker that cannot start raises an error, instead of a reply that never arrives."""
    with (
        pytest.raises(RuntimeError, match='the worker bytes_sender ended'),
        worker('bytes_sender'),
    ):
        pass


def test_one_bad_round_does_not_determine_the_percentile() -> None:
    """The 99th percentile is that of the median round, and lost messages are counted."""
    latency = Latency.of([[0.001] * 10, [0.002] * 10, [9.0] * 10], 35)

    assert (latency.count, latency.lost) == (30, 5)
    assert latency.p99_us == pytest.approx(2000.0)
    assert Latency.of([[]], 3).p50_us == math.inf


@pytest.mark.parametrize('number', [1, 999_999, 123_456_789])
def test_a_number_is_encoded_in_joint_positions(number: int) -> None:
    """The first position is decoded to the number, and every position changes with it."""
    before, after = positions_of(number - 1, 30), positions_of(number, 30)

    assert number_of(after[0]) == number
    assert all(a != b for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize('cut', [1, 2, 3, 40])
def test_a_listener_reads_frames_in_pieces_of_any_size(cut: int) -> None:
    """It decodes plain and compressed frames, short and long, and answers a ping."""
    text = '{"type": "joint_update", "data": [{"name": "j1", "value": 7e-06}]}'
    deflater = zlib.compressobj(wbits=-12)
    packed = deflater.compress(text.encode()) + deflater.flush(zlib.Z_SYNC_FLUSH)
    data = text_frame(text) + bytes((0xC1, len(packed) - 4)) + packed[:-4]
    data += b'\x89\x02hi' + text_frame('{"type": "heartbeat_ack"}') + text_frame(text + ' ' * 100)
    begun_at = time.monotonic()
    with connected_sockets() as (server, client):
        listener = Listener(client)
        for begin in range(0, len(data), cut):
            server.sendall(data[begin : begin + cut])
            listener.receive()
        arrived = listener.take()
        pong = server.recv(100)

    assert [number for number, _ in arrived] == [7, 7, 7]
    # The kernel uses another clock.
    assert all(begun_at - 0.001 < at < time.monotonic() + 0.001 for _, at in arrived)
    assert pong == b'\x8a\x82' + bytes(4) + b'hi'


@pytest.mark.parametrize('joints', [1, 6, 30])
def test_ready_made_frames_carry_the_number_and_have_the_size_of_an_update(joints: int) -> None:
    """Frames of the lower bound are received with their numbers, wherever the stream is cut."""
    frames = FrameBytes(joints)
    data = b''.join(frames.of(number) for number in (1, 999_999, 1_234_567))
    receiver = Receiver()
    for begin in range(0, len(data), 17):
        receiver.data_received(data[begin : begin + 17])

    assert [number for number, _ in receiver.take()] == [1, 999_999, 1_234_567]
    assert receiver.take() == []
    frame = next_frame(bytearray(frames.of(1)))
    assert frame is not None
    assert abs(len(frame[1]) - len(update_text(1, joints))) <= 8


def test_serialized_joint_states_carry_the_number() -> None:
    """The bytes that are published differ from a serialized message in no field."""
    serialization = pytest.importorskip('rclpy.serialization')
    from sensor_msgs.msg import JointState

    from benchmark.harness.workers.joint_publisher import JointStateBytes

    message = serialization.deserialize_message(JointStateBytes(6).of(123_456), JointState)

    assert list(message.position) == positions_of(123_456, 6)
    assert list(message.name) == [f'j{joint}' for joint in range(1, 7)]


@contextmanager
def connected_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return both ends of a TCP connection."""
    with (
        socket.create_server(('127.0.0.1', 0)) as listening,
        socket.create_connection(listening.getsockname(), timeout=10.0) as client,
        listening.accept()[0] as server,
    ):
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.settimeout(10.0)
        yield server, client


def test_each_benchmark_has_a_ros_domain_of_its_own() -> None:
    """No domain of the benchmark is that of a test, in which arms would jump otherwise."""
    with reserved_domain() as used:
        own = {ros_environment()['ROS_DOMAIN_ID'] for _ in range(20)}

    assert len(own) == 20
    assert str(used) not in own
