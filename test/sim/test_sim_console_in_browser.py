# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""``make sim`` in a real browser: a slider moves the arm, and both cameras are shown."""

from __future__ import annotations

import re

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')
pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
pytest.importorskip('aiortc', reason='aiortc is not here: requirements/video.txt')

from support.browser import REJOIN_S, Console, running_browser
from support.console_cameras import shown
from support.console_rooms import take_control
from support.domain import own_domain
from support.gl import require_gl
from support.processes import running
from support.waiting import wait_for

from lerobot_arena_ros.nodes.demo.sim_cameras import CAMERAS, camera_room

JOINT = 'shoulder_pan'
TARGET_DEG = 20.0
NEAR_DEG = 3.0
PATIENCE_S = 120.0


def measured_deg(console: Console) -> float:
    """Return the angle that the page shows as measured; infinite before that."""
    found = console.joint(JOINT, 'measured')
    number = None if found is None else re.search(r'-?\d+(\.\d+)?', found.text)
    return float(number[0]) if number else float('inf')


def has_picture(console: Console, room: str) -> bool:
    """Return whether the page has decoded a picture of a camera."""
    return shown(console, room).corner is not None


def test_the_page_moves_the_arm_and_shows_both_cameras() -> None:
    """The page that the demo prints moves a joint, and shows pictures of both cameras."""
    require_gl()
    demonstration = running('executables:sim_demo', [], is_graceful=True)
    with own_domain(), demonstration as demo, running_browser() as console:
        wait_for(lambda: 'Ctrl-C ends all' in demo.output, 'the demo to run', PATIENCE_S)
        found = re.search(r'(http://[\d.:]+)/#([\w-]+)/(\w+)\n', demo.output)
        assert found is not None, demo.output
        console.open(found[1], found[2], found[3])
        console.wait_text('link', 'Joined', REJOIN_S)
        rooms = [camera_room(found[3], each) for each in CAMERAS]
        wait_for(
            lambda: all(has_picture(console, room) for room in rooms), 'both cameras', PATIENCE_S
        )
        take_control(console)
        console.type_value(JOINT, str(TARGET_DEG))

        wait_for(lambda: abs(measured_deg(console) - TARGET_DEG) < NEAR_DEG, 'the arm', PATIENCE_S)
        console.run('scrollTo(0, 0)')
        wait_for(
            lambda: all(shown(console, room).is_clear for room in rooms),
            'both cameras to be live',
            PATIENCE_S,
        )
        console.take_pictures('sim')
        assert console.logged_errors() == []
        assert demo.end() == 0, demo.output
