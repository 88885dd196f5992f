# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Recordings of hand-overs: what is in the files, in the plots, and in the replays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
import csv
import importlib
import importlib.util
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any

import pytest
from support.examples import EXAMPLES, finished, running_example
from support.fake_arena import WebSocket, fake_arena, listed, send_message, welcome
from support.operators import Operator, operator
from support.server import running_server
from support.waiting import wait_until

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.control_messages import ControlPolicy
from lerobot_arena_ros.server.rooms.limits import Policy

HEAD = 'time_s,message,event,joint,value,speed,source,reason,holder'

Told = tuple[str, str, str, str, dict[str, float]]
"""A recorded message: its event, source, reason, holder, and values by joint."""

STORY: list[Told] = [
    ('control', '', '', '', {}),
    ('control', 'policy', 'taken', 'policy', {}),
    ('update', 'policy', '', '', {'elbow': 1.0, 'wrist': 9.0}),
    ('shadow', 'person', '', '', {'elbow': 5.0}),
    ('control', 'person', 'taken', 'person', {}),
    ('update', 'person', '', '', {'elbow': 6.0}),
    ('shadow', 'policy', '', '', {'elbow': 2.0, 'wrist': 9.5}),
    ('control', 'person', 'given', 'policy', {}),
    ('update', 'policy', '', '', {'elbow': 3.0}),
    ('stop', 'person', 'hand in the way', '', {}),
    ('control', 'person', 'stopped', '', {}),
    ('shadow', 'policy', '', '', {'elbow': 4.0}),
    ('control', 'policy', 'taken', 'policy', {}),
    ('update', 'policy', '', '', {'elbow': 4.0}),
    ('control', 'policy', 'released', '', {}),
]
"""What :func:`tell` does in a room, as a recorder with --shadows receives it."""

WITHOUT_SHADOWS = [each for each in STORY if each[0] != 'shadow']


