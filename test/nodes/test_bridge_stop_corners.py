# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Edge cases of the emergency stop, with the behaviour that is safe for people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
import signal
import sys

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import Bool
from support.domain import FASTDDS_PROFILE, own_domain
from support.fault_proxy import FaultProxy
from support.processes import Process, ros_arguments, running, running_command
from support.robot import DEFAULTS, NAMESPACE, Robot, robot
from support.stopping import press_until_received, reset, stop_publisher, wait_for_stop
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer

BOTH = {'consume.room_id': 'in', 'produce.room_id': 'out', 'joints': ['j1']}
OTHER = 'other'

BUTTON = """
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool

rclpy.init()
node = rclpy.create_node('button')
latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
publisher = node.create_publisher(Bool, '/robot/emergency_stop', latched)
publisher.publish(Bool(data=True))
rclpy.spin(node)
"""

QUICK_LEASE = '<leaseDuration><sec>3</sec></leaseDuration>'
"""Lease duration after which a lost participant is removed; Fast DDS has 20 s by default."""


@pytest.fixture(name='patient')
def fixture_patient() -> Iterator[Robot]:
    """Have a bridge with long timeouts, so that a slow link is not closed."""
    with robot({**BOTH, 'link.timeout_s': 20.0}) as bridged:
        for role in ('produce', 'consume'):
            bridged.wait_for_status(f'{role} link', 'joined')
        yield bridged


@pytest.fixture(name='bridged')
def fixture_bridged() -> Iterator[Robot]:
    """Have a bridge with a producer and a consumer, both joined."""
    with robot(BOTH) as bridged:
        for role in ('produce', 'consume'):
            bridged.wait_for_status(f'{role} link', 'joined')
        yield bridged


def check_mutual_stops(bridged: Robot, *ways: tuple[str, str]) -> None:
    """
    Check that a stop of each bridge reaches the other one, and reset all.

    The graph shows the subscriptions before the endpoints are matched.
    """
    seen = bridged.probe.stop_active

    def is_open() -> bool:
        for namespace in (NAMESPACE, OTHER):
            reset(bridged, namespace=namespace)
        bridged.next_statuses(3)
        return not any(any(seen[namespace][-3:]) for namespace in (NAMESPACE, OTHER))

    for one, other in ways:
        assert bridged.probe.call(one, 'trigger_emergency_stop').success
        wait_for_stop(bridged, namespace=other)
        wait_for(is_open, 'both to be open again', 40.0)


def stops_during(bridged: Robot, room: str, act: Callable[[list[str]], None]) -> list[str]:
    """Act while a client is in a room, and return the reasons of all stops that it received."""
    received: list[str] = []

    async def listen(consumer: RoboticsConsumer) -> None:
        consumer.on_emergency_stop(lambda stop: received.append(stop.reason or ''))
        await asyncio.get_running_loop().run_in_executor(None, act, received)

    bridged.listen(room, listen)
    return received


def _is(received: list[str], expected: list[str]) -> bool:
    return received == expected


def lose_and_find(bridged: Robot) -> None:
    """Cut the link for a while."""
    bridged.proxy.cut()
    bridged.wait_for_status('consume link', 'cannot connect')
    bridged.wait_for_status('produce link', 'cannot connect')
    bridged.proxy.open()
    bridged.wait_for_status('consume link', 'joined')
    bridged.wait_for_status('produce link', 'joined')


@contextmanager
def button(folder: Path) -> Iterator[Process]:
    """Have a node in its own process that publishes true once, latched."""
    profile = folder / 'profile.xml'
    everybodys = FASTDDS_PROFILE.read_text(encoding='utf-8')
    own = everybodys.replace('<discovery_config>', f'<discovery_config>{QUICK_LEASE}')
    profile.write_text(own, encoding='utf-8')
    lease = dict.fromkeys(
        ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'), str(profile)
    )
    with running_command([sys.executable, '-c', BUTTON], variables=lease) as process:
        yield process


