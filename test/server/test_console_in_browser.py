# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser, with a real arena and bridge: driving, stopping, layout."""

from __future__ import annotations

from collections.abc import Iterator
import itertools
import math
import shlex
from typing import Any

import httpx
import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.browser import CONTRASTS, PHONE, TOO_WIDE, Console
from support.console_rooms import make_room, open_with_elbow, set_joints, take_control
from support.domain import own_domain
from support.participant import running_participant
from support.processes import running
from support.robot import NAMESPACE, WORKSPACE, Robot, robot
from support.stopping import reset
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

HOSTILE = '<img src=x onerror=document.title="owned">'
LONG = 'a_joint_whose_name_is_as_long_as_any_may_be_xxxxxx'
ARM = {'shoulder_pan': 30, 'shoulder_lift': 45, 'elbow_flex': 60, 'wrist_flex': 15}

INK = """
const canvas = arguments[0];
const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
const [rows, columns] = [new Set(), new Set()];
for (let at = 0; at < data.length; at += 4) {
  if (data[at + 2] > 150 && data[at + 3] > 200 && data[at] < 100) {
    rows.add(Math.floor(at / 4 / canvas.width));
    columns.add((at / 4) % canvas.width);
  }
}
return [columns.size, rows.size];
"""

ROBOT_NAMES = """
return [...document.querySelectorAll('#robots .robot-name')].map((each) => each.textContent);
"""

BURST = """
for (let value = 1001; value <= 1300; value += 1) {
  arguments[0].value = String(value / 100);
  arguments[0].dispatchEvent(new Event('input'));
}
"""


@pytest.fixture(scope='module', name='bridged')
def fixture_bridged(browser: Console) -> Iterator[Robot]:
    """Run a robot that follows the room ``arm`` and accepts resets from it."""
    parameters = {
        'consume.room_id': 'arm',
        'joints': ['j1'],
        'joint_map.j1.min': -math.pi / 2,
        'joint_map.j1.max': math.pi / 2,
        'emergency_stop.allow_remote_reset': True,
    }
    with robot(parameters) as bridged:
        bridged.wait_for_status('consume link', 'joined')
        yield bridged


def ensure_not_stopped(bridged: Robot) -> None:
    """Reset the stop of an earlier test, if there was one."""
    wait_for(lambda: reset(bridged).startswith('ok: '), 'the stop to be reset')


def last_command(bridged: Robot) -> float:
    """Return the last commanded position of the joint in degrees; NaN if there is none."""
    commands = bridged.commands
    return math.degrees(commands[-1].position[0]) if commands else math.nan


def test_a_slider_moves_the_robot_and_taking_control_does_not(
    console: Console, bridged: Robot
) -> None:
    """A slider starts at the room value; only the moved joint is sent, up to its last value."""
    ensure_not_stopped(bridged)
    set_joints(bridged.url, 'arm', j1=10, j2=20)
    console.open(bridged.url, WORKSPACE, 'arm')
    console.wait_joined()
    wait_for(lambda: console.value('j1') == 10, 'the value of j1')
    with running_participant(
        RoboticsConsumer(bridged.url), WORKSPACE, 'arm', 'onlooker'
    ) as onlooker:
        take_control(console)
        slider = console.joint('j1', 'slider')
        assert float(slider.get_attribute('value')) == pytest.approx(10.0)
        wait_for(lambda: console.joint('j1', 'high').text == '90.0', 'the limits of the robot')

        slider.send_keys(console.keys.RIGHT, console.keys.RIGHT, console.keys.RIGHT)
        wait_for(lambda: onlooker.updates[-1:] == [{'j1': 13.0}], 'j1 to be sent')
        assert onlooker.updates[0] == {'j1': 11.0}
        # Home, End and a press beside the thumb must not move the robot.
        slider.send_keys(console.keys.END, console.keys.HOME)
        console.drag('j1', 0.95, 0.9)
        console.drag('j1', 0.5 + 13 / 180, 0.7)
        wait_for(lambda: 25 < onlooker.updates[-1]['j1'] < 47, 'j1 to be dragged')
        wait_for(lambda: console.joint('j1', 'typed').get_attribute('value') != '13.0', 'the drag')
        target = float(console.joint('j1', 'typed').get_attribute('value'))
        wait_for(
            lambda: onlooker.updates[-1]['j1'] == pytest.approx(target, abs=0.06), 'the last value'
        )
        wait_for(
            lambda: last_command(bridged) == pytest.approx(target, abs=0.06),
            'the robot to follow',
            20.0,
        )

        assert {name for update in onlooker.updates for name in update} == {'j1'}
        assert all(10 < update['j1'] < 47 for update in onlooker.updates)
        console.click('release')
        console.wait_text('drive-note', 'Control was released')
        wait_for(lambda: console.text('producer') == 'No driver', 'the slot to be free')