def needs(module: str) -> pytest.MarkDecorator:
    """Skip a test if an optional library is missing."""
    return pytest.mark.skipif(
        importlib.util.find_spec(module) is None,
        reason=f'{module} is not installed: see requirements/examples.txt',
    )


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Serve an arena in which each driver may take control."""
    with running_server(policy=Policy(control=ControlPolicy.TAKE)) as served:
        yield served


async def send(driver: Operator, **values: float) -> None:
    """Send joint values, and wait until the server has handled them."""
    await driver.send(**values)
    await driver.settle()


async def tell(url: str, path: Path, *options: str, person: str = 'person') -> str:
    """
    Record how a person takes over from a policy, gives back, and stops it.

    :param person: the participant id of the person.
    :returns: the output of the recorder.
    """
    room = await RoboticsConsumer(url).create_room()
    where = ('--server-url', url, '--workspace-id', room[0], '--room-id', room[1])
    with running_example('record_room', *where, *options, path) as recorder:
        await wait_until(lambda: 'nobody has control\n' in recorder.output, 'the recorder')
        async with operator(url, *room, 'policy') as policy, operator(url, *room, person) as me:
            await policy.take()
            await send(policy, elbow=1.0, wrist=9.0)
            await send(me, elbow=5.0)
            await me.take()
            await send(me, elbow=6.0)
            await send(policy, elbow=2.0, wrist=9.5)
            assert await me.request('give_control', to='policy') is None
            await send(policy, elbow=3.0)
            await me.stop('hand in the way')
            await me.settle()
            await send(policy, elbow=4.0)
            await policy.take()
            await send(policy, elbow=4.0)
            assert await policy.request('release_control') is None
            await wait_until(lambda: '(released' in recorder.output, 'the last message')
            # The recorder is not among them, because it cannot have control.
            assert policy.controls[-1]['drivers'] == ['policy', person]
            assert recorder.end() == 0, recorder.output
        return recorder.output


def told_in(path: Path) -> list[Told]:
    """Return the messages of a recording, read with the libraries of its form."""
    told = csv_messages(path) if path.suffix == '.csv' else mcap_messages(path)
    # The room remembers nothing at the start.
    return [each for each in told if each[0] != 'state']


def csv_messages(path: Path) -> list[Told]:
    """Return the messages of a CSV file."""
    told: dict[str, Told] = {}
    with path.open(newline='') as file:
        for row in csv.DictReader(file):
            texts = (row['event'], row['source'], row['reason'], row['holder'])
            message = told.setdefault(row['message'], (*texts, {}))
            assert message[:4] == texts
            if row['joint']:
                message[4][row['joint']] = float(row['value'])
    return list(told.values())


def mcap_messages(path: Path) -> list[Told]:
    """Return the messages of an MCAP file."""
    events = {
        '/state_sync': 'state',
        '/joint_update': 'update',
        '/shadow_update': 'shadow',
        '/emergency_stop': 'stop',
        '/control': 'control',
    }
    with path.open('rb') as file:
        reader = importlib.import_module('mcap.reader').make_reader(file)
        told = []
        for _, channel, message in reader.iter_messages():
            fields = json.loads(message.data)
            values = {joint['name']: joint['value'] for joint in fields['data']}
            texts = (fields['source'], fields['reason'], fields.get('holder', ''))
            told.append((events[channel.topic], *texts, values))
        return told


@pytest.mark.parametrize('suffix', ['.csv', pytest.param('.mcap', marks=needs('mcap'))])
async def test_hand_overs_are_recorded_in_their_order(
    url: str, tmp_path: Path, suffix: str
) -> None:
    """The file has who drove and why, each update with its sender, the stop, and the shadows."""
    path = tmp_path / f'arm{suffix}'
    output = await tell(url, path, '--shadows')

    assert told_in(path) == STORY
    assert output.splitlines()[1:-1] == [
        'nobody has control',
        'policy has control (taken, by policy)',
        'person has control (taken, by person)',
        'policy has control (given, by person)',
        'emergency stop by person: hand in the way',
        'nobody has control (stopped, by person)',
        'policy has control (taken, by policy)',
        'nobody has control (released, by policy)',
    ]
    assert output.splitlines()[-1].startswith(
        '4 updates, 1 stops, 6 changes of control, 3 shadows, '
    )


async def test_shadows_are_recorded_only_if_asked_for(url: str, tmp_path: Path) -> None:
    """Without --shadows the file has everything else, and the summary does not count them."""
    output = await tell(url, tmp_path / 'arm.csv')

    assert told_in(tmp_path / 'arm.csv') == WITHOUT_SHADOWS
    last = output.splitlines()[-1]
    assert last.startswith('4 updates, 1 stops, 6 changes of control, ')
    assert 'shadows' not in last


async def test_names_of_strangers_do_nothing_to_a_terminal(url: str, tmp_path: Path) -> None:
    """Neither the recorder nor the plot prints the control characters of a participant id."""
    path = tmp_path / 'arm.csv'
    output = await tell(url, path, '--shadows', person='per\x1b[2Json')
    plotted = await asyncio.to_thread(finished, 'plot_recording', path)

    assert '\x1b' not in output + plotted.stdout + plotted.stderr
    assert 'per?[2Json has control (taken, by per?[2Json)' in output
    if importlib.util.find_spec('matplotlib'):
        assert 'per?[2Json: 1 updates, 1 shadows' in plotted.stdout


@pytest.mark.parametrize('options', [(), ('--shadows',)], ids=['plain', 'shadows'])
async def test_a_server_without_hand_overs_is_recorded_as_before(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """The public server ignores the features, so the file has its updates and stops only."""
    asked: list[Mapping[str, Any]] = []

    async def public(websocket: WebSocket) -> None:
        asked.append(await welcome(websocket))
        joint = {'name': 'elbow', 'value': 1.5}
        await send_message(websocket, 'joint_update', data=[joint], source='leader')
        await send_message(websocket, 'emergency_stop', reason='enough', source='leader')

    path = tmp_path / 'arm.csv'
    async with fake_arena(public) as fake:
        fake.room = listed('recorder')
        where = ('--server-url', fake.url, '--workspace-id', 'lab', '--room-id', 'arm')
        with running_example('record_room', *where, *options, path) as recorder:
            await wait_until(lambda: 'emergency stop' in recorder.output, 'the stop')
            # In a thread, because the server is in the loop of the test.
            assert await asyncio.to_thread(recorder.end) == 0, recorder.output
            output = recorder.output

    assert told_in(path) == [
        ('update', 'leader', '', '', {'elbow': 1.5}),
        ('stop', 'leader', 'enough', '', {}),
    ]
    assert 'control' in asked[0]['features']
    assert ('shadows' in asked[0]['features']) == bool(options)
    assert 'has control' not in output
    assert 'changes of control' not in output


def story(path: Path) -> Path:
    """Create a recording of :data:`STORY` at ten messages a second."""
    rows = [HEAD]
    for number, (event, source, reason, holder, values) in enumerate(STORY):
        start, end = f'{number / 10},{number},{event}', f'{source},{reason},{holder}'
        rows += [f'{start},{name},{value},,{end}' for name, value in values.items()]
        rows += [] if values else [f'{start},,,,{end}']
    path.write_text('\n'.join(rows) + '\n')
    return path


DRAWN = """
import json, pathlib, sys
sys.argv = ['plot_recording', *sys.argv[1:]]
from plot_lines import lines_of, marks_of, spans_of
from recording import read_recording

