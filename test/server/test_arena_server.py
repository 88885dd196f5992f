# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable arena_server: its output, arguments, signals and exit codes."""

from __future__ import annotations

from contextlib import ExitStack, closing
import signal
import socket
import subprocess

import httpx
import pytest
from support.arena_server import COMMAND, ROOT, TIMEOUT_S, arena_server
from support.peers import RawPeer, enter, joint, update, ws_path
from support.processes import running_command
from support.waiting import wait_for
import websockets

from lerobot_arena_ros.server.cli.program import run_server


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_with_code_0(number: signal.Signals) -> None:
    """Participants get 1012, and the only output is the line with the URL."""
    with arena_server() as server:
        server.make_room()
        async with enter(server.url, 'lab', 'arm', 'leader', 'producer') as producer:
            ended = server.end(number)

            assert await producer.close_code() == 1012
    assert ended == (0, '', '')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_ends_it_with_code_0(number: signal.Signals) -> None:
    """A signal during the imports causes no traceback."""
    command = (COMMAND[0], '-X', 'importtime', *COMMAND[1:], '--port', '0')
    with running_command(command, cwd=ROOT) as process:
        wait_for(lambda: 'fastapi' in process.output, 'the imports')

        assert process.end(number) == 0
        assert 'Traceback' not in process.output


async def test_a_stalled_participant_does_not_delay_the_shutdown() -> None:
    """A participant that does not read cannot delay the shutdown."""
    with arena_server() as server:
        server.make_room()
        path = ws_path('lab', 'arm')
        with closing(RawPeer.enter(server.url, path, 'slow', 'consumer')):
            async with enter(server.url, 'lab', 'arm', 'leader', 'producer') as producer:
                for step in range(200):
                    names = (f'{number:0>50}' for number in range(400))
                    await producer.send(update(*(joint(name, step) for name in names)))
                await producer.expect_silence()

                assert server.end(signal.SIGINT) == (0, '', '')


_POST = b'POST /robotics/workspaces/lab/rooms HTTP/1.1\r\nHost: localhost\r\n'
_UNDER_WAY = {
    'nothing': b'',
    'half a head': _POST[:30],
    'half a body': _POST + b'Content-Length: 100\r\n\r\n{"room',
    'half a chunk': _POST + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"ro',
    'half an upgrade': b'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n',
    'answers that are not read': b'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n' * 500,
}


@pytest.mark.parametrize('sent', _UNDER_WAY.values(), ids=_UNDER_WAY)
def test_requests_in_progress_at_the_shutdown_are_no_failure(sent: bytes) -> None:
    """A shutdown during requests logs at most one line."""
    with arena_server() as server, ExitStack() as clients:
        for _ in range(3):
            client = clients.enter_context(closing(socket.socket()))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.connect(('127.0.0.1', server.port))
            client.setblocking(False)
            client.send(sent)
        assert (
            httpx.get(f'{server.url}/health').status_code == 200
        )  # The server has read all previous data.

        code, out, err = server.end(signal.SIGTERM)

    assert (code, out) == (0, '')
    assert err.count('\n') <= 1
    assert 'Traceback' not in err


async def test_misbehaving_clients_cause_no_output() -> None:
    """No client input causes a traceback or, by default, a log line."""
    with arena_server() as server:
        server.make_room()
        path = ws_path('lab', 'arm')
        with closing(RawPeer.enter(server.url, path, 'rude', 'producer')) as rude:
            rude.send(b'\xff\xfe')
            assert rude.close_code() == 1007
        with pytest.raises(websockets.exceptions.InvalidHandshake):
            await websockets.connect(f'ws://127.0.0.1:{server.port}/nowhere')
        for frame in (b'nonsense', b'{"participant_id": "x", "role": "king"}', b'[]'):
            with closing(RawPeer.connect(server.url, path)) as rude:
                rude.send(frame)
                assert rude.recv()['type'] == 'error'
        command = f'{server.url}/robotics/workspaces/lab/rooms/arm/command'
        assert httpx.post(command, content=b'\xff').status_code == 400

        assert server.end(signal.SIGTERM) == (0, '', '')


