# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A robot that is led through a real arena: what is observed, sent, refused and never sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import logging
import threading
from typing import Any

from lerobot_arena_link import (
    CameraRoom,
    EmergencyStopped,
    JointMap,
    JointSetting,
    NoObservation,
    NotConnected,
    NotInControl,
    RemoteRobot,
    RobotProblem,
    RobotSettings,
)
import pytest
from support.loop_thread import LoopThread
from support.remote_arm import RemoteArm
from support.waiting import wait_for

from lerobot_arena_ros.arena.errors import RoleTaken, RoomNotFound

TWO = {'elbow': JointSetting(), 'gripper': JointSetting()}
ACTION = {'elbow.pos': 11.0, 'gripper.pos': 49.0}
AGE_S = 20.0
"""A busy machine delivers late."""

SHORT_S = 0.3


def settings(arm: RemoteArm, units: str = 'degrees', **more: Any) -> RobotSettings:
    """Return the settings of a link to an arm."""
    given: dict[str, Any] = {'max_age_s': AGE_S, 'timeout_s': 30.0, **more}
    return RobotSettings(
        server_url=arm.url,
        workspace_id=arm.workspace_id,
        joint_room=arm.joint_room,
        command_room=arm.command_room,
        joints=JointMap(units, TWO),
        **given,
    )


@contextmanager
def connected(arm: RemoteArm, **more: Any) -> Iterator[RemoteRobot]:
    """Connect to an arm while the context is open."""
    robot = RemoteRobot(settings(arm, **more))
    robot.connect()
    try:
        yield robot
    finally:
        robot.disconnect()


def test_an_action_reaches_the_robot_and_its_joints_are_observed(arm: RemoteArm) -> None:
    """The robot receives what was sent, and the observation has what it measured."""
    with connected(arm) as robot:
        assert robot.observe().joints == {'elbow.pos': 10.0, 'gripper.pos': 50.0}
        assert robot.send(ACTION) == ACTION
        wait_for(lambda: arm.commands, 'the command')

        arm.joints = {'elbow': 11.0, 'gripper': 49.0}
        wait_for(lambda: robot.observe().joints == ACTION, 'the new observation')

    assert arm.commands == [{'elbow': 11.0, 'gripper': 49.0}]


def test_nothing_is_sent_but_the_actions(arm: RemoteArm) -> None:
    """Connecting, observing and disconnecting send no command, before and after an action."""
    with connected(arm) as robot:
        robot.observe()
    with connected(arm) as robot:
        robot.send(ACTION)
    with connected(arm) as robot:
        robot.observe()
    # A later command shows that nothing came before it.
    with connected(arm) as robot:
        robot.send({'elbow.pos': -1.0, 'gripper.pos': -1.0})
        wait_for(lambda: {'elbow': -1.0, 'gripper': -1.0} in arm.commands, 'the last command')

    assert arm.commands == [{'elbow': 11.0, 'gripper': 49.0}, {'elbow': -1.0, 'gripper': -1.0}]


def test_an_invalid_action_is_refused_as_a_whole(arm: RemoteArm) -> None:
    """No joint of an action with a NaN or an unknown joint is sent."""
    with connected(arm) as robot:
        with pytest.raises(ValueError, match=r'elbow\.pos: expected a finite number, got nan'):
            robot.send({**ACTION, 'elbow.pos': float('nan')})
        with pytest.raises(ValueError, match='unknown'):
            robot.send({**ACTION, 'wrist.pos': 0.0})
        robot.send(ACTION)
        wait_for(lambda: arm.commands, 'the valid command')

    assert arm.commands == [{'elbow': 11.0, 'gripper': 49.0}]


def test_after_an_emergency_stop_nothing_is_sent(arm: RemoteArm) -> None:
    """Each later action is an error with the reason, until the program connects again."""
    with connected(arm) as robot:
        arm.stop('a hand in the way')

        def refuses() -> bool:
            try:
                robot.send(ACTION)
            except EmergencyStopped as exc:
                assert 'a hand in the way: reset it at the robot' in str(exc)
                return True
            return False

        wait_for(refuses, 'the stop')
        sent = len(arm.commands)
        assert refuses()
    with connected(arm) as robot:
        # The server forwards changed values only.
        robot.send({'elbow.pos': -1.0, 'gripper.pos': -1.0})
        wait_for(lambda: len(arm.commands) > sent, 'the first command after the stop')

    assert len(arm.commands) == sent + 1