events = read_recording(pathlib.Path(sys.argv[1]))
lines = {
    joint: [[line.driver, line.is_shadow, line.times_s, line.values] for line in of_joint]
    for joint, of_joint in lines_of(events).items()
}
marks = [[mark.time_s, mark.text] for mark in marks_of(events)]
spans = [[span.holder, span.begin_s, span.end_s] for span in spans_of(events)]
print(json.dumps([lines, marks, spans]))
"""
"""A program that prints what a plot of a recording shows."""


def drawn(path: Path) -> Any:
    """Return the lines of each joint, the marks, and who had control when."""
    done = subprocess.run(
        [sys.executable, '-c', DRAWN, str(path)],
        env={**os.environ, 'PYTHONPATH': f'{EXAMPLES}:{os.environ.get("PYTHONPATH", "")}'},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_plot_shows_who_sent_each_value(tmp_path: Path) -> None:
    """The values of a driver end with its control; the room keeps them until somebody sends."""
    lines, marks, spans = drawn(story(tmp_path / 'arm.csv'))

    assert lines['elbow'] == [
        ['policy', False, [0.2, 0.4], [1.0, 1.0]],
        ['person', True, [0.3], [5.0]],
        [None, False, [0.4, 0.5], [1.0, 1.0]],
        ['person', False, [0.5, 0.5, 0.7], [1.0, 6.0, 6.0]],
        ['policy', True, [0.6], [2.0]],
        [None, False, [0.7, 0.8], [6.0, 6.0]],
        ['policy', False, [0.8, 0.8, 1.0], [6.0, 3.0, 3.0]],
        [None, False, [1.0, 1.3], [3.0, 3.0]],
        ['policy', True, [1.1], [4.0]],
        ['policy', False, [1.3, 1.3, 1.4], [3.0, 4.0, 4.0]],
        [None, False, [1.4, 1.4], [4.0, 4.0]],
    ]
    assert lines['wrist'][0] == ['policy', False, [0.2, 0.4], [9.0, 9.0]]
    assert marks == [
        [0.1, 'policy: taken'],
        [0.4, 'person: taken'],
        [0.7, 'policy: given'],
        [0.9, 'stop: hand in the way'],
        [1.2, 'policy: taken'],
        [1.4, 'nobody: released'],
    ]
    assert spans == [
        [None, 0.0, 0.1],
        ['policy', 0.1, 0.4],
        ['person', 0.4, 0.7],
        ['policy', 0.7, 1.0],
        [None, 1.0, 1.2],
        ['policy', 1.2, 1.4],
        [None, 1.4, 1.4],
    ]


@needs('matplotlib')
def test_a_plot_names_each_driver(tmp_path: Path) -> None:
    """The output and the legend name the drivers; a colour belongs to one of them."""
    picture = tmp_path / 'arm.svg'
    done = finished('plot_recording', story(tmp_path / 'arm.csv'), '--output', picture)

    assert done.stdout.splitlines() == [
        str(picture),
        'policy: 3 updates, 2 shadows',
        'person: 1 updates, 1 shadows',
    ], done.stderr
    text = picture.read_text()
    # Matplotlib writes texts as curves, with a comment that has the text.
    for label in ('policy', 'person', 'person: taken', 'stop: hand in the way', 'wrist'):
        assert f'<!-- {label} -->' in text
    for colour in ('#0072b2', '#d55e00', '#c00000'):
        assert f'stroke: {colour}' in text
    assert 'stroke-dasharray' in text


@needs('matplotlib')
def test_a_plot_of_very_much_shows_the_first(tmp_path: Path) -> None:
    """Strangers may fill a room with joints and hand-overs, and the picture stays small enough."""
    path = tmp_path / 'arm.csv'
    rows = ''.join(f'0,0,update,joint_{number},1,,leader,,\n' for number in range(1000))
    rows += ''.join(f'{n},{n},control,,,,p{n},taken,p{n}\n' for n in range(1, 1000))
    path.write_text(f'{HEAD}\n{rows}')

    done = finished('plot_recording', path)

    assert done.stdout.splitlines()[:4] == [
        'only the first 24 of 1000 joints are shown',
        'only the first 100 of 998 stops and changes of control are shown',
        'only the first 20 of 1000 drivers are shown',
        str(tmp_path / 'arm.png'),
    ], done.stderr


async def test_a_replay_sends_what_had_an_effect(url: str, tmp_path: Path) -> None:
    """Shadows move nothing in a replay; the output has what was left out."""
    path = story(tmp_path / 'arm.csv')
    heard: list[dict[str, float]] = []
    async with RoboticsConsumer(url) as consumer:
        room = await consumer.create_room()
        consumer.on_joint_update(
            lambda entries: heard.append({each['name']: each['value'] for each in entries})
        )
        assert await consumer.connect(*room)
        where = ('--server-url', url, '--workspace-id', room[0], '--room-id', room[1])
        done = await asyncio.to_thread(finished, 'replay_room', *where, '--past-stops', path)
        await wait_until(lambda: len(heard) == 4, 'the updates')
        short = await asyncio.to_thread(finished, 'replay_room', *where, path)

    assert done.returncode == short.returncode == 0, done.stderr + short.stderr
    assert heard[:4] == [{'elbow': 1.0, 'wrist': 9.0}, *({'elbow': v} for v in (6.0, 3.0, 4.0))]
    assert (
        f'4 updates into {"/".join(room)}, without 3 shadows and 6 changes of control\n'
        in done.stdout
    )
    assert (
        f'3 updates into {"/".join(room)}, without 2 shadows and 3 changes of control\n'
        in short.stdout
    )


def old_mcap(path: Path, source: object) -> Path:
    """Create an MCAP file as earlier versions wrote it: without a holder, with fewer topics."""
    messages: list[tuple[str, dict[str, Any]]] = [
        ('/state_sync', {'data': [{'name': 'elbow', 'value': 1}], 'source': ''}),
        ('/joint_update', {'data': [{'name': 'elbow', 'value': 2}], 'source': source}),
        ('/emergency_stop', {'data': [], 'source': 'leader', 'reason': 'enough'}),
    ]
    with path.open('wb') as file:
        writer = importlib.import_module('mcap.writer').Writer(file)
        writer.start()
        schema = writer.register_schema('lerobot_arena', 'jsonschema', b'{}')
        for number, (topic, fields) in enumerate(messages):
            channel = writer.register_channel(topic, 'json', schema)
            data = json.dumps({'reason': '', **fields}).encode()
            writer.add_message(channel, log_time=number, data=data, publish_time=number)
        writer.finish()
    return path


@needs('mcap')
@needs('matplotlib')
def test_an_mcap_recording_without_hand_overs_is_read(tmp_path: Path) -> None:
    """A file of an earlier version is plotted, with its sender and its stop."""
    path = old_mcap(tmp_path / 'arm.mcap', 'leader')

    lines, marks, spans = drawn(path)
    done = finished('plot_recording', path)

    assert [line[0] for line in lines['elbow']] == [None, 'leader']
    assert [mark[1] for mark in marks] == ['stop: enough']
    assert spans == []
    assert 'leader: 1 updates, 0 shadows' in done.stdout, done.stderr


@needs('mcap')
def test_a_sender_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A file of a stranger ends a program with one line."""
    path = old_mcap(tmp_path / 'arm.mcap', ['leader'])

    done = finished('plot_recording', path)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "source is ['leader'], expected a text" in done.stderr


