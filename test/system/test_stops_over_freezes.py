# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A stop during a freeze of the server, the bridge or the link stops the robot afterwards.

Lengths and times are random, from a printed seed. ``make faults`` makes a hundred tries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
import signal

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import Bool
from support.fault_proxy import FaultProxy
from support.faults import FOLLOWER, ROOM, Stage, fault_stage
from support.frames import without_features
from support.freezing import Freeze, Outcome, freezes, press_during
from support.participant import Participant, running_participant
from support.robot import WORKSPACE
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer


@pytest.fixture(name='stage', scope='module')
def fixture_stage() -> Iterator[Stage]:
    """Run a follower that moves."""
    with fault_stage() as stage:
        yield stage


@pytest.fixture(name='person', scope='module')
def fixture_person(stage: Stage) -> Iterator[Participant]:
    """Join the room as a person, without the proxy."""
    with running_participant(
        RoboticsConsumer(stage.arena_url), WORKSPACE, ROOM, 'person', sees_robots=True
    ) as person:
        yield person


def reset_and_move(stage: Stage) -> None:
    """Reset the stop, and wait until the arm is commanded again."""
    wait_for(lambda: stage.call('reset_emergency_stop').success, 'the reset')
    stage.wait_for_motion()


def check_each(
    stage: Stage,
    kind: str,
    attempt: Callable[[Freeze], Outcome],
    *,
    press_from_s: float = 0.0,
) -> None:
    """Make the tries of one kind, and check that each stop stopped the robot."""
    outcomes = []
    for freeze in freezes(kind, press_from_s=press_from_s):
        outcomes.append(attempt(freeze))
        print(outcomes[-1])
        if outcomes[-1].stopped_s is not None:
            reset_and_move(stage)
    lost = sum(outcome.stopped_s is None for outcome in outcomes)
    moved = max(outcome.moved for outcome in outcomes)
    stopped_s = max(outcome.stopped_s or 0.0 for outcome in outcomes)
    told = f'{len(outcomes)} tries, {lost} stops lost, at most {moved:.3f} rad after the freeze'

    assert not [outcome for outcome in outcomes if not outcome.is_good], told
    stage.record(f'stop pressed while {kind}', noticed_s=stopped_s, told=told, healed_s=None)


def wait_for_stopped_state(person: Participant, count: int) -> None:
    """Wait until a state after the first ``count`` states reports that the robot is stopped."""
    wait_for(
        lambda: any(
            state is not None and state.gate == 'stopped' for _, state in person.states[count:]
        ),
        'the state "stopped"',
    )


def press_in_room(
    stage: Stage,
    person: Participant,
    freeze: Freeze,
    *,
    halt: Callable[[], object],
    thaw: Callable[[], object],
    is_bridge: bool = False,
) -> Outcome:
    """Press in the room, and check that the person receives the robot's stopped state."""
    known, heard = len(person.states), len(person.stops)

    def sent_at() -> float:
        wait_for(lambda: len(person.stopped_at) > heard, 'the stop at the person')
        return person.stopped_at[heard]

    outcome = press_during(
        stage,
        freeze,
        halt=halt,
        thaw=thaw,
        press=lambda: person.stop('pressed during a freeze'),
        sent_at=sent_at,
        is_bridge=is_bridge,
    )
    if outcome.stopped_s is not None:
        wait_for_stopped_state(person, known)
    return outcome


def test_a_stop_while_the_server_is_frozen_is_not_lost(stage: Stage, person: Participant) -> None:
    """The bridge rejoins after the freeze, and the room sends the missed stop."""
    check_each(
        stage,
        'the arena is frozen',
        partial(
            press_in_room,
            stage,
            person,
            halt=lambda: stage.arena.signal(signal.SIGSTOP),
            thaw=lambda: stage.arena.signal(signal.SIGCONT),
        ),
    )


def test_a_stop_while_the_bridge_is_frozen_is_not_lost(stage: Stage, person: Participant) -> None:
    """The frozen bridge finds the stop in its socket, after all earlier messages."""
    check_each(
        stage,
        'the bridge is frozen',
        partial(
            press_in_room,
            stage,
            person,
            halt=lambda: stage.bridge.signal(signal.SIGSTOP),
            thaw=lambda: stage.bridge.signal(signal.SIGCONT),
            is_bridge=True,
        ),
    )


def test_a_stop_while_the_link_is_frozen_is_not_lost(stage: Stage, person: Participant) -> None:
    """The stop is delivered late, or stored in the room that the bridge rejoins."""
    check_each(
        stage,
        'the link is frozen',
        partial(
            press_in_room,
            stage,
            person,
            halt=lambda: stage.proxy.act(FaultProxy.freeze),
            thaw=lambda: stage.proxy.act(FaultProxy.thaw),
        ),
    )


def test_a_server_without_a_stored_stop_loses_no_stop_of_a_frozen_bridge(
    stage: Stage, person: Participant
) -> None:
    """The bridge reads the stop from its socket, because the public server stores none."""
    set_change(stage, without_features)
    try:
        check_each(
            stage,
            'the bridge is frozen, public server',
            partial(
                press_during,
                stage,
                halt=lambda: stage.bridge.signal(signal.SIGSTOP),
                thaw=lambda: stage.bridge.signal(signal.SIGCONT),
                press=lambda: person.stop('pressed during a freeze'),
                is_bridge=True,
            ),
        )
    finally:
        set_change(stage, None)


def set_change(stage: Stage, change: Callable[[bytes], list[bytes]] | None) -> None:
    """Change the frames from the follower's bridge, and wait until it has rejoined."""

    def changed(proxy: FaultProxy) -> None:
        proxy.up.change = change
        proxy.cut()

    joins = int(stage.value('consume link', 'joins'))
    stage.proxy.act(changed)
    wait_for(lambda: int(stage.value('consume link', 'joins')) > joins, 'the next join')
    stage.wait_for_motion()


def test_a_stop_by_topic_while_the_bridge_is_frozen_comes_before_any_command() -> None:
    """The bridge waits for a stop that DDS delivers up to three seconds late."""
    with fault_stage(rate_hz=500.0) as stage:
        topic = f'/{FOLLOWER}/emergency_stop'
        button = stage.probe.node.create_publisher(Bool, topic, 10)
        wait_for(lambda: button.get_subscription_count() == 2, 'the subscriptions')

        def attempt(freeze: Freeze) -> Outcome:
            outcome = press_during(
                stage,
                freeze,
                halt=lambda: stage.bridge.signal(signal.SIGSTOP),
                thaw=lambda: stage.bridge.signal(signal.SIGCONT),
                press=lambda: button.publish(Bool(data=True)),
                is_bridge=True,
            )
            button.publish(Bool(data=False))
            return outcome

        check_each(stage, 'the bridge is frozen, by ROS topic', attempt, press_from_s=1.5)
