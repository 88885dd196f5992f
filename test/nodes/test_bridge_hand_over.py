# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a robot does when another participant gets control of its room."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
import itertools
import math
import threading
import time
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from lifecycle_msgs.msg import Transition
from std_msgs.msg import String
from std_srvs.srv import Trigger
from support.fault_proxy import FaultProxy
from support.leading import in_thread, leading, send
from support.operators import Operator, operator
from support.probe import LATCHED, stamp_s
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.server import running_server
from support.waiting import ticks, wait_for, wait_until

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.control_messages import ControlPolicy
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.server.rooms.limits import Policy
from lerobot_arena_ros.server.rooms.room import Room

VELOCITY, ACCELERATION = 1.0, 5.0
PERIOD_S = 0.01
SPAN_S = 0.05
BRAKING = VELOCITY**2 / (2 * ACCELERATION)
NOTICED = 1.0
"""How far the arm moves until a busy machine has passed on a change, in radians."""

CONSUME = {
    'consume.room_id': 'a',
    'joints': ['j1', 'j2'],
    'consume.max_velocity': VELOCITY,
    'consume.max_acceleration': ACCELERATION,
    'consume.max_lead': 0.0,
}
CLUTCH = {
    'consume.on_handover': 'hold',
    'consume.require_feedback': 'always',
    'consume.max_lead': 0.5,
}
LEAD = {'produce.room_id': 'a', 'joints': ['j1'], 'produce.role': 'operator'}
LANE = 'consume: joint updates take a fast lane now'
NOBODY = 'nobody has control of the room'
RELEASED = 'consume: release_control: done'

arenas = pytest.mark.parametrize('lanes', [False, True], ids=['websocket', 'lane'])

Act = Callable[[Operator, Operator], Awaitable[None]]


def arena(policy: ControlPolicy = ControlPolicy.TAKE, *, lanes: bool = False) -> Any:
    """Return a function that runs an arena with this policy of control."""
    return partial(running_server, policy=Policy(control=policy), lanes=lanes)


def with_two(bridged: Robot, act: Act) -> None:
    """Call a function with a policy and a person in the robot's room, when the robot is there."""
    links = ('consume link', 'produce link')
    wait_for(lambda: 'joined' in [bridged.status(link) for link in links], 'the room')

    async def run() -> None:
        async with AsyncExitStack() as stack:
            both = [
                await stack.enter_async_context(operator(bridged.url, WORKSPACE, 'a', name))
                for name in ('policy', 'person')
            ]
            await act(*both)

    asyncio.run(run())


async def seen(bridged: Robot, text: str, status: str = 'safety') -> None:
    """Wait until a status contains a text."""
    await in_thread(lambda: bridged.wait_for_status(status, text))


async def ready(bridged: Robot) -> None:
    """Wait until only an update is missing."""
    texts = ('waiting for a live update', 'is unknown')
    await wait_until(lambda: any(text in bridged.status('safety') for text in texts), 'the gate')


async def call(bridged: Robot, service: str) -> Trigger.Response:
    """Call a service of the bridge."""
    answer: Trigger.Response = await in_thread(lambda: bridged.probe.call(NAMESPACE, service))
    return answer


async def led(bridged: Robot) -> None:
    """Let the leader take control, and wait until it drives."""
    assert (await call(bridged, 'take_control')).success
    await seen(bridged, 'sending', 'producing')


async def known_leader(to: Operator) -> str:
    """Wait until an operator knows that the leader has control, and return the leader's id."""
    await wait_until(lambda: (to.holder or '').startswith('robot-bridge-'), 'the leader')
    return str(to.holder)


def first(bridged: Robot) -> list[float]:
    """Return the commands to the first joint so far."""
    return [command.position[0] for command in bridged.commands]


def at_time(bridged: Robot, moment: float) -> float:
    """Return the first command to the first joint after a time, or the last one before it."""
    command = (bridged.commands_after(moment) or bridged.commands[-1:])[0]
    return float(command.position[0])


async def at_rest(bridged: Robot) -> None:
    """Wait until no command has come for two statuses, which are published twice a second."""

    async def is_silent() -> bool:
        commands = len(bridged.commands)
        await in_thread(bridged.next_statuses)
        return len(bridged.commands) == commands

    for _ in range(20):
        if await is_silent():
            return
    raise AssertionError('the commands do not end')