SOUND = f'{HEAD}\n0.0,7,update,elbow,1,,policy,,\n'
DAMAGE = {
    'control with a joint': (f'{SOUND}0.1,8,control,elbow,1,,,taken,x\n', "joint is 'elbow'"),
    'update with a holder': (f'{SOUND}0.1,8,update,elbow,1,,,,x\n', "holder is 'x'"),
    'shadow with a reason': (f'{SOUND}0.1,8,shadow,elbow,1,,,taken,\n', "reason is 'taken'"),
    'stop with a holder': (f'{SOUND}0.1,8,stop,,,,x,hand,x\n', "holder is 'x'"),
    'shadow without a value': (f'{SOUND}0.1,8,shadow,elbow,,,x,,\n', "value is ''"),
    'row of an old file': (f'{SOUND}0.1,8,stop,,,,x,hand\n', '8 columns, expected 9'),
}
"""The text of a recording with a damaged third line, and the error."""


@pytest.mark.parametrize('kind', DAMAGE)
def test_a_damaged_row_of_a_hand_over_moves_nothing(kind: str, url: str, tmp_path: Path) -> None:
    """One line names the damaged row, and the room is not joined."""
    text, why = DAMAGE[kind]
    path = tmp_path / 'arm.csv'
    path.write_text(text)

    done = finished('replay_room', '--server-url', url, '--room-id', 'none', path)

    assert done.returncode == 1
    assert done.stderr.startswith(f'replay_room: {path}, line 3: ')
    assert why in done.stderr


async def test_a_replay_ends_when_a_person_takes_control(url: str, tmp_path: Path) -> None:
    """It prints who has control, instead of sending updates that move nothing."""
    path = tmp_path / 'long.csv'
    rows = ''.join(f'{n / 10},{n},update,elbow,{n}.5,,,,\n' for n in range(200))
    path.write_text(f'{HEAD}\n{rows}')
    _, room = await RoboticsConsumer(url).create_room('lab')
    place = ('--server-url', url, '--workspace-id', 'lab', '--room-id', room)
    async with operator(url, 'lab', room, 'person') as person:
        with running_example('replay_room', *place, path) as replay:
            await wait_until(lambda: person.sources, 'an update')
            await person.take()
            await wait_until(lambda: not replay.is_alive, 'the end')

            assert replay.wait() == 1
            assert 'person has control; the rest is not replayed' in replay.output
