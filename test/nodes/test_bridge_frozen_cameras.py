# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A real arena_camera beside a real bridge: a picture that freezes holds the arm."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

pytest.importorskip('aiortc')

from support.driven_by_pictures import MAX_AGE_S, PATIENCE_S, Driven, driven  # noqa: E402
from support.video_rooms import make_video_room, video_rooms  # noqa: E402
from support.waiting import wait_for  # noqa: E402

from lerobot_arena_ros.nodes.bridge.conversions import stamp_ns  # noqa: E402

OLD = 'the newest picture that a viewer has of the camera front is'
BRAKING_S = 1.0
"""Longer than the arm takes to brake from 2 rad/s with 20 rad/s^2, and than one tick."""

MAX_STEP_RAD = 0.1
"""At 2 rad/s the commands of 100 Hz differ by 0.02 rad, and more after a tick that was late."""


def stop_the_topic(rig: Driven) -> Callable[[], None]:
    """Let the driver of the camera stop."""
    rig.feed.is_running = False
    return rig.feed.heal


def kill_the_node(rig: Driven) -> Callable[[], None]:
    """Kill the camera node with SIGKILL."""
    assert rig.camera is not None
    rig.camera.kill()
    return rig.start_camera


def delete_the_room(rig: Driven) -> Callable[[], None]:
    """Delete the video room; neither side may create it again."""
    httpx.delete(f'{video_rooms(rig.arm.url)}/front').raise_for_status()

    def heal() -> None:
        make_video_room(rig.arm.url, 'front')
        rig.watch()

    return heal


def repeat_a_stamp(rig: Driven) -> Callable[[], None]:
    """Let the driver go on with the same stamp, as one that repeats its last picture does."""
    rig.feed.stands_still = True
    return rig.feed.heal


def send_old_pictures(rig: Driven) -> Callable[[], None]:
    """Let the pictures arrive half a minute late."""
    rig.feed.offset_s = -30.0
    return rig.feed.heal


def leave_the_room(rig: Driven) -> Callable[[], None]:
    """Let the only viewer leave, while the camera goes on."""
    rig.stop_watching()
    return rig.watch


@pytest.mark.parametrize(
    'fault',
    [
        stop_the_topic,
        kill_the_node,
        delete_the_room,
        repeat_a_stamp,
        send_old_pictures,
        leave_the_room,
    ],
)
def test_a_frozen_picture_holds_the_arm_in_time_and_it_follows_again(
    fault: Callable[[Driven], Callable[[], None]],
) -> None:
    """Commands end within the allowed age, the cause is named, and motion resumes slowly."""
    with driven() as rig:
        heal = fault(rig)
        rig.wait_for_hold(OLD)
        held = len(rig.arm.commands)
        if fault is not kill_the_node:
            assert rig.camera is not None
            assert rig.camera.is_alive, rig.camera.output

        heal()
        rig.wait_for_motion()

        positions = [each.position[0] for each in rig.arm.commands]
        steps = [abs(b - a) for a, b in zip(positions, positions[1:], strict=False)]
        assert max(steps) < MAX_STEP_RAD
        assert steps[held - 1] < MAX_STEP_RAD / 4


def test_commands_end_within_the_allowed_age_of_the_last_picture() -> None:
    """The time counts from the stamp of the last picture, not from its arrival."""
    with driven() as rig:
        rig.feed.is_running = False
        rig.wait_for_hold(OLD)
        last_s = (stamp_ns(rig.arm.commands[-1].header.stamp) or 0) * 1e-9

        assert last_s - rig.feed.newest_s < MAX_AGE_S + BRAKING_S


def test_stamps_of_the_future_hold_the_arm_and_are_named() -> None:
    """The clock of a camera that is ahead hides how old its pictures are."""
    with driven() as rig:
        rig.feed.offset_s = 30.0
        rig.wait_for_hold('the stamps of the camera front are')

        rig.feed.heal()
        rig.wait_for_motion()


def test_a_second_camera_node_of_the_name_holds_the_arm() -> None:
    """Otherwise the pictures of one would hide that those of the other are frozen."""
    with driven() as rig:
        rig.start_camera()
        rig.wait_for_hold('several nodes report pictures of the camera front')
        assert rig.camera is not None
        assert rig.camera.end() == 0, rig.camera.output
        rig.wait_for_motion()
        wait_for(lambda: rig.arm.status('safety'), 'diagnostics', PATIENCE_S)