async def followed(bridged: Robot, degrees: float) -> None:
    """Wait until the first joint is commanded to a position in degrees."""
    at = math.radians(degrees)
    await wait_until(
        lambda: bridged.commands and math.isclose(first(bridged)[-1], at, abs_tol=1e-6),
        f'j1 at {degrees}',
    )


async def in_motion(bridged: Robot, policy: Operator) -> None:
    """Let the policy take control, and move the first joint at full speed."""
    await policy.take()
    await ready(bridged)
    await policy.send(j1=0.0, j2=0.0)
    await wait_until(lambda: bridged.commands, 'the first command')
    await policy.send(j1=170.0)
    await wait_until(lambda: first(bridged)[-1] > 1.0, 'the motion')


async def stream(of: Operator, **values: float) -> None:
    """Send values at 100 Hz until the task is cancelled."""
    async for number in ticks(100.0):
        await of.send(**{name: value + number * 1e-6 for name, value in values.items()})


def check_motion(bridged: Robot) -> None:
    """
    Check the velocity and the acceleration of each joint over all commands.

    The bridge counts at most a period of time between two commands, so this counts time in the
    same way. The stamps have the noise of a busy machine, so the mean velocity in spans of 50 ms
    is compared: it changes by at most the acceleration times the span. This finds a reversal
    without braking; test_gate_handover.py checks each step exactly.
    """
    commands = bridged.commands
    times = [0.0]
    for early, late in itertools.pairwise(map(stamp_s, commands)):
        times.append(times[-1] + min(late - early, PERIOD_S))
    for number in range(2):
        positions = [command.position[number] for command in commands]
        steps = [abs(b - a) for a, b in itertools.pairwise(positions)]
        assert max(steps) <= VELOCITY * PERIOD_S + 1e-9
        velocities = []
        since, at = 0.0, positions[0]
        for moment, position in zip(times, positions, strict=True):
            if moment - since >= SPAN_S:
                velocities.append((position - at) / (moment - since))
                since, at = moment, position
        changes = [abs(b - a) for a, b in itertools.pairwise(velocities)]
        assert max(changes) <= ACCELERATION * (SPAN_S + PERIOD_S) + 0.5 * VELOCITY


@contextmanager
def measured(bridged: Robot, *positions: float) -> Iterator[None]:
    """Publish joint_states of an arm that begins at a pose and follows its commands."""
    is_over = threading.Event()

    def publish() -> None:
        while not is_over.wait(0.02):
            pose = list(bridged.commands[-1].position) if bridged.commands else list(positions)
            bridged.probe.publish_joints(NAMESPACE, ['j1', 'j2'][: len(pose)], pose)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


# ----- a change of the holder


@arenas
def test_a_person_takes_over_in_mid_motion(lanes: bool) -> None:
    """The arm brakes within its limits, and then follows the person slowly."""
    with robot(CONSUME, arena=arena(lanes=lanes)) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            if lanes:
                await wait_until(lambda: LANE in bridged.bridge.output, 'the lane')
            await in_motion(bridged, policy)
            streaming = asyncio.create_task(stream(policy, j1=170.0))

            await person.take()
            await person.send(j1=-10.0, j2=20.0)
            await followed(bridged, -10.0)

            streaming.cancel()
            assert bridged.commands[-1].position[1] == pytest.approx(math.radians(20.0))

        with_two(bridged, act)

        check_motion(bridged)
        assert max(first(bridged)) < math.radians(170.0) - 0.5
        change = 'consume: control: person has control (taken by person)'
        wait_for(lambda: change in bridged.bridge.output, 'the log')
        wait_for(lambda: bridged.value('consume link', 'control_policy') == 'take', 'the policy')


def test_the_arm_brakes_when_the_new_holder_sends_nothing() -> None:
    """It comes to rest, although the policy sends on."""
    with robot(CONSUME, arena=arena()) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await in_motion(bridged, policy)
            streaming = asyncio.create_task(stream(policy, j1=170.0))

            await person.take()
            taken_at = time.monotonic()
            await at_rest(bridged)

            await person.send(j1=0.0)
            await followed(bridged, 0.0)
            streaming.cancel()
            assert max(first(bridged)) < at_time(bridged, taken_at) + BRAKING + NOTICED
            assert max(first(bridged)) < math.radians(170.0) - 0.1

        with_two(bridged, act)
        check_motion(bridged)