def test_a_publisher_that_was_killed_asserting_holds_until_it_is_missed(
    bridged: Robot, tmp_path: Path
) -> None:
    """After its last true, nothing may move before the lease of the publisher has expired."""
    with button(tmp_path) as process:
        wait_for_stop(bridged)
        process.kill()
        assert 'is still true' in reset(bridged)

        wait_for(lambda: reset(bridged) == 'ok: reset', 'the dead publisher to be missed', 40.0)
        assert bridged.next_statuses(3)[-1] is False


def test_a_stop_is_not_pushed_out_by_other_messages(bridged: Robot) -> None:
    """One true counts, although many false messages follow while the bridge is busy."""
    publisher = bridged.probe.node.create_publisher(Bool, f'/{NAMESPACE}/emergency_stop', 100)
    wait_for(lambda: publisher.get_subscription_count() == 2, 'the subscription of the bridge')
    bridged.bridge.signal(signal.SIGSTOP)
    for stop in [True] + [False] * 20:
        publisher.publish(Bool(data=stop))
    bridged.bridge.signal(signal.SIGCONT)

    wait_for_stop(bridged)
    wait_for(lambda: reset(bridged) == 'ok: reset', 'the stop to be reset')


def test_two_publishers_that_disagree_are_one_that_stops(bridged: Robot) -> None:
    """A true of one publisher counts as long as it is repeated, despite the other's false."""
    pressed, released = stop_publisher(bridged, 'reliable'), stop_publisher(bridged, 'reliable')
    press_until_received(bridged, pressed)
    node = bridged.probe.node
    repeat = node.create_timer(0.3, lambda: pressed.publish(Bool(data=True)))
    node.create_timer(0.05, lambda: released.publish(Bool(data=False)))

    answers = [reset(bridged) for _ in bridged.next_statuses(4)]
    assert all(answer.startswith('not reset') for answer in answers), answers
    bridged.probe.destroy(repeat)
    pressed.publish(Bool(data=False))
    wait_for(lambda: reset(bridged) == 'ok: reset', 'the stop to be reset')


def test_bridges_that_listen_to_each_other_can_be_reset() -> None:
    """The bridge where the stop began is reset first; both stop again at the next stop."""
    status = '/{}/arena_bridge/emergency_stop_active'
    ears = f'emergency_stop:={status.format(OTHER)}'
    with robot({'produce.room_id': 'a'}, '-r', ears) as bridged:
        bridged.probe.watch(OTHER)
        other = ros_arguments(
            OTHER,
            {**DEFAULTS, 'server_url': bridged.url, 'produce.room_id': 'b'},
            '-r',
            f'emergency_stop:={status.format(NAMESPACE)}',
        )
        with running('nodes.bridge.main', other):
            # The endpoints are matched once a status has arrived in each direction.
            wait_for_stop(bridged, False, namespace=OTHER)
            wait_for(
                lambda: (
                    bridged.probe.node.count_subscribers(status.format(NAMESPACE)) == 4
                    and bridged.probe.node.count_subscribers(status.format(OTHER)) == 4
                ),
                'both subscriptions',
            )
            check_mutual_stops(bridged, (NAMESPACE, OTHER), (OTHER, NAMESPACE))
            assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
            wait_for_stop(bridged, namespace=OTHER)
            bridged.next_statuses(2)

            assert 'reset that one first' in reset(bridged, namespace=OTHER)
            assert reset(bridged) == 'ok: reset'
            assert not any(bridged.next_statuses(2))
            wait_for(lambda: reset(bridged, namespace=OTHER) == 'ok: reset', 'the other to open')
            wait_for_stop(bridged, False, namespace=OTHER)
            assert not any(bridged.next_statuses(3))

            assert bridged.probe.call(OTHER, 'trigger_emergency_stop').success
            wait_for_stop(bridged)