def test_escape_stops_the_robot_from_a_page_that_only_watches(
    console: Console, bridged: Robot
) -> None:
    """Escape stops the robot with any focus, and the page shows that the arena passed it on."""
    ensure_not_stopped(bridged)
    console.open(bridged.url, WORKSPACE, 'arm')
    console.wait_joined()

    console.driver.find_element('id', 'new-joint').send_keys('elb', console.keys.ESCAPE)

    wait_for(lambda: bridged.probe.stop_active[NAMESPACE][-1:] == [True], 'the latched stop')
    console.wait_text('alert', 'The arena passed the stop on')
    assert 'Stop from this page' in console.text('alert-title')
    assert console.logged_errors() == []
    # A stop of another participant is shown as well.
    console.click('unlock')
    assert console.text('alert-title') == ''
    wait_for(lambda: reset(bridged) == 'ok: reset', 'the stop to be reset')
    assert bridged.probe.call(NAMESPACE, 'trigger_emergency_stop').success
    console.wait_text('alert-title', 'Stop by ')
    assert 'Reason: ' in console.text('alert-text')


def test_a_robot_that_the_page_has_stopped_is_shown_and_can_be_reset_from_there(
    console: Console, bridged: Robot
) -> None:
    """After a reload, the page shows the stopped robot to the driver, and can reset it."""
    ensure_not_stopped(bridged)
    set_joints(bridged.url, 'arm', j1=10)
    console.open(bridged.url, WORKSPACE, 'arm')
    console.wait_joined()
    wait_for(lambda: '/robot/arena_bridge on ' in console.text('robots'), 'the robot')
    console.click('stop')
    console.wait_text('alert-title', 'Stop from this page: 1 of 1 robot stopped')
    assert 'STOPPED by this page' in console.text('robots')
    console.driver.refresh()
    console.wait_joined()
    console.wait_text('robots', 'STOPPED by console-')
    take_control(console)
    console.joint('j1', 'slider').send_keys(console.keys.RIGHT)
    wait_for(lambda: console.value('j1') == 11, 'the value in the room')
    assert 'STOPPED by console-' in console.joint('j1', 'joint-warning').text
    assert console.joint('j1', 'commanded').text != '11.0'
    console.take_pictures('real-robot-stopped')

    (name,) = console.run(ROBOT_NAMES)
    stopped = bridged.probe.stop_active[NAMESPACE]
    console.reset(name, lambda: stopped[-1:] == [False])

    wait_for(lambda: 'STOPPED' not in console.text('robots'), 'the robot to continue')


def test_a_value_that_the_robot_refuses_is_named_at_its_joint(
    console: Console, bridged: Robot
) -> None:
    """The refusal is shown until the robot accepts the next value."""
    ensure_not_stopped(bridged)
    console.open(bridged.url, WORKSPACE, 'arm')
    console.wait_joined()
    set_joints(bridged.url, 'arm', j1=5000)
    wait_for(lambda: console.value('j1') == 5000, 'the value in the room')
    refusal = 'j1: 5000 was refused: joint j1: 5000 degrees is far outside'
    wait_for(lambda: refusal in console.joint('j1', 'joint-refusal').text, 'the refusal')

    set_joints(bridged.url, 'arm', j1=20)

    wait_for(lambda: console.joint('j1', 'joint-refusal').text == '', 'the refusal to disappear')