@arenas
def test_nobody_moves_the_arm_while_nobody_has_control(lanes: bool) -> None:
    """After a release the arm brakes and holds; the cause says what to do."""
    with robot(CONSUME, arena=arena(lanes=lanes)) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await in_motion(bridged, policy)

            assert await policy.request('release_control') is None
            released_at = time.monotonic()
            await policy.send(j1=170.0)
            await person.send(j1=-90.0)
            await seen(bridged, f'holding: {NOBODY}')
            await at_rest(bridged)
            await person.take()
            await ready(bridged)
            at, rest = at_time(bridged, released_at), first(bridged)[-1]
            assert at <= rest < at + BRAKING + NOTICED
            assert rest < math.radians(170.0) - 0.1

            await person.send(j1=60.0)
            await followed(bridged, 60.0)

        with_two(bridged, act)
        check_motion(bridged)


def test_a_stop_releases_control_and_nobody_drives_after_the_reset() -> None:
    """Somebody has to take control again."""
    with robot(CONSUME, arena=arena()) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await in_motion(bridged, policy)

            await person.stop('hand in the way')
            await seen(bridged, 'EMERGENCY STOP')
            assert (await call(bridged, 'reset_emergency_stop')).success
            reset_at = time.monotonic()
            await seen(bridged, f'waiting: {NOBODY}')
            await policy.send(j1=90.0)
            await person.take()
            await ready(bridged)
            await at_rest(bridged)

            assert not bridged.commands_after(reset_at)

        with_two(bridged, act)


def test_who_has_control_is_latched() -> None:
    """A subscriber that comes late gets it; after the loss of the room it is empty."""
    heard: list[str] = []
    with robot(CONSUME, arena=arena()) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await wait_until(
                lambda: bridged.value('consume link', 'control_holder') == 'policy', 'the holder'
            )

            bridged.probe.node.create_subscription(
                String,
                f'/{NAMESPACE}/arena_bridge/control_holder',
                lambda message: heard.append(str(message.data)),  # type: ignore[attr-defined]
                LATCHED,
            )
            await wait_until(lambda: heard == ['policy'], 'the latched holder')
            await person.take()
            await wait_until(lambda: heard[-1] == 'person', 'the new holder')
            bridged.proxy.cut()
            await wait_until(lambda: heard[-1] == '', 'the loss')

        with_two(bridged, act)


def test_a_request_is_shown() -> None:
    """Diagnostics name who asks whom."""
    with robot(CONSUME, arena=arena(ControlPolicy.ASK)) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            asking = asyncio.create_task(person.request('take_control'))

            await wait_until(
                lambda: bridged.value('consume link', 'control_requests') == 'person',
                'the request',
            )
            assert await policy.request('refuse_control', to='person') is None
            assert 'keeps control' in str(await asking)
            await wait_until(
                lambda: bridged.value('consume link', 'control_requests') == 'none', 'no request'
            )

        with_two(bridged, act)


# ----- a release at the robot


def test_a_release_at_the_robot_holds_before_its_answer() -> None:
    """The holder that streams at 100 Hz moves the arm no more, until it gets control again."""
    with robot(CONSUME, arena=arena()) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await in_motion(bridged, policy)
            streaming = asyncio.create_task(stream(policy, j1=-170.0))
            await wait_until(lambda: first(bridged)[-1] < 0.9, 'the motion back')

            answer = await call(bridged, 'release_control')
            released_at = time.monotonic()
            assert answer.success
            assert 'policy has to release control' in answer.message
            await policy.until_holder(None)
            await seen(bridged, 'control was released at the robot')
            await at_rest(bridged)
            assert first(bridged)[-1] > at_time(bridged, released_at) - BRAKING - 0.01
            taken_at = time.monotonic()
            await policy.take()
            await wait_until(lambda: bridged.commands_after(taken_at), 'the policy again')
            streaming.cancel()

        with_two(bridged, act)
        check_motion(bridged)
        wait_for(lambda: RELEASED in bridged.bridge.output, 'the log')