def test_a_robot_whose_stop_is_latched_is_not_led(arm: RemoteArm) -> None:
    """Connecting to a robot that reports a stop is an error with its reason."""
    arm.report(gate='stopped', stop='smoke')

    with pytest.raises(EmergencyStopped, match='by a person: smoke'):
        RemoteRobot(settings(arm)).connect()


@pytest.mark.parametrize(
    ('units', 'message'),
    [
        ({'elbow': 'normalized', 'gripper': 'degrees'}, 'elbow in normalized, expected degrees'),
        ({'elbow': 'degrees'}, r"has the joints \['gripper'\]"),
    ],
    ids=['other unit', 'missing joint'],
)
def test_a_robot_with_other_joints_is_not_led(
    arm: RemoteArm, units: dict[str, str], message: str
) -> None:
    """Connecting to a robot with another unit, or without a joint, is an error that names it."""
    arm.report(units=units)

    with pytest.raises(RobotProblem, match=message):
        RemoteRobot(settings(arm, timeout_s=SHORT_S * 10)).connect()


def test_a_robot_with_another_unit_that_comes_later_ends_the_sending(arm: RemoteArm) -> None:
    """When a robot begins to report another unit, actions are errors."""
    with connected(arm) as robot:
        arm.report(units={'elbow': 'radians', 'gripper': 'degrees'})

        def refuses() -> bool:
            try:
                robot.send(ACTION)
            except RobotProblem:
                return True
            return False

        wait_for(refuses, 'the error')


def test_an_observation_without_new_measurements_is_an_error(arm: RemoteArm) -> None:
    """When the robot is not measured any more, the last observation is not returned again."""
    with connected(arm, max_age_s=SHORT_S, timeout_s=10.0, require_robot=False) as robot:
        arm.measures = False
        with pytest.raises(NoObservation, match=r'at most 0\.3 s old, waited 10 s'):
            while True:
                robot.observe()


def test_joints_without_stamps_are_no_observation(arm: RemoteArm) -> None:
    """The age of joints without stamps is unknown, and the error states what to change."""
    arm.stamped = False
    # What was sent with stamps meanwhile is too old.
    robot = RemoteRobot(settings(arm, max_age_s=0.001, timeout_s=SHORT_S))

    with pytest.raises(NoObservation, match='the joints have no stamps'):
        robot.connect()


def test_a_room_that_has_a_producer_is_not_led(arm: RemoteArm) -> None:
    """A second program cannot lead the robot; it leaves the rooms again."""
    with connected(arm), pytest.raises(RoleTaken):
        RemoteRobot(settings(arm)).connect()
    assert not [each for each in threading.enumerate() if each.name == 'arena robot']


def test_a_lost_room_is_joined_again_and_logged(
    arm: RemoteArm, caplog: pytest.LogCaptureFixture
) -> None:
    """An action without a room is not sent later; the next one is, and the log has both events."""
    with caplog.at_level(logging.WARNING), connected(arm, require_robot=False) as robot:
        thread = threading.Thread(target=arm.replace_command_room)
        thread.start()
        wait_for(lambda: 'the connection is lost' in caplog.text, 'the loss')

        robot.send({'elbow.pos': 1.0, 'gripper.pos': 1.0})
        thread.join()

        wait_for(lambda: 'joined again' in caplog.text, 'the return')
        assert robot.send(ACTION) == ACTION
        wait_for(lambda: arm.commands, 'the action')
    assert arm.commands == [{'elbow': 11.0, 'gripper': 49.0}]


def test_a_room_that_stays_lost_is_an_error(arm: RemoteArm) -> None:
    """When the room does not come back in time, an action is an error that names the room."""
    with connected(arm, timeout_s=5.0) as robot:
        arm.delete_rooms()
        with pytest.raises(NotConnected, match='room commands is not joined'):
            while True:
                robot.send(ACTION)