def test_the_log_goes_to_stderr() -> None:
    """The log goes to stderr, so that stdout has only the line with the URL."""
    with arena_server('--log-level', 'info') as server:
        server.make_room()
        with closing(RawPeer.connect(server.url, ws_path('lab', 'nowhere'))) as lost:
            lost.send(b'{"participant_id": "x", "role": "producer"}')
            assert lost.recv()['message'] == 'Cannot join room'
        code, out, err = server.end(signal.SIGTERM)

    assert (code, out) == (0, '')
    assert "event=join_refused code='room_not_found'" in err
    assert "workspace='lab' room='nowhere'" in err


def test_at_info_each_line_about_a_client_names_its_address() -> None:
    """Lines about joins, refusals and floods contain the address of the client."""
    with arena_server('--log-level', 'info', '--max-rate-hz', '5') as server:
        server.make_room()
        for frames in ([b'{"type": "joint_update", "data": 7}'], [b'{"type": "heartbeat"}'] * 100):
            with closing(RawPeer.connect(server.url, ws_path('lab', 'arm'))) as peer:
                peer.send(b'{"participant_id": "x", "role": "producer"}')
                for frame in frames:
                    peer.send(frame)
                while peer.recv()['type'] != 'error':
                    pass
        _, _, err = server.end(signal.SIGTERM)

    lines = [line for line in err.splitlines() if 'event=' in line]
    for event in ('room_created', 'joined', 'bad_frame', 'rate_limited', 'left'):
        assert [line for line in lines if f'event={event} ' in line], (event, err)
    assert [line for line in lines if "peer='127.0.0.1'" not in line] == []


def test_its_limits_are_arguments() -> None:
    """The limits of the server can be set with options."""
    with arena_server('--max-rooms', '1', '--max-idle-s', '60') as server:
        server.make_room()
        reply = httpx.post(f'{server.url}/robotics/workspaces/lab/rooms')
        status = httpx.get(f'{server.url}/robotics/cleanup/status').json()['cleanup_status']

    assert reply.status_code == 503
    assert status['inactivity_timeout_minutes'] == 1.0


def test_what_launch_appends_for_nodes_is_ignored() -> None:
    """The arguments that ROS 2 launch appends for nodes are ignored."""
    with arena_server('--ros-args', '-r', '__node:=arena', '--log-level', 'debug') as server:
        assert httpx.get(f'{server.url}/health').status_code == 200


def test_a_restart_gets_its_port_back() -> None:
    """A restart can use the port, even with old connections in TIME_WAIT."""
    with arena_server() as first:
        with closing(socket.create_connection(('127.0.0.1', first.port))):
            first.end(signal.SIGTERM)
        with arena_server('--port', str(first.port)) as second:
            assert second.port == first.port


def test_a_port_in_use_is_named() -> None:
    """A port in use gives one line that explains what to do, and code 2."""
    with closing(socket.create_server(('127.0.0.1', 0))) as taken:
        port = taken.getsockname()[1]
        command = (*COMMAND, '--port', str(port))
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )

    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == (
        f'arena_server: --port {port}: in use on 127.0.0.1 already; end the program that uses it,'
        ' or give another port (0: any free port)\n'
    )


@pytest.mark.parametrize(
    ('args', 'named'),
    [
        ('--port 99999', ('--port', "'99999'", 'from 0 to 65535')),
        ('--port http', ('--port', "'http'", 'from 0 to 65535')),
        ('--port=-1', ('--port', "'-1'", 'from 0 to 65535')),
        ('--host no.such.host.invalid', ('--host no.such.host.invalid', '127.0.0.1')),
        ('--host 192.0.2.1', ('--host 192.0.2.1', 'not an address of this machine')),
        ('--max-rooms 0', ('--max-rooms', "'0'", 'from 1 up')),
        ('--max-idle-s nan', ('--max-idle-s', "'nan'", 'more than 0')),
        ('--log-level loud', ('--log-level', "'loud'", 'debug')),
        ('--colour', ('--colour', '--help')),
    ],
)
def test_a_bad_argument_is_named(
    args: str, named: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """An invalid argument gives one line with the option, value and expectation; code 2."""
    with pytest.raises(SystemExit) as caught:
        run_server(args.split())

    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, '')
    assert err.startswith('arena_server: ')
    assert err.count('\n') == 1
    for part in named:
        assert part in err