def test_a_release_holds_while_updates_of_the_holder_still_arrive() -> None:
    """The request does not reach the room, and the lane still brings updates."""
    with robot(CONSUME, arena=arena(lanes=True)) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await wait_until(lambda: LANE in bridged.bridge.output, 'the lane')
            await in_motion(bridged, policy)
            streaming = asyncio.create_task(stream(policy, j1=170.0))
            bridged.proxy.act(FaultProxy.freeze)

            assert (await call(bridged, 'release_control')).success
            released_at = time.monotonic()
            await seen(bridged, 'control was released at the robot')
            heard = bridged.count('consume link', 'heard_frames')
            await wait_until(
                lambda: bridged.count('consume link', 'heard_frames') > heard + 20, 'updates'
            )

            assert person.holder == 'policy'
            await at_rest(bridged)
            assert first(bridged)[-1] < at_time(bridged, released_at) + BRAKING + 0.01
            bridged.proxy.act(FaultProxy.thaw)
            await person.until_holder(None)
            streaming.cancel()

        with_two(bridged, act)
        check_motion(bridged)


def test_one_service_releases_both_rooms() -> None:
    """That of the robot and that of the leader; the topic is about the robot."""
    both = {**CONSUME, 'produce.room_id': 'b', 'produce.role': 'operator'}
    with robot(both, arena=arena()) as bridged, measured(bridged, 0.0, 0.0):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'nobody has control', 'producing')
            await led(bridged)
            await person.until_holder('policy')

            answer = await call(bridged, 'release_control')

            assert answer.message == (
                'requested: policy has to release control; the robot holds; '
                'requested: this bridge has to release control'
            )
            await person.until_holder(None)
            await seen(bridged, 'nobody has control', 'producing')

        with_two(bridged, act)


def test_a_release_while_nobody_has_control_says_so() -> None:
    """It succeeds, because the robot holds."""
    with robot(CONSUME, arena=arena()) as bridged:

        async def act(policy: Operator, person: Operator) -> None:
            await seen(bridged, NOBODY)
            answer = await call(bridged, 'release_control')

            assert answer.success
            assert answer.message.startswith('nobody has control')
            # The request also ends control that is taken before the room has handled it.
            await wait_until(lambda: RELEASED in bridged.bridge.output, 'the answer of the room')
            await policy.take()
            await ready(bridged)

        with_two(bridged, act)


def test_a_release_without_a_room_fails() -> None:
    """The answer names what is missing: the configuration, and then the room."""
    with robot({**CONSUME, 'autostart': False}, arena=arena()) as bridged:
        assert bridged.probe.call(NAMESPACE, 'release_control').message == (
            'not released: the node is not configured'
        )
        bridged.proxy.cut()
        assert bridged.change_state(Transition.TRANSITION_CONFIGURE)

        answer = bridged.probe.call(NAMESPACE, 'release_control')

        assert not answer.success
        assert answer.message == (
            'not released: the consume room is not joined; '
            'to stop the robot, call ~/trigger_emergency_stop'
        )


