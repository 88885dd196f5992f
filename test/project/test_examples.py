# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The examples, as a user runs them: real processes in rooms of a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
import contextlib
from functools import partial
import importlib.util
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
from support.examples import EXAMPLES, example_in_terminal, finished, running_example
from support.processes import free_port
from support.server import rules_of, running_server
from support.signals import handles_sigterm, let_pass
from support.waiting import until, wait_for, wait_until

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.messages import EmergencyStop

WITH_A_ROOM = ('drive_from_terminal', 'join_from_python', 'record_room', 'replay_room')
DOWN, RIGHT, LEFT = b'\x1b[B', b'\x1b[C', b'\x1b[D'

ROS = ('rclpy', 'sensor_msgs', 'std_msgs', 'lifecycle_msgs', 'launch')

TIMES_S = (0.0, 0.25, 0.3, 0.7)
UPDATES = (
    {'elbow': 10.0, 'wrist': -5.125},
    {'elbow': 10.5},
    {'wrist': 0.1},
    {'wrist': 1e-3, 'elbow': -20.0},
)
HEAD = 'time_s,message,event,joint,value,speed,source,reason'

TOLERANCE_S = 0.1
"""The largest deviation of a replayed update from its time."""

BUSY_S = 0.5
"""The longest time between sending and recording on a busy machine."""

ATTEMPTS = 4


class Room(NamedTuple):
    """A room, and a producer and a consumer that have not joined it yet."""

    url: str
    workspace_id: str
    room_id: str
    producer: RoboticsProducer
    consumer: RoboticsConsumer

    @property
    def options(self) -> tuple[str, ...]:
        """The options of an example for this room."""
        return (
            *('--server-url', self.url),
            *('--workspace-id', self.workspace_id),
            *('--room-id', self.room_id),
        )

    async def lead(self) -> None:
        """Join as the producer."""
        assert await self.producer.connect(self.workspace_id, self.room_id, 'leader')

    async def follow(self) -> list[tuple[float, dict[str, float]]]:
        """Join as the consumer; the returned list gets each update with its time."""
        heard: list[tuple[float, dict[str, float]]] = []
        self.consumer.on_joint_update(
            lambda entries: heard.append(
                (time.monotonic(), {entry['name']: entry['value'] for entry in entries})
            )
        )
        assert await self.consumer.connect(self.workspace_id, self.room_id)
        return heard

    async def empty(self) -> Room:
        """Return another, unused room on the same server."""
        workspace_id, room_id = await self.producer.create_room()
        return self._replace(workspace_id=workspace_id, room_id=room_id)


@pytest.fixture
async def room(own_server_url: str) -> AsyncIterator[Room]:
    """Yield a new room."""
    async with (
        RoboticsProducer(own_server_url) as producer,
        RoboticsConsumer(own_server_url) as consumer,
    ):
        yield Room(own_server_url, *await producer.create_room(), producer, consumer)


def needs(module: str) -> pytest.MarkDecorator:
    """Skip a test if an optional library is missing."""
    return pytest.mark.skipif(
        importlib.util.find_spec(module) is None,
        reason=f'{module} is not installed: see requirements/examples.txt',
    )


