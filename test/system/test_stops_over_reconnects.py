# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A stop during the absence of a bridge: which stops the bridge gets at the next join."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import json
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.fake_arena import WebSocket, fake_arena, send_message
from support.fault_proxy import FaultProxy
from support.participant import Participant, running_participant
from support.probe import Probe, running_probe
from support.processes import ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, WORKSPACE, Robot, robot
from support.stopping import reset, wait_for_stop
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer

CONSUME = {'consume.room_id': 'a', 'joints': ['j1']}
OTHER = 'other'


@pytest.fixture(name='bridged')
def fixture_bridged() -> Iterator[Robot]:
    """Run a bridge that has joined its room."""
    with robot(CONSUME) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        yield bridged


@contextmanager
def person_in(bridged: Robot) -> Iterator[Participant]:
    """Join the room as a person, without the proxy."""
    with running_participant(RoboticsConsumer(bridged.url), WORKSPACE, 'a', 'person') as person:
        yield person


def bridge_id(bridged: Robot) -> str:
    """Return the participant id of the bridge, which is alone in its room."""
    state = asyncio.run(RoboticsConsumer(bridged.url).get_room_info(WORKSPACE, 'a'))
    (found,) = state['participants']['consumers']
    return str(found)


def flap(bridged: Robot) -> None:
    """Reset the connection, and wait until the bridge has rejoined."""
    joins = bridged.count('consume link', 'joins')
    bridged.proxy.act(FaultProxy.cut)
    wait_for(lambda: bridged.count('consume link', 'joins') > joins, 'the next join')


def stays_open(bridged: Robot, *, namespace: str = NAMESPACE) -> bool:
    """Return whether the latch stays open for two more statuses."""
    seen = bridged.probe.stop_active[namespace]
    count = len(seen)
    wait_for(lambda: len(seen) >= count + 2, 'two more statuses of the stop')
    return not any(seen[count:])


def test_a_stop_that_was_reset_does_not_come_back_with_the_link(bridged: Robot) -> None:
    """The bridge ignores a stop that it received before, although each join reports it."""
    with person_in(bridged) as person:
        person.stop('smoke')
        wait_for_stop(bridged)
        assert reset(bridged) == 'ok: reset'
        wait_for_stop(bridged, False)

        for _ in range(3):
            flap(bridged)
            assert stays_open(bridged)


def test_a_stop_pressed_while_the_bridge_was_away_stops_it_on_its_return(bridged: Robot) -> None:
    """The missed stop counts once; after the reset, the next join does not stop the bridge."""
    with person_in(bridged) as person:
        bridged.proxy.cut()
        bridged.wait_for_status('consume link', 'cannot connect')
        person.stop('smoke')
        wait_for(lambda: person.stops, 'the stop in the room')
        assert stays_open(bridged)

        bridged.proxy.open()
        wait_for_stop(bridged)
        bridged.wait_for_status('safety', 'EMERGENCY STOP: smoke (')
        assert 's before this robot joined) (from person in the consume room)' in bridged.status(
            'safety'
        )
        assert reset(bridged) == 'ok: reset'
        wait_for_stop(bridged, False)
        flap(bridged)
        assert stays_open(bridged)


def test_of_two_stops_the_one_that_was_missed_counts(bridged: Robot) -> None:
    """A bridge that received and reset the first stop stops for the second, missed one."""
    with person_in(bridged) as person:
        person.stop('first')
        wait_for_stop(bridged)
        assert reset(bridged) == 'ok: reset'
        wait_for_stop(bridged, False)
        bridged.proxy.cut()
        bridged.wait_for_status('consume link', 'cannot connect')
        person.stop('second')
        wait_for(lambda: len(person.stops) == 2, 'the stop in the room')
        bridged.proxy.open()

        wait_for_stop(bridged)
        bridged.wait_for_status('safety', 'EMERGENCY STOP: second (')