def test_a_server_without_control_works_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its producer moves the arm, and a release says that there is no control."""
    known = Room.supported_features - {Feature.CONTROL}
    monkeypatch.setattr(Room, 'supported_features', known)
    with robot(CONSUME) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=10.0, j2=0.0)
            await followed(bridged, 10.0)

        leading(bridged, act)
        answer = bridged.probe.call(NAMESPACE, 'release_control')

        assert not answer.success
        assert 'has no control' in answer.message
        assert bridged.value('consume link', 'control_holder') == 'unknown'


# ----- the clutch


def test_the_clutch_waits_until_the_new_holder_matches() -> None:
    """The cause names the joint that is farthest away, and nothing moves before."""
    with robot({**CONSUME, **CLUTCH}, arena=arena()) as bridged, measured(bridged, 0.0, 0.0):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await ready(bridged)
            await policy.send(j1=1.0, j2=0.0)
            await followed(bridged, 1.0)
            await policy.send(j1=40.0)
            await followed(bridged, 40.0)

            await person.take()
            await person.send(j1=40.0, j2=30.0)
            await seen(bridged, 'hand-over: bring j2 within 0.1 rad of the robot: it is 0.524 rad')
            held_at = time.monotonic()
            await person.send(j1=10.0, j2=0.0)
            await seen(bridged, 'hand-over: bring j1 within 0.1 rad')
            await at_rest(bridged)
            assert not bridged.commands_after(held_at)

            await person.send(j1=42.0, j2=0.0)
            await followed(bridged, 42.0)
            await person.send(j1=0.0)
            await followed(bridged, 0.0)

        with_two(bridged, act)
        check_motion(bridged)


# ----- a leader that is an operator


@arenas
def test_an_operator_drives_only_after_it_took_control(lanes: bool) -> None:
    """It joins beside another one, streams without effect, and says what to call."""
    with robot(LEAD, arena=arena(lanes=lanes)) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'policy has control of the room; call ~/take_control', 'producing')
            assert bridged.count('producing', 'sent') > 0
            assert not person.sources

            answer = await call(bridged, 'take_control')
            assert answer.success
            assert answer.message == 'requested; policy has control now, see ~/control_holder'
            await seen(bridged, 'sending', 'producing')
            leader = await known_leader(person)
            await wait_until(lambda: leader in person.sources, 'an update of the leader')

            await person.take()
            await seen(bridged, 'person has control of the room', 'producing')
            bridged.proxy.cut()
            await seen(bridged, 'nothing is sent', 'producing')
            bridged.proxy.open()
            await seen(bridged, 'person has control of the room', 'producing')
            assert person.holder == 'person'

        with_two(bridged, act)
        wait_for(lambda: 'produce: take_control: done' in bridged.bridge.output, 'the log')


def test_an_operator_releases_control() -> None:
    """By its service, and when it is deactivated, because it sends nothing then."""
    with robot(LEAD, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await seen(bridged, 'nobody has control', 'producing')
            assert (await call(bridged, 'release_control')).message == 'nobody has control'
            await led(bridged)
            again = await call(bridged, 'take_control')
            assert again.message == 'this bridge has control already'
            await known_leader(person)

            assert (await call(bridged, 'release_control')).success
            await person.until_holder(None)
            await led(bridged)
            await known_leader(person)
            assert await in_thread(lambda: bridged.change_state(Transition.TRANSITION_DEACTIVATE))
            await person.until_holder(None)

            refused = await call(bridged, 'take_control')
            assert not refused.success
            assert refused.message.startswith('not taken: inactive')

        with_two(bridged, act)


def test_an_operator_gives_control_back() -> None:
    """To the policy from which it took control."""
    with robot(LEAD, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'policy has control', 'producing')
            answer = await call(bridged, 'give_control')
            assert answer.message == 'not given: policy has control, not this bridge'
            assert not answer.success
            await led(bridged)
            await known_leader(person)

            answer = await call(bridged, 'give_control')

            assert answer.success
            assert answer.message == 'requested: policy gets control, see ~/control_holder'
            await person.until_holder('policy')

        with_two(bridged, act)


def test_an_operator_gives_control_to_who_asks() -> None:
    """The log names the service."""
    with robot(LEAD, arena=arena(ControlPolicy.ASK)) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await seen(bridged, 'nobody has control', 'producing')
            await led(bridged)
            asking = asyncio.create_task(person.request('take_control'))
            text = 'person asks for control: call ~/give_control, or go on'
            await in_thread(lambda: bridged.wait_for_log(text))

            assert (await call(bridged, 'give_control')).success

            assert await asking is None
            await policy.until_holder('person')

        with_two(bridged, act)


def test_an_operator_that_took_control_from_nobody_has_nobody_to_give_it_to() -> None:
    """It can release control."""
    with robot(LEAD, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await led(bridged)

            answer = await call(bridged, 'give_control')

            assert not answer.success
            assert answer.message.startswith('not given: no other driver in the room asks')

        with_two(bridged, act)


@pytest.mark.parametrize('way', ['inactive', 'stopped'])
def test_an_operator_releases_control_that_it_is_given_while_it_must_not_drive(way: str) -> None:
    """Otherwise it would drive as soon as it is activated or reset."""
    with robot(LEAD, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'policy has control', 'producing')
            (leader,) = set(policy.controls[-1]['drivers']) - {'policy', 'person'}
            if way == 'inactive':
                deactivate = Transition.TRANSITION_DEACTIVATE
                assert await in_thread(lambda: bridged.change_state(deactivate))
            else:
                assert (await call(bridged, 'trigger_emergency_stop')).success
                await policy.until_holder(None)

            assert await policy.request('give_control', to=leader) is None
            await policy.until_holder(None)

            assert [each.get('holder') for each in policy.controls][-2:] == [leader, None]

        with_two(bridged, act)
        (line,) = bridged.wait_for_log('given to this bridge, and is released again')
        assert '[WARN]' in line


@pytest.mark.parametrize('leaving', ['release_control', 'give_control'])
def test_an_operator_takes_control_again_before_the_answer_of_the_room(leaving: str) -> None:
    """Its request follows, although the bridge still has control as far as it knows."""
    with robot(LEAD, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'policy has control', 'producing')
            await led(bridged)
            leader = await known_leader(person)
            number = person.controls[-1]['number']
            bridged.proxy.act(FaultProxy.freeze)

            assert (await call(bridged, leaving)).success
            answer = await call(bridged, 'take_control')
            assert answer.success
            assert answer.message.startswith('requested; ')

            bridged.proxy.act(FaultProxy.thaw)
            await wait_until(lambda: person.controls[-1]['number'] == number + 2, 'both')
            assert person.holder == leader

        with_two(bridged, act)


def test_a_holder_that_the_room_lets_keep_control_is_named() -> None:
    """Under the policy first, the service refuses at once."""
    with robot(LEAD, arena=arena(ControlPolicy.FIRST)) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'it has to release control first', 'producing')

            answer = await call(bridged, 'take_control')
            assert not answer.success
            assert 'policy has control' in answer.message
            answer = await call(bridged, 'release_control')
            assert not answer.success
            assert 'policy has control' in answer.message

        with_two(bridged, act)


def test_a_refusal_of_the_room_is_logged() -> None:
    """Under the policy ask, the answer comes when the holder has decided."""
    with robot(LEAD, arena=arena(ControlPolicy.ASK)) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'policy has control', 'producing')
            assert (await call(bridged, 'take_control')).success
            await wait_until(lambda: policy.controls[-1].get('requests'), 'the request')
            leader = policy.controls[-1]['requests'][0]

            assert await policy.request('refuse_control', to=leader) is None

            await wait_until(
                lambda: 'take_control was refused: policy keeps' in bridged.bridge.output,
                'the log',
            )

        with_two(bridged, act)


@pytest.mark.parametrize('way', ['service', 'deactivation'])
def test_a_request_of_a_leader_is_withdrawn(way: str) -> None:
    """Otherwise it would get control later, and drive as soon as it is activated again."""
    with robot(LEAD, arena=arena(ControlPolicy.ASK)) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await policy.take()
            await seen(bridged, 'policy has control', 'producing')
            assert (await call(bridged, 'take_control')).success
            await wait_until(lambda: policy.controls[-1].get('requests'), 'the request')

            if way == 'service':
                assert (await call(bridged, 'release_control')).success
            else:
                deactivate = Transition.TRANSITION_DEACTIVATE
                assert await in_thread(lambda: bridged.change_state(deactivate))

            await wait_until(lambda: not policy.controls[-1].get('requests'), 'the withdrawal')
            assert policy.holder == 'policy'
            refusal = 'take_control was refused: the request was withdrawn'
            await in_thread(lambda: bridged.wait_for_log(refusal))

        with_two(bridged, act)


def test_a_stopped_leader_takes_no_control() -> None:
    """Its emergency stop has to be reset first."""
    with robot(LEAD, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await seen(bridged, 'nobody has control', 'producing')
            assert (await call(bridged, 'trigger_emergency_stop')).success

            answer = await call(bridged, 'take_control')

            assert not answer.success
            assert 'emergency stop' in answer.message

        with_two(bridged, act)


def test_a_displaced_producer_says_who_has_control() -> None:
    """An operator may take control from a leader that is a producer."""
    plain = {**LEAD, 'produce.role': 'producer'}
    with robot(plain, arena=arena()) as bridged, measured(bridged, 0.5):

        async def act(policy: Operator, person: Operator) -> None:
            await seen(bridged, 'sending', 'producing')
            await person.take()
            await seen(bridged, 'person has control of the room', 'producing')

            await led(bridged)

        with_two(bridged, act)