def test_a_number_outside_the_limits_is_neither_sent_nor_stored(
    console: Console, bridged: Robot
) -> None:
    """The joint shows why the number is refused; the room and the robot keep their values."""
    ensure_not_stopped(bridged)
    set_joints(bridged.url, 'arm', j1=10)
    console.open(bridged.url, WORKSPACE, 'arm')
    console.wait_joined()
    take_control(console)
    wait_for(lambda: console.joint('j1', 'high').text == '90.0', 'the limits of the robot')
    console.type_value('j1', '5000')
    note = '5000 was not sent: the range is -90.0 to 90.0 degrees.'
    wait_for(lambda: console.joint('j1', 'joint-note').text == note, 'the note')
    console.type_value('j1', '12')
    wait_for(lambda: last_command(bridged) == pytest.approx(12.0, abs=0.06), 'the robot')
    state = httpx.get(f'{bridged.url}/robotics/workspaces/{WORKSPACE}/rooms/arm/state').json()
    assert state['state']['joints']['j1'] == 12.0
    wait_for(lambda: console.value('j1') == 12.0, 'the value on the page')
    assert max(command.position[0] for command in bridged.commands) <= math.pi / 2


def test_the_command_on_the_page_brings_a_robot_into_the_room(
    console: Console, own_server_url: str
) -> None:
    """The command is quoted for the shell, so it works with any name of a room or workspace."""
    where = "lab 2's", 'arm "5" $HOME'
    console.open(own_server_url, *where)
    console.wait_text('missing', 'There is no room')
    console.click('create-missing')
    console.wait_joined()
    console.wait_text('no-robots', 'No robot in this room reports its state.')
    shown = 'return document.querySelector("#no-robots .command").textContent'
    command = str(console.run(shown)).replace('\\\n', ' ')
    words = shlex.split(command)
    assert words[:4] == ['ros2', 'run', 'lerobot_arena_ros', 'arena_consumer']
    with own_domain(), running('nodes.bridge.main:main_consumer', words[4:]):
        wait_for(lambda: 'Does not move: ' in console.text('robots'), 'the robot')