def test_a_stop_under_an_id_of_the_bridge_hides_no_stop_before_it(bridged: Robot) -> None:
    """An intruder with the id of the absent bridge cannot hide the stop of a person."""
    taken = bridge_id(bridged)
    with person_in(bridged) as person:
        bridged.proxy.cut()
        bridged.wait_for_status('consume link', 'cannot connect')
        person.stop('fire')
        wait_for(lambda: person.stops, 'the stop in the room')
        with running_participant(RoboticsConsumer(bridged.url), WORKSPACE, 'a', taken) as intruder:
            intruder.stop('harmless')
            wait_for(lambda: len(person.stops) == 2, 'the stop of the intruder')
        assert person.stops[1].source == taken
        bridged.proxy.open()

        wait_for_stop(bridged)


def test_a_stop_under_an_id_that_the_bridge_had_before_stops_it(bridged: Robot) -> None:
    """A stop under an earlier id of the bridge stops it, because its id has changed."""
    taken = bridge_id(bridged)
    flap(bridged)
    with running_participant(RoboticsConsumer(bridged.url), WORKSPACE, 'a', taken) as other:
        other.stop('smoke')

        wait_for_stop(bridged)


def test_the_own_stop_of_a_bridge_does_not_stop_it_again_after_its_reset(bridged: Robot) -> None:
    """The stored stop has the bridge's own id, so the bridge ignores it after its reset."""
    with person_in(bridged) as person:
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for(lambda: person.stops, 'the stop in the room')
        wait_for_stop(bridged)
        assert reset(bridged) == 'ok: reset'
        wait_for_stop(bridged, False)

        for _ in range(3):
            flap(bridged)
            assert stays_open(bridged)


def test_a_bridge_that_starts_just_after_a_stop_is_stopped(bridged: Robot) -> None:
    """A bridge that first joins within seconds after a stop is stopped."""
    bridged.probe.watch(OTHER)
    with person_in(bridged) as person:
        person.stop('smoke')
        wait_for_stop(bridged)
        parameters = {**DEFAULTS, **CONSUME, 'server_url': bridged.url}
        with running('nodes.bridge.main', ros_arguments(OTHER, parameters)):
            wait_for_stop(bridged, namespace=OTHER)


@pytest.mark.parametrize(
    ('age_s', 'is_stopped'), [(9.0, True), (11.0, False)], ids=['recent', 'old']
)
async def test_the_age_of_a_stop_counts_for_a_bridge_that_was_never_there(
    age_s: float, is_stopped: bool
) -> None:
    """A bridge that first joins ignores a stop that is older than ten seconds."""
    last_stop = {'reason': 'smoke', 'source': 'person', 'timestamp': 'T', 'age_s': age_s}

    async def arena(websocket: WebSocket) -> None:
        join: dict[str, Any] = json.loads(await websocket.receive_text())
        assert 'last_stop' in join['features']
        await send_message(websocket, 'state_sync', data={})
        await send_message(
            websocket,
            'joined',
            room_id='a',
            workspace_id=WORKSPACE,
            role='consumer',
            features=['last_stop'],
            last_stop=last_stop,
        )
        while True:
            await websocket.receive_text()
            await send_message(websocket, 'heartbeat_ack', has_producer=True)

    loop = asyncio.get_running_loop()
    with own_domain(), running_probe() as probe:
        probe.watch(NAMESPACE)
        async with fake_arena(arena) as fake:
            fake.room = {'id': 'a', 'workspace_id': WORKSPACE}
            parameters = {**DEFAULTS, **CONSUME, 'server_url': fake.url}
            with running('nodes.bridge.main', ros_arguments(NAMESPACE, parameters)):
                await loop.run_in_executor(None, wait_until_judged, probe, is_stopped)


def wait_until_judged(probe: Probe, is_stopped: bool) -> None:
    """Wait until the room is joined and the stop is as expected for two more statuses."""
    link = f'/{NAMESPACE}/arena_bridge: consume link'
    seen = probe.stop_active[NAMESPACE]
    wait_for(lambda: probe.text(link) == 'joined', 'the link')
    count = len(seen)
    wait_for(lambda: len(seen) >= count + 2, 'two more statuses of the stop')
    assert seen[-1] is is_stopped
