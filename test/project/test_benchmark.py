"""What the benchmark computes from what it measured, and that each target is fed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import math
import socket
import time
from typing import Any
import zlib

import pytest
from support.domain import reserved_domain

from benchmark.harness.figures import Latency
from benchmark.harness.processes import ros_environment
from benchmark.harness.workers.frame_listeners import Listener
from benchmark.harness.workers.requests import number_of, positions_of
from benchmark.measure.behind_nginx import Arrangement, Share
from benchmark.measure.gate_steps import CALLS, gate_steps
from benchmark.report.ratios import floor_cpu_us, ratios
from benchmark.report.tables import beyond, tables, verdicts
from benchmark.report.targets import TARGETS, Target
from lerobot_arena_ros.arena.sansio import text_frame


def path_row(path: str, rate_hz: float, p50_us: float, cpu_us: float) -> dict[str, Any]:
    """Make a row of the paths."""
    return {
        'path': path,
        'rate_hz': rate_hz,
        'joints': 6,
        'count': 10,
        'lost': 0,
        'min_us': p50_us,
        'p50_us': p50_us,
        'p99_us': 2 * p50_us,
        'cpu_us': {'server': cpu_us},
        'cpu_us_sum': cpu_us,
        'ends_cpu_us': {'sender': 60.0, 'receiver': 40.0},
    }


def many_row(bridges: int, memory_mb: float) -> dict[str, Any]:
    """Make a row of many bridges."""
    idle = ('bridges_cpu_percent', 'server_cpu_percent', 'server_mb')
    busy = ('p50_us', 'p99_us', 'count', 'lost', 'fleet_busy_percent', 'server_busy_percent')
    return {
        'bridges': bridges,
        'resident_mb': memory_mb,
        'proportional_mb': memory_mb,
        **dict.fromkeys((*idle, *busy), 1.0),
    }


def fan_row(server: str, consumers: int, p99_us: float, *, deaf: bool = False) -> dict[str, Any]:
    """Make a row of the fan-out."""
    return {
        'server': server,
        'consumers': consumers,
        'deaf': deaf,
        'count': 10,
        'lost': 0,
        'p50_us': 1.0,
        'p99_us': p99_us,
        'cpu_us_per_delivery': 20.0 if server == 'ours' else 100.0,
    }


@pytest.fixture
def results() -> dict[str, Any]:
    """Give what a run might have measured."""
    stop = [('one joint', 1000.0), ('latched topic', 900.0), ('last command', 500.0)]
    return {
        'paths': [
            path_row(path, rate_hz, p50_us, cpu_us)
            for rate_hz in (100.0, 500.0)
            for path, p50_us, cpu_us in (
                ('rclpy hop, events', 100.0, 0.0),
                ('WebSocket hop', 150.0, 0.0),
                ('ours', 600.0, 300.0),
                ('obvious', 1200.0, 1000.0),
                ('rosbridge', 1500.0, 1500.0),
            )
        ],
        'highest': {
            'ours': 500.0,
            'ours, all kept': 4000.0,
            'obvious': 2000.0,
            'rosbridge': 400.0,
            'rosbridge, all kept': 1000.0,
        },
        'fan_out': [
            fan_row('ours', 1, 100.0),
            fan_row('ours', 10, 110.0),
            fan_row('ours', 50, 150.0),
            fan_row('ours', 10, 121.0, deaf=True),
            fan_row('obvious', 10, 500.0),
        ],
        'gate': [
            {'joints': count, 'tick_us': 2.0 * count, 'update_us': 3.0 * count, 'measure_us': 1.0}
            for count in (6, 30)
        ],
        'stop': [
            {'rate_hz': rate_hz, 'what': what, 'count': 9, 'p50_us': us, 'p99_us': us}
            for rate_hz in (20.0, 500.0)
            for what, us in stop
        ],
        'idle': [
            {'process': 'bridge', 'cpu_percent': 0.3, 'memory_mb': 75.0},
            {'process': 'server', 'cpu_percent': 0.2, 'memory_mb': 50.0},
            {'process': 'bare rclpy node', 'cpu_percent': 0.1, 'memory_mb': 60.0},
        ],
        'many': [many_row(1, 80.0), many_row(50, 2000.0)],
        'fleet': [many_row(1, 90.0), many_row(50, 200.0)],
    }


def test_each_target_is_fed(results: dict[str, Any]) -> None:
    """A run measures every target, and nothing else."""
    assert ratios(results).keys() == {target.key for target in TARGETS}


def test_ratios_are_of_this_run(results: dict[str, Any]) -> None:
    """Each ratio has the right numbers above and below."""
    found = ratios(results)

    assert found['floor.p50.100'] == pytest.approx(600 / 500)
    assert found['obvious.p50.500'] == pytest.approx(0.5)
    assert found['obvious.cpu.100'] == pytest.approx(0.3)
    assert found['obvious.rate'] == pytest.approx(2.0)
    assert found['rosbridge.p99.500'] == pytest.approx(0.4)
    assert found['rosbridge.cpu.100'] == pytest.approx(0.2)
    assert found['rosbridge.rate'] == pytest.approx(10.0)
    assert found['fan.cpu.10'] == pytest.approx(0.2)
    assert found['fan.p99.50'] == pytest.approx(1.5)
    assert found['fan.deaf'] == pytest.approx(1.1)
    assert found['gate.tick.30'] == pytest.approx(60.0)
    assert found['gate.update.30'] == pytest.approx(90.0)
    assert found['stop.topic.500'] == pytest.approx(0.9)
    assert found['idle.memory'] == pytest.approx(1.25)
    assert found['many.memory'] == pytest.approx(0.1)
    assert floor_cpu_us(results['paths'], 100.0, 6) == pytest.approx(300.0)


def test_a_smoke_test_fails_beyond_twice_the_target_only(results: dict[str, Any]) -> None:
    """What is missed by less than twice is said and forgiven."""
    results['idle'][0]['memory_mb'] = 60.0 * 1.15 * 1.9
    assert beyond(results) == {}

    results['idle'][0]['memory_mb'] = 60.0 * 1.15 * 2.1

    assert beyond(results)['idle.memory'].startswith('bridge memory / bare rclpy node: 2.4')


def test_the_gate_is_timed_while_all_its_joints_move() -> None:
    """Each step of each number of joints takes some time, and more with more joints."""
    few, many = gate_steps((2, 40), times=3, steps=70)

    assert (few['joints'], many['joints']) == (2, 40)
    for call in CALLS:
        assert 0.0 < few[f'{call}_us'] < many[f'{call}_us']


def test_more_may_be_better() -> None:
    """A target that is a least one is met from there up."""
    target = Target('rate', 'a rate', 2.0, at_least=True)

    assert target.is_met(2.0)
    assert not target.is_met(1.9)
    assert target.is_forgiven(1.0)
    assert not target.is_forgiven(0.9)


def test_a_smoke_test_judges_no_tail(results: dict[str, Any]) -> None:
    """A dozen stops say nothing of the hundredth."""
    results['stop'][1]['p99_us'] = 1e9
    assert beyond(results) == {}


def test_what_was_merged_is_not_received() -> None:
    """Several servers count together, but for the busiest; nginx apart."""
    share = Share(Arrangement('2, nginx', 'http://127.0.0.1:1', (1, 2), (3,)), 24)
    share.due, share.windows_s, share.seconds = 10, [[0.001] * 4, [0.002] * 4], 2.0
    share.server_s, share.nginx_s, share.participants_s = [0.3, 0.5], 0.2, 1.0
    row = share.row()

    assert (row['count'], row['merged'], row['received_hz']) == (8, 2, 4.0)
    assert (row['server_us'], row['nginx_us']) == (pytest.approx(1e5), pytest.approx(2.5e4))
    assert (row['busiest_cores'], row['participants_cores']) == (0.25, 0.5)


def test_tables_are_rectangular(results: dict[str, Any]) -> None:
    """Each row has a cell for each column, and each target has a verdict."""
    share = Share(Arrangement('1, direct', 'http://127.0.0.1:1', (1,)), 24)
    share.seconds, share.server_s = 1.0, [0.0]
    plainer = [path_row(path, 100.0, 1.0, 1.0) for path in ('ours', 'ours without uvloop')]
    drawn = list(tables({**results, 'accelerators': plainer, 'behind_nginx': [share.row()]}))

    assert len(drawn) == 12
    assert all(len(row) == len(head) for _, head, rows in drawn for row in rows)
    assert len(list(verdicts(results))) == len(TARGETS)


def test_what_was_not_measured_is_said() -> None:
    """Without results each target has a row all the same."""
    assert {row[1] for row in verdicts({})} == {'–'}


def test_one_bad_round_does_not_decide() -> None:
    """The 99th percentile is that of the median round; what never came is counted."""
    latency = Latency.of([[0.001] * 10, [0.002] * 10, [9.0] * 10], 35)

    assert (latency.count, latency.lost) == (30, 5)
    assert latency.p99_us == pytest.approx(2000.0)
    assert Latency.of([[]], 3).p50_us == math.inf


@pytest.mark.parametrize('number', [1, 999_999, 123_456_789])
def test_numbers_travel_in_joints(number: int) -> None:
    """The first joint says the number, and each moves with it."""
    before, after = positions_of(number - 1, 30), positions_of(number, 30)

    assert number_of(after[0]) == number
    assert all(a != b for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize('cut', [1, 2, 3, 40])
def test_a_listener_reads_frames_however_they_are_cut(cut: int) -> None:
    """Plain and compressed ones, short and long; a ping among them is answered."""
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
            listener.hear()
        heard = listener.take()
        pong = server.recv(100)

    assert [number for number, _ in heard] == [7, 7, 7]
    # The kernel says it by another clock.
    assert all(begun_at - 0.001 < at < time.monotonic() + 0.001 for _, at in heard)
    assert pong == b'\x8a\x82' + bytes(4) + b'hi'


@contextmanager
def connected_sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection over TCP."""
    with (
        socket.create_server(('127.0.0.1', 0)) as door,
        socket.create_connection(door.getsockname(), timeout=10.0) as client,
        door.accept()[0] as server,
    ):
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.settimeout(10.0)
        yield server, client


def test_no_benchmark_is_in_the_ros_domain_of_somebody_else() -> None:
    """Of a test, or of another of its own nodes; the tests' arms would jump otherwise."""
    with reserved_domain() as theirs:
        mine = {ros_environment()['ROS_DOMAIN_ID'] for _ in range(20)}

    assert len(mine) == 20
    assert str(theirs) not in mine