def written(path: Path) -> list[dict[str, str]]:
    """Read a CSV recording with the csv module."""
    head, *rows = (line.split(',') for line in path.read_text().splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


async def recorded(
    room: Room, path: Path, *, number: signal.Signals = signal.SIGINT, after: float | None = None
) -> str:
    """
    Record timed updates of a producer and a stop; return the output of the recorder.

    :param number: the signal that ends the recorder.
    :param after: the value of the elbow to send after the stop; None = nothing.
    """
    heard = await room.follow()
    with running_example('record_room', *room.options, path) as recorder:
        await wait_until(lambda: 'recording ' in recorder.output, 'the recorder')
        await room.lead()
        began = time.monotonic()
        for at_s, update in zip(TIMES_S, UPDATES, strict=True):
            await until(began + at_s)
            await room.producer.send_state_sync(update)
        await wait_until(lambda: len(heard) == len(UPDATES), 'the updates')
        await room.producer.send_emergency_stop('hand in the way')
        await wait_until(lambda: 'emergency stop' in recorder.output, 'the stop')
        if after is not None:
            await room.producer.send_state_sync({'elbow': after})
            await wait_until(lambda: written(path)[-1]['event'] == 'update', 'the last row')
        code = recorder.end(number)
        assert code == (-signal.SIGKILL if number is signal.SIGKILL else 0), recorder.output
        return recorder.output


def long_recording(folder: Path) -> Path:
    """Create a recording of ten seconds at ten hertz."""
    rows = ''.join(f'{n / 10},{n},update,elbow,{n}.5,,,\n' for n in range(100))
    path = folder / 'long.csv'
    path.write_text(f'{HEAD}\n{rows}')
    return path


async def replayed(room: Room, path: Path, speed: float) -> list[tuple[float, dict[str, float]]]:
    """Replay a recording into a new room; return the updates with their times."""
    other = await room.empty()
    heard = await other.follow()
    with running_example('replay_room', *other.options, '--speed', speed, path) as replay:
        await wait_until(lambda: not replay.is_alive, 'the end')
        assert replay.wait() == 0, replay.output
    await wait_until(lambda: len(heard) == len(UPDATES), 'the updates')
    return heard


def update_times(path: Path) -> list[float]:
    """Return the times of the updates of a recording, in seconds."""
    if path.suffix == '.csv':
        rows = {row['message']: row['time_s'] for row in written(path) if row['event'] == 'update'}
        return [float(time_s) for time_s in rows.values()]
    with path.open('rb') as file:
        reader = importlib.import_module('mcap.reader').make_reader(file)
        messages = list(reader.iter_messages(topics=['/joint_update']))
        return [message.log_time / 1e9 for _, _, message in messages]


def off_s(times_s: Sequence[float], expected_s: Sequence[float]) -> float:
    """Return the largest deviation from the expected times since the first."""
    pairs = zip(times_s, expected_s, strict=True)
    return max(abs((at - times_s[0]) - (expected - expected_s[0])) for at, expected in pairs)


@pytest.mark.parametrize(
    ('suffix', 'speed'),
    [('.csv', 1.0), pytest.param('.mcap', 2.0, marks=needs('mcap'))],
)
async def test_what_is_recorded_is_replayed_in_time(
    room: Room, tmp_path: Path, suffix: str, speed: float
) -> None:
    """A replay has the same values, groups of joints, and intervals within 0.1 s."""
    path = tmp_path / f'arm{suffix}'
    await recorded(room, path)
    times_s = update_times(path)
    assert off_s(times_s, TIMES_S) < BUSY_S

    # A busy machine may delay one replay; one that cannot keep the time would fail them all.
    for _ in range(ATTEMPTS):
        heard = await replayed(room, path, speed)
        assert [update for _, update in heard] == list(UPDATES)
        off = off_s([at for at, _ in heard], [time_s / speed for time_s in times_s])
        if off < TOLERANCE_S:
            break
    assert off < TOLERANCE_S


async def test_a_killed_recorder_leaves_a_whole_recording(room: Room, tmp_path: Path) -> None:
    """Each message is in the CSV file as soon as it has arrived."""
    await recorded(room, tmp_path / 'arm.csv', number=signal.SIGKILL)

    *rows, stop = (row for row in written(tmp_path / 'arm.csv') if row['event'] != 'control')
    assert (stop['event'], stop['reason']) == ('stop', 'hand in the way')
    assert [(row['joint'], float(row['value'])) for row in rows] == [
        pair for update in UPDATES for pair in update.items()
    ]


async def test_a_recorded_stop_ends_the_replay_and_is_not_sent(room: Room, tmp_path: Path) -> None:
    """A replay ends before a recorded stop, except with --past-stops, and sends no stop."""
    path = tmp_path / 'arm.csv'
    output = await recorded(room, path, after=99.0)
    other = await room.empty()
    heard = await other.follow()
    stops: list[EmergencyStop] = []
    other.consumer.on_emergency_stop(stops.append)

    options = (*other.options, '--speed', '10', path)
    short = await asyncio.to_thread(finished, 'replay_room', *options)
    await wait_until(lambda: len(heard) == len(UPDATES), 'the updates')
    long = await asyncio.to_thread(finished, 'replay_room', '--past-stops', *options)
    await wait_until(lambda: heard[-1][1] == {'elbow': 99.0}, 'the last update')

    assert 'emergency stop by leader: hand in the way\n5 updates, 1 stops' in output
    assert [row['event'] for row in written(path)].count('stop') == 1
    assert short.returncode == long.returncode == 0
    assert 'by leader: hand in the way; ended before it' in short.stdout
    assert f'{len(UPDATES) + 1} updates sent' in long.stdout
    assert stops == []


async def test_a_received_stop_ends_a_replay(room: Room, tmp_path: Path) -> None:
    """After a stop, the replay sends nothing and ends with an error code."""
    path = long_recording(tmp_path)
    heard = await room.follow()
    with running_example('replay_room', *room.options, path) as replay:
        await wait_until(lambda: len(heard) >= 3, 'some updates')
        await room.consumer.send_emergency_stop('enough')
        await wait_until(lambda: not replay.is_alive, 'the end')

        assert replay.wait() == 1
        assert re.search(r'emergency stop by .*-consumer-\w+: enough; the rest', replay.output)
        assert len(heard) < 10


async def test_a_suspended_replay_does_not_catch_up(room: Room, tmp_path: Path) -> None:
    """A suspended replay ends, because the missed updates would all be sent at once."""
    path = long_recording(tmp_path)
    heard = await room.follow()
    with running_example('replay_room', *room.options, path) as replay:
        await wait_until(lambda: len(heard) >= 3, 'some updates')
        replay.signal(signal.SIGSTOP)
        await until(time.monotonic() + 1.6)
        replay.signal(signal.SIGCONT)
        await wait_until(lambda: not replay.is_alive, 'the end')

        assert replay.wait() == 1
        assert 'not catching up' in replay.output
        assert len(heard) < 10


async def test_keys_drive_a_robot_from_where_it_is(room: Room) -> None:
    """A key sends one joint, one step from its value in the room."""
    await room.lead()
    await room.producer.send_state_sync({'elbow': 12.5, 'wrist\x1b[2J': -30.0})
    await room.producer.disconnect()
    heard = await room.follow()
    with example_in_terminal('drive_from_terminal', *room.options, '--step', '0.5') as terminal:
        terminal.shows('> elbow')
        assert not terminal.is_restored
        terminal.press(RIGHT + RIGHT + DOWN)
        terminal.shows('> wrist?[2J')
        terminal.press(b'r')
        terminal.press(b'+' + LEFT)
        terminal.shows('-31.000')
        terminal.press(b'q')

        assert terminal.wait() == 0
        assert terminal.is_restored
    await wait_until(lambda: len(heard) == 3, 'the updates')
    moves = [list(update.items()) for _, update in heard]
    assert moves == [[('elbow', 13.0)], [('elbow', 13.5)], [('wrist\x1b[2J', -31.0)]]


async def test_space_stops_the_room_and_disables_the_keys(room: Room) -> None:
    """Keys send nothing after a stop of any participant, until r is pressed."""
    heard = await room.follow()
    stops: list[EmergencyStop] = []
    room.consumer.on_emergency_stop(stops.append)
    with example_in_terminal(
        'drive_from_terminal', *room.options, '--joint', 'elbow=7'
    ) as terminal:
        terminal.shows('7.000')
        terminal.press(b' ')
        terminal.shows('STOPPED by you')
        await wait_until(lambda: len(stops) == 1, 'the stop')
        terminal.press(RIGHT + b'r')
        wait_for(lambda: 'STOPPED' not in terminal.screen, 'the end of the stop')
        await room.consumer.send_emergency_stop('mine')
        terminal.shows('(mine)')
        terminal.press(RIGHT + b'r')
        wait_for(lambda: 'STOPPED' not in terminal.screen, 'the end of the stop')
        terminal.press(RIGHT)
        terminal.shows('8.000')
        terminal.press(b'\x1b')
        terminal.shows('STOPPED by you')
        await wait_until(lambda: len(stops) == 3, 'the stop')
        assert [update for _, update in heard] == [{'elbow': 8.0}]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_the_terminal_is_itself_again(own_server_url: str, number: signal.Signals) -> None:
    """The terminal has its earlier settings after any end; Ctrl-C is not an error."""
    room = ('--server-url', own_server_url, '--room-id', f'arm-{number}', '--create-room')
    with example_in_terminal('drive_from_terminal', *room, '--joint', 'elbow=0') as terminal:
        terminal.shows('> elbow')
        if number == signal.SIGINT:
            terminal.press(b'\x03')
            code = terminal.wait()
        else:
            code = terminal.end(number)

        assert code == 0, terminal.text
        assert terminal.is_restored
        assert 'Traceback' not in terminal.text


def test_a_server_that_goes_ends_driving() -> None:
    """The end of the server is reported in one line, and the terminal is restored."""
    with contextlib.ExitStack() as stack:
        room = ('--server-url', stack.enter_context(running_server()), '--room-id', 'arm')
        arguments = (*room, '--create-room', '--joint', 'elbow=0')
        with example_in_terminal('drive_from_terminal', *arguments) as terminal:
            terminal.shows('> elbow')
            stack.close()

            assert terminal.wait() == 1
            assert 'the server was shut down' in terminal.text
            assert 'Traceback' not in terminal.text
            assert terminal.is_restored


def test_python_without_ros_joins(own_server_url: str) -> None:
    """Without rclpy, a producer and a consumer exchange updates; Ctrl-C is not an error."""
    room = ('--server-url', own_server_url, '--room-id', 'without-ros', '--create-room')
    with running_example('join_from_python', 'produce', *room, lacking=ROS) as producer:
        wait_for(lambda: 'joined' in producer.output, 'the producer')
        with running_example('join_from_python', 'consume', *room, lacking=ROS) as consumer:
            wait_for(lambda: "update [{'name': 'example'" in consumer.output, 'an update')

            assert consumer.end() == 0, consumer.output
        assert producer.end() == 0, producer.output
        assert producer.output == 'joined\nleft\n'


def one_line(done: subprocess.CompletedProcess[str], name: str) -> str:
    """Return the only line that an example printed before it failed."""
    (line,) = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1
    assert line.startswith(f'{name}: ')
    return line


def file_for(name: str, folder: Path) -> tuple[Path, ...]:
    """Return the file arguments of an example."""
    files = {'record_room': folder / 'new.csv', 'replay_room': long_recording(folder)}
    return (files[name],) if name in files else ()


def role_of(name: str) -> tuple[str, ...]:
    """Return the role arguments of an example with several roles."""
    return ('produce',) if name == 'join_from_python' else ()


@pytest.mark.parametrize('name', WITH_A_ROOM)
def test_a_missing_server_is_reported_in_one_line(name: str, tmp_path: Path) -> None:
    """The line has the address of the server."""
    url = f'http://127.0.0.1:{free_port()}'
    room = ('--server-url', url, '--room-id', 'arm')

    line = one_line(finished(name, *role_of(name), *room, *file_for(name, tmp_path)), name)

    assert url.removeprefix('http') in line


def test_an_invalid_url_is_reported_in_one_line(tmp_path: Path) -> None:
    """The line has the expected form of a URL."""
    done = finished('record_room', '--server-url', 'arena', '--room-id', 'arm', tmp_path / 'a.csv')

    assert "'arena': expected http" in one_line(done, 'record_room')


@pytest.mark.parametrize('name', WITH_A_ROOM)
def test_a_missing_room_is_reported_in_one_line(
    name: str, own_server_url: str, tmp_path: Path
) -> None:
    """The line has the name of the room, and no file is created."""
    room = ('--server-url', own_server_url, '--workspace-id', 'lab', '--room-id', 'nowhere')

    line = one_line(finished(name, *role_of(name), *room, *file_for(name, tmp_path)), name)

    assert 'room lab/nowhere: there is no such room' in line
    assert not (tmp_path / 'new.csv').exists()


@needs('aiortc')
def test_a_missing_room_of_a_camera_is_reported_in_one_line(own_server_url: str) -> None:
    """The example creates no room, because it would wait for a robot in the wrong one."""
    room = ('--server-url', own_server_url, '--workspace-id', 'lab', '--room-id', 'nowhere')

    line = one_line(finished('observe', *room, '--camera', 'front'), 'observe')

    assert 'room lab/nowhere: there is no such room' in line


def test_what_the_cameras_need_is_named_in_one_line() -> None:
    """Without aiortc there is no traceback; test_without_media.py has the whole text."""
    options = ('--room-id', 'arm', '--camera', 'front')
    with running_example('observe', *options, lacking=['aiortc']) as observer:
        assert observer.wait() == 1
        assert observer.output == 'observe: aiortc is not installed\n'


@pytest.mark.parametrize('name', ['drive_from_terminal', 'join_from_python', 'replay_room'])
async def test_a_taken_room_is_reported_in_one_line(name: str, room: Room, tmp_path: Path) -> None:
    """The line names the producer of the room, which keeps its place."""
    await room.lead()

    arguments = (*role_of(name), *room.options, *file_for(name, tmp_path))
    # In a thread, because a producer that does not answer would lose its room.
    done = await asyncio.to_thread(finished, name, *arguments)

    assert 'has a producer, leader' in one_line(done, name)
    assert room.producer.is_connected()


def test_the_token_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recorder is refused without the token of the environment, and accepted with it."""
    with running_server(rules=rules_of('secret')) as url:
        command = ('record_room', '--server-url', url, '--room-id', 'arm', tmp_path / 'new.csv')
        refused = one_line(finished(*command), 'record_room')
        monkeypatch.setenv('LEROBOT_ARENA_TOKEN', 'secret')
        admitted = one_line(finished(*command), 'record_room')

    assert 'access denied' in refused
    assert 'no such room' in admitted


@pytest.mark.parametrize('name', [*WITH_A_ROOM, 'plot_recording', 'observe'])
def test_help_begins_with_a_sentence(name: str) -> None:
    """Each help text begins with a sentence and has the same options for a room."""
    helped = finished(name, '--help')

    assert helped.returncode == 0
    assert re.search(r'^[A-Z][^\n]+\.$', helped.stdout, re.M)
    if name in WITH_A_ROOM:
        for option in ('--server-url', '--workspace-id', '--room-id', '--create-room'):
            assert option in helped.stdout


@pytest.mark.parametrize(
    ('name', 'arguments', 'told'),
    [
        ('drive_from_terminal', ('--room-id', 'arm', '--joint', 'elbow=nan'), 'elbow=nan'),
        ('record_room', ('--room-id', 'arm', 'arm.txt'), 'arm.txt'),
        ('replay_room', ('--room-id', 'arm', 'arm.csv', '--speed', '-1'), '-1'),
    ],
    ids=['drive', 'record', 'replay'],
)
def test_wrong_usage_is_two(name: str, arguments: Sequence[str], told: str) -> None:
    """Wrong usage ends with code 2, and the last line has the error."""
    done = finished(name, *arguments)

    assert done.returncode == 2
    assert told in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr


SOUND = f'{HEAD}\n0.0,7,update,elbow,1,,,\n0.1,8,update,elbow,115.87,,,\n'
DAMAGE = {
    'cut in its last number': (SOUND[: -len('15.87,,,\n')], 3, '5 columns, expected 8'),
    'cut in its line end': (SOUND[:-1], 3, 'no line end'),
    'cut in a quoted reason': (f'{SOUND}0.2,9,stop,,,,x,"hand', 4, 'unexpected end of data'),
    'extra column': (f'{SOUND}0.2,9,update,elbow,1,,,,\n', 4, '9 columns, expected 8'),
    'two rows in one line': (SOUND.replace('7,,,\n', '7') + SOUND, 3, '12 columns, expected 8'),
    'empty line': (f'{SOUND}\n', 4, '0 columns, expected 8'),
    'empty': ('', 1, 'no recording of a room, which begins with time_s,message,'),
    'other columns': ('time_s,elbow\n0.0,1\n', 1, 'no recording of a room'),
    'value that is none': (SOUND.replace('115.87', 'far'), 3, "value is 'far'"),
    'value that is missing': (SOUND.replace('115.87', ''), 3, "value is ''"),
    'value that is not finite': (SOUND.replace('115.87', 'nan'), 3, "value is 'nan'"),
    'speed that is none': (SOUND.replace('115.87,', '1,fast'), 3, "speed is 'fast'"),
    'joint without a name': (SOUND.replace('8,update,elbow', '8,update,'), 3, 'name'),
    'time that is infinite': (f'{SOUND}inf,9,stop,,,,,\n', 4, "time_s is 'inf'"),
    'time that goes back': (f'{SOUND}0.05,9,update,elbow,1,,,\n', 4, 'time goes back'),
    'message that is none': (f'{SOUND}0.2,x,update,elbow,1,,,\n', 4, "message is 'x'"),
    'message that goes back': (f'{SOUND}0.2,7,update,elbow,1,,,\n', 4, 'comes after message 8'),
    'event that is none': (f'{SOUND}0.2,9,dance,elbow,1,,,\n', 4, "the event is 'dance'"),
    'two times in a message': (f'{SOUND}0.2,8,update,wrist,1,,,\n', 4, "time_s is '0.2'"),
    'stop with a joint': (f'{SOUND}0.2,9,stop,elbow,1,,,\n', 4, "joint is 'elbow'"),
    'zeros after a power cut': (f'{SOUND}{chr(0) * 9}', 4, '1 columns, expected 8'),
}
"""The text of a recording, the number of its damaged line, and the error."""


@pytest.mark.parametrize('kind', DAMAGE)
def test_a_damaged_recording_moves_nothing(kind: str, own_server_url: str, tmp_path: Path) -> None:
    """One line names the damaged row, and the room is not joined."""
    text, number, told = DAMAGE[kind]
    path = tmp_path / 'arm.csv'
    path.write_text(text)

    done = finished('replay_room', '--server-url', own_server_url, '--room-id', 'none', path)

    line = one_line(done, 'replay_room')
    assert line.startswith(f'replay_room: {path}, line {number}: ')
    assert told in line


def test_a_damaged_recording_is_not_plotted(tmp_path: Path) -> None:
    """The error has the damaged row, and no picture is created."""
    path = tmp_path / 'arm.csv'
    path.write_text(SOUND[:-6])

    done = finished('plot_recording', path)

    assert f'{path}, line 3: 5 columns' in one_line(done, 'plot_recording')
    assert not path.with_suffix('.png').exists()


@needs('mcap')
async def test_a_damaged_mcap_recording_moves_nothing(room: Room, tmp_path: Path) -> None:
    """A truncated recording and one with a changed bit are refused."""
    path = tmp_path / 'arm.mcap'
    await recorded(room, path)
    whole = path.read_bytes()
    other = await room.empty()
    heard = await other.follow()
    middle = len(whole) // 2
    for data in (whole[:-1], whole[:middle], whole[:200] + b'\xff' + whole[201:]):
        path.write_bytes(data)
        done = await asyncio.to_thread(finished, 'replay_room', *other.options, path)
        assert f'{path} is damaged' in one_line(done, 'replay_room')
    assert heard == []


FULL_DISK = """
import os, resource, sys
sys.argv = ['record_room']
from recorded import Recorded
from recording import read_recording, writing
from command_line import Failure
from pathlib import Path

path, most, length = Path(sys.stdin.readline().strip()), *map(int, sys.stdin.readline().split())
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
count = 0
try:
    with writing(path) as write:
        while True:
            joint = {'name': os.urandom(length).hex(), 'value': 115.87}
            write(Recorded(count / 10, 'update', (joint,), 'leader'))
            count += 1
except Failure as exc:
    print(exc)
events = read_recording(path)
assert len(events) == count > 10, (len(events), count)
assert {event.joints[0]['value'] for event in events} == {115.87}
"""
"""A program that records until the disk is full, and reads the recording."""


@pytest.mark.parametrize(
    ('suffix', 'most', 'length'),
    [('.csv', 1000, 1), pytest.param('.mcap', 20_000_000, 100_000, marks=needs('mcap'))],
)
def test_a_full_disk_leaves_a_whole_recording(
    suffix: str, most: int, length: int, tmp_path: Path
) -> None:
    """The recorder reports the full disk, and each earlier message can be read."""
    path = tmp_path / f'arm{suffix}'
    done = subprocess.run(
        [sys.executable, '-c', FULL_DISK],
        input=f'{path}\n{most} {length}\n',
        env={**os.environ, 'PYTHONPATH': f'{EXAMPLES}:{os.environ.get("PYTHONPATH", "")}'},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'{path}: File too large: the recording ends here')
    assert done.stdout.count('\n') == 1


def test_a_recording_is_not_written_over(own_server_url: str, tmp_path: Path) -> None:
    """An existing file is not changed."""
    path = long_recording(tmp_path)
    before = path.read_text()
    room = ('--server-url', own_server_url, '--room-id', 'old', '--create-room')

    done = finished('record_room', *room, path)

    assert one_line(done, 'record_room') == f'record_room: {path}: File exists'
    assert path.read_text() == before


@needs('matplotlib')
def test_a_recording_is_plotted(tmp_path: Path) -> None:
    """A plot accepts unusual names, and is stored beside the recording."""
    path = tmp_path / 'arm.csv'
    rows = '0,0,state,_a$b$,1,,,\n1,1,update,elbow,2,,,\n2,2,stop,,,,x,$\\bad$\n'
    path.write_text(f'{HEAD}\n{rows}')

    done = finished('plot_recording', path)

    told = ['unknown: 1 updates, 0 shadows']
    assert done.stdout.splitlines() == [str(tmp_path / 'arm.png'), *told], done.stderr
    assert (tmp_path / 'arm.png').read_bytes().startswith(b'\x89PNG')


def test_a_missing_library_is_named(own_server_url: str, tmp_path: Path) -> None:
    """A missing optional library is named with the command that installs it."""
    room = ('--server-url', own_server_url, '--room-id', 'old', '--create-room')
    cases = {
        'plot_recording': ((long_recording(tmp_path),), 'python3-matplotlib'),
        'record_room': ((*room, tmp_path / 'new.mcap'), 'pip install mcap'),
    }
    for name, (arguments, advice) in cases.items():
        with running_example(name, *arguments, lacking=('mcap', 'matplotlib')) as example:
            assert example.wait() == 1
            assert advice in example.output.splitlines()[-1]
            assert 'Traceback' not in example.output


@pytest.mark.parametrize('name', ['drive_from_terminal', 'record_room', 'replay_room'])
def test_ctrl_c_early_and_twice_is_no_error(
    name: str, own_server_url: str, tmp_path: Path
) -> None:
    """SIGINT during the imports and during the shutdown ends the example without a traceback."""
    room = ('--server-url', own_server_url, '--room-id', f'twice-{name}', '--create-room')
    for number, after_s in enumerate((0.0, 0.1, 0.3, 1.0)):
        (folder := tmp_path / str(number)).mkdir()
        arguments = (*role_of(name), *room, *file_for(name, folder))
        with running_example(name, *arguments) as example:
            wait_for(partial(handles_sigterm, example), 'the handler')
            let_pass(example, after_s)
            example.signal(signal.SIGINT)
            let_pass(example, 0.05)
            code = example.end()

            assert 'Traceback' not in example.output, example.output
            assert code in (0, 1), f'{after_s} s: {code}'