def test_the_button_stops_and_locks_what_drives(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """After a stop the user has to unlock the page and to take control; neither sends a value."""
    set_joints(own_server_url, console_room, elbow=5)
    console.open(own_server_url, WORKSPACE, console_room)
    console.wait_joined()
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        take_control(console)
        slider = console.joint('elbow', 'slider')
        slider.send_keys(console.keys.RIGHT)
        wait_for(lambda: len(onlooker.updates) == 1, 'the joint to be sent')
        console.click('stop')
        console.wait_text('alert', 'The arena passed the stop on')
        wait_for(lambda: len(onlooker.stops) == 1, 'the stop')
        assert onlooker.stops[0].reason == 'Stop pressed in the console'
        assert not slider.is_enabled()
        console.take_picture('desktop-light-stopped')

        console.click('unlock')
        assert not slider.is_enabled()
        take_control(console)
        slider.send_keys(console.keys.RIGHT)
        wait_for(lambda: len(onlooker.updates) == 2, 'the joint to be sent again')
        (before, after) = (update['elbow'] for update in onlooker.updates)
        assert after > before > 5


def test_values_of_another_driver_are_shown_and_plotted(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Values of another driver are shown live, and names with markup are shown as text."""
    with running_participant(
        RoboticsProducer(own_server_url), WORKSPACE, console_room, 'leader-1'
    ) as leader:
        console.open(own_server_url, WORKSPACE, console_room)
        console.wait_joined()
        steps = itertools.count()

        def drawn() -> bool:
            time = next(steps) / 25
            leader.send_update(
                **{
                    name: round(size * math.sin(time * (1 + index / 2)), 2)
                    for index, (name, size) in enumerate(ARM.items())
                }
            )
            leader.send_update(**{HOSTILE: time % 10})
            canvas = console.joint('shoulder_pan', 'joint-plot')
            if canvas is None:
                return False
            columns, rows = console.run(INK, canvas)
            return bool(columns > 25 and rows > 40)

        wait_for(drawn, 'the line')
        leader.send_update(shoulder_pan=12.5)
        wait_for(lambda: console.value('shoulder_pan') == 12.5, 'the value')
        assert console.joint(HOSTILE, 'joint-title').text == HOSTILE
        assert console.run('return document.images.length') == 0
        assert console.run('return document.title').startswith(console_room)
        label = console.joint('shoulder_pan', 'joint-plot').get_attribute('aria-label')
        assert label.startswith('shoulder_pan over the last 30 seconds: between ')
        console.wait_text('producer', 'leader-1')
        console.wait_text('round-trip', 'ms round trip')
        console.take_picture('desktop-light')
        console.prefer('dark')
        console.take_picture('desktop-dark')
        console.prefer('light')
        console.resize(*PHONE, is_phone=True)
        console.run('document.getElementById("joints").scrollIntoView({ block: "center" })')
        console.take_picture('phone')


def test_the_page_names_another_driver(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The page shows the other driver, and *Take control* is disabled until it has left."""
    set_joints(own_server_url, console_room, elbow=5)
    with running_participant(
        RoboticsProducer(own_server_url), WORKSPACE, console_room, 'leader-1'
    ):
        console.open(own_server_url, WORKSPACE, console_room)
        console.wait_joined()
        console.wait_text('drive-note', 'leader-1 drives this room.')
        assert not console.driver.find_element('id', 'take').is_enabled()
        assert not console.joint('elbow', 'slider').is_enabled()
    wait_for(console.driver.find_element('id', 'take').is_enabled, 'the button to be enabled')
    take_control(console)
    assert console.joint('elbow', 'slider').is_enabled()
    console.wait_text('producer', '(this page)')


def test_a_phone_shows_long_names_without_horizontal_scrolling(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """With long names, nothing is wider than a phone, and all texts have enough contrast."""
    set_joints(
        own_server_url, console_room, **{LONG: 12.5, 'x' * 50: -1234567 / 10000, HOSTILE: 0}
    )
    make_room(own_server_url, 'r' * 120)
    console.open(own_server_url, WORKSPACE, console_room)
    console.resize(*PHONE, is_phone=True)
    console.wait_joined()
    wait_for(lambda: console.value(LONG) == 12.5, 'the joints')
    take_control(console)
    console.take_picture('phone-long-names')
    console.run('document.getElementById("joints").scrollIntoView()')
    for scheme in ('light', 'dark'):
        console.prefer(scheme)
        console.click('stop')
        console.wait_text('alert', 'The arena passed the stop on')
        console.take_picture(f'phone-{scheme}-stopped')

        assert console.run(TOO_WIDE) == []
        assert console.run('return document.documentElement.scrollWidth') == PHONE[0]
        assert [each for each in console.run(CONTRASTS) if each[0] < 4.5] == []
    console.prefer('light')


def test_a_touch_drags_the_thumb_only(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A touch beside the thumb of a slider scrolls the page and moves no robot."""
    set_joints(own_server_url, console_room, elbow=10)
    console.open(own_server_url, WORKSPACE, console_room)
    console.resize(*PHONE, is_phone=True)
    console.wait_joined()
    wait_for(lambda: console.value('elbow') == 10, 'the joint')
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        take_control(console)
        console.touch('elbow', 0.95, 0.8)
        console.touch('elbow', 0.5, 0.7)
        wait_for(lambda: 11.5 < console.value('elbow') < 12.9, 'the thumb to be dragged')

        wait_for(lambda: onlooker.updates, 'the updates')
        assert all(10 <= update['elbow'] < 12.9 for update in onlooker.updates)


def test_fast_moves_are_sent_at_a_bounded_rate_up_to_the_last_value(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Intermediate values above the rate are dropped, and the last value is always sent."""
    open_with_elbow(console, own_server_url, console_room, 10)
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        take_control(console)
        console.run(BURST, console.joint('elbow', 'slider'))
        wait_for(lambda: onlooker.updates[-1:] == [{'elbow': 13.0}], 'the last value')

        assert onlooker.updates == [{'elbow': 10.01}, {'elbow': 13.0}]


def test_the_stop_button_is_the_first_control_in_the_tab_order(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The Tab key reaches each control in order, the stop button first, and each has a name."""
    open_with_elbow(console, own_server_url, console_room, 5)
    reached: list[Any] = []
    while True:
        console.press(console.keys.TAB)
        active = console.driver.switch_to.active_element
        if active.tag_name == 'body':
            break  # Behind the last one.
        reached.append(active.get_attribute('id') or active.get_attribute('class'))
        assert active.accessible_name, active.get_attribute('outerHTML')
        if reached[-1] == 'take':
            console.press(console.keys.ENTER)
            console.wait_text('drive-note', 'This page drives')

    assert reached[0] == 'stop'
    wanted = ['workspace', 'take', 'unit', 'less', 'slider', 'more', 'typed', 'new-joint']
    assert [name for name in reached if name in wanted] == wanted
    announced = {'link': 'status', 'drive-note': 'status', 'alert': 'alert', 'token-note': 'alert'}
    for element_id, role in announced.items():
        assert console.driver.find_element('id', element_id).get_attribute('role') == role