def test_a_bridge_that_listens_to_one_that_is_stopped_stays_stopped() -> None:
    """The other bridge does not subscribe in turn, so the stop is not taken for an echo."""
    status = '/{}/arena_bridge/emergency_stop_active'
    with robot(
        {'produce.room_id': 'a'}, '-r', f'emergency_stop:={status.format(OTHER)}'
    ) as bridged:
        bridged.probe.watch(OTHER)
        other = ros_arguments(
            OTHER, {**DEFAULTS, 'server_url': bridged.url, 'produce.room_id': 'b'}
        )
        with running('nodes.bridge.main', other):
            wait_for_stop(bridged, False, namespace=OTHER)
            wait_for(
                lambda: bridged.probe.node.count_subscribers(status.format(OTHER)) == 4,
                'the subscription to the other bridge',
            )
            check_mutual_stops(bridged, (OTHER, NAMESPACE))
            assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
            wait_for_stop(bridged)
            assert bridged.probe.call(OTHER, 'trigger_emergency_stop').success
            wait_for_stop(bridged, namespace=OTHER)
            bridged.next_statuses(3)

            assert 'reset that one first' in reset(bridged)

            wait_for(lambda: reset(bridged, namespace=OTHER) == 'ok: reset', 'the other to open')
            wait_for(lambda: reset(bridged) == 'ok: reset', 'the one to open')


def test_a_status_that_is_its_own_input_is_refused() -> None:
    """A bridge that receives its own status could never be reset."""
    arguments = ros_arguments(
        NAMESPACE,
        {**DEFAULTS, 'produce.room_id': 'a'},
        '-r',
        'emergency_stop:=/robot/arena_bridge/emergency_stop_active',
    )
    with own_domain(), running('nodes.bridge.main', arguments) as bridge:
        assert bridge.wait() == 2, bridge.output
        assert 'the bridge would receive its own status' in bridge.output
        assert 'Traceback' not in bridge.output


def test_a_link_that_flaps_neither_clears_a_stop_nor_stops_again_after_the_reset(
    bridged: Robot,
) -> None:
    """After each reconnect the room receives the stop, until the reset, and then no more."""
    reason = 'stop triggered by service'

    def flap(received: list[str]) -> None:
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        wait_for(lambda: received == [reason], 'the stop')
        for count in (2, 3):
            lose_and_find(bridged)
            wait_for(partial(_is, received, [reason] * count), f'the stop, {count} times')
            assert all(bridged.next_statuses(2))
        assert reset(bridged) == 'ok: reset'
        lose_and_find(bridged)
        assert not any(bridged.next_statuses(3))

    assert stops_during(bridged, 'in', flap) == [reason] * 3


def test_a_reset_before_the_reconnect_holds(bridged: Robot) -> None:
    """The room still receives the stop once; its echo does not stop the bridge again."""

    def act(received: list[str]) -> None:
        bridged.proxy.cut()
        bridged.wait_for_status('consume link', 'cannot connect')
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        assert reset(bridged) == 'ok: reset'
        bridged.proxy.open()
        wait_for(lambda: received, 'the stop')
        assert not any(bridged.next_statuses(3))

    assert stops_during(bridged, 'in', act) == ['stop triggered by service']


def test_a_stop_lost_in_a_dead_socket_is_sent_again(bridged: Robot) -> None:
    """A stop that was written to a dead link is sent again, even if it was reset meanwhile."""

    def act(received: list[str]) -> None:
        bridged.proxy.act(FaultProxy.freeze)
        assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
        assert reset(bridged) == 'ok: reset'
        bridged.wait_for_status('consume link', 'no answer from the server')
        bridged.proxy.act(FaultProxy.cut)
        bridged.proxy.act(FaultProxy.thaw)
        wait_for(lambda: received, 'the stop')
        bridged.wait_for_status('consume link', 'joined')
        assert not any(bridged.next_statuses(3))

    assert stops_during(bridged, 'in', act) == ['stop triggered by service']


def test_an_echo_after_the_reset_does_not_stop(patient: Robot) -> None:
    """Our own stop, delayed by a slow network, does not count as a stop of another participant."""
    bridged, delay_s = patient, 0.8

    def slow_down() -> None:
        bridged.proxy.act(lambda proxy: setattr(proxy.down, 'delay_s', delay_s))

    slow_down()
    assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
    assert reset(bridged) == 'ok: reset'

    # The echo arrives before the answers to the heartbeats that are sent from now on.
    sent = bridged.count('consume link', 'heard_frames')
    wait_for(
        lambda: bridged.count('consume link', 'heard_frames') >= sent + 5,
        'the echo and more',
    )
    assert not any(bridged.next_statuses(3))