def test_an_action_waits_until_a_person_gives_control_back(
    arm: RemoteArm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not sent then, because it was computed for another pose."""
    results: list[dict[str, float]] = []
    is_waiting = threading.Event()

    def wait(robot: RemoteRobot) -> None:
        is_waiting.set()
        wait_until_free(robot)

    wait_until_free = RemoteRobot._wait_until_free
    monkeypatch.setattr(RemoteRobot, '_wait_until_free', wait)
    with connected(arm) as robot:
        robot.send(ACTION)
        wait_for(lambda: len(arm.commands) == 1, 'the action')
        with arm.taken_over():
            wait_for(lambda: robot._obstacle(), 'the news')
            sending = threading.Thread(target=lambda: results.append(robot.send(ACTION)))
            sending.start()
            wait_for(is_waiting.is_set, 'the action to wait')
        sending.join()
        assert results == [{}]

        after = {'elbow.pos': -1.0, 'gripper.pos': -1.0}
        assert robot.send(after) == after
        wait_for(lambda: len(arm.commands) == 2, 'the next action')
    assert arm.commands == [{'elbow': 11.0, 'gripper': 49.0}, {'elbow': -1.0, 'gripper': -1.0}]


def test_an_action_from_before_a_take_over_is_not_sent(arm: RemoteArm) -> None:
    """Also if the person has given control back before the action was computed."""
    with connected(arm) as robot:
        robot.observe()
        robot.send(ACTION)
        before = robot._changes
        assert before is not None
        robot.observe()
        with arm.taken_over():
            pass
        wait_for(lambda: robot._changes == before + 2, 'the news')

        assert robot.send(ACTION) == {}
        robot.observe()
        assert robot.send(ACTION) == ACTION


def test_a_stop_during_a_take_over_is_an_error_at_once(arm: RemoteArm) -> None:
    """Not only after the time that this program waits for control."""
    with connected(arm) as robot:
        robot.send(ACTION)
        with arm.taken_over(gives_back=False):
            wait_for(lambda: robot._obstacle(), 'the news')
            arm.stop('a hand in the way')
            with pytest.raises(EmergencyStopped, match='a hand in the way'):
                robot.send(ACTION)
            with pytest.raises(EmergencyStopped, match='a hand in the way'):
                robot.observe()


def test_control_that_is_not_given_back_is_an_error(arm: RemoteArm) -> None:
    """
    It names who has control.

    Nothing is observed either, because a recording would have actions that the robot did not
    follow.
    """
    with connected(arm, timeout_s=2.0) as robot:
        robot.send(ACTION)
        with arm.taken_over():
            wait_for(lambda: robot._obstacle(), 'the news')
            with pytest.raises(NotInControl, match='^person has control of room commands, not '):
                robot.send(ACTION)
            with pytest.raises(NoObservation, match='person has control of room commands'):
                robot.observe()


def test_without_a_connection_everything_is_an_error(arm: RemoteArm) -> None:
    """Before connect and after disconnect, observing and sending are errors."""
    robot = RemoteRobot(settings(arm))
    for _ in range(2):
        with pytest.raises(NotConnected):
            robot.observe()
        with pytest.raises(NotConnected):
            robot.send(ACTION)
        robot.connect()
        robot.disconnect()
        robot.disconnect()


def test_a_missing_room_is_named(arm: RemoteArm) -> None:
    """A room that does not exist is an error of the client."""
    arm.joint_room = 'nowhere'

    with pytest.raises(RoomNotFound):
        RemoteRobot(settings(arm)).connect()


def test_pictures_come_with_the_joints(arm: RemoteArm) -> None:
    """An observation has the picture of each camera; another size than configured is an error."""
    pytest.importorskip('aiortc', reason='aiortc is not here: requirements/video.txt')
    import numpy as np

    from lerobot_arena_ros.video import create_producer_client

    async def grey() -> Any:
        return np.full((48, 64, 3), 90, dtype=np.uint8)

    async def start() -> Any:
        producer = await create_producer_client(arm.url, arm.workspace_id, 'front')
        await producer.start_custom_stream(grey)
        return producer

    loop = LoopThread('camera')
    producer = loop.run(start())
    try:
        cameras = {'front': CameraRoom('front', 64, 48)}
        more = {'tolerance_s': AGE_S, 'timeout_s': 60.0}
        with connected(arm, cameras=cameras, **more) as robot:
            seen = robot.observe()
            assert seen.joints == {'elbow.pos': 10.0, 'gripper.pos': 50.0}
            assert seen.pictures()['front'].shape == (48, 64, 3)
            assert abs(int(seen.pictures()['front'][24, 32, 0]) - 90) < 10
        with connected(arm, cameras={'front': CameraRoom('front')}, **more) as robot:
            seen = robot.observe()
            with pytest.raises(ValueError, match='camera front: expected pictures of 640x480'):
                seen.pictures()
    finally:
        loop.run(producer.disconnect())
        loop.run(asyncio.sleep(0))
        loop.close()
