# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser: the reports of robots, their stops and their resets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.browser import CONTRASTS, PHONE, TOO_WIDE, Console
from support.console_rooms import WORKSPACE, open_room, open_with_elbow, set_joints, take_control
from support.participant import running_participant
from support.stand_in import FOLLOWING, running_stand_in
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.robot_state import Refusal, RobotJoint, RobotLink, StopCause

ARM1 = 'arm1-bridge-3f2a91'
ARM2 = 'arm2-bridge-aa0b11'
SECOND = replace(
    FOLLOWING,
    node='/arm2/arena_bridge',
    joints=(RobotJoint('elbow', 'degrees', 20.0, 21.0, -45.0, 120.0),),
)
STOPPED = replace(
    FOLLOWING,
    gate='stopped',
    cause='emergency stop',
    stop=StopCause('Stop pressed in the console', 'console-1a2b', '7'),
    joints=(RobotJoint('elbow', 'degrees', 0.0, None, -90.0, 90.0),),
)
UNLIMITED = replace(FOLLOWING, joints=(RobotJoint('elbow', 'degrees', 10.0, 11.0),))

MARKERS = """
const track = arguments[0].getBoundingClientRect();
const all = (name) => [...arguments[0].parentElement.querySelectorAll(name)];
return [
  all('.marker').map((each) => {
    const { left } = each.getBoundingClientRect();
    return (left - track.left - 11) / (track.width - 22);
  }),
  all('.marker-label').map((each) => each.textContent),
];
"""


def text(console: Console, joint: str, part: str) -> str:
    """Return the text of a part of a joint; empty if there is none."""
    return str(console.joint(joint, part).text)


def ends(console: Console, joint: str = 'elbow') -> tuple[str, str]:
    """Return the texts at the ends of a slider."""
    return text(console, joint, 'low'), text(console, joint, 'high')


def test_the_room_value_is_shown_beside_the_measured_value(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """All values have the same unit and decimals; the slider spans the limits of the robot."""
    open_with_elbow(console, own_server_url, console_room, 12)
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1) as arm:
        wait_for(lambda: console.reading('elbow', ARM1, 'measured') == '10.0', 'the robot')

        assert text(console, 'elbow', 'number') == '12.0'
        assert console.reading('elbow', ARM1, 'commanded') == '11.0'
        assert text(console, 'elbow', 'joint-unit') == 'degrees'
        assert [label.text for label in labels(console)] == ['room value', 'measured', 'commanded']
        assert ends(console) == ('-90.0', '90.0')
        slider = console.joint('elbow', 'slider')
        assert [slider.get_attribute(end) for end in ('min', 'max')] == ['-90', '90']
        assert console.run(MARKERS, slider) == [[pytest.approx(100 / 180, abs=0.01)], ['']]
        # The robot reports both limits, so there is no choice of a range.
        assert console.text('range-choice') == ''
        console.wait_text('consumers', f'{ARM1} (robot)')
        console.take_pictures('one-robot')

        arm.show(joints=(RobotJoint('elbow', 'degrees', -35.04, -36.0, -90.0, 90.0),))

        wait_for(lambda: console.reading('elbow', ARM1, 'measured') == '-35.0', 'the new value')
        assert console.run(MARKERS, slider) == [[pytest.approx(55 / 180, abs=0.01)], ['']]


def labels(console: Console) -> list[Any]:
    """Return the labels of the values of a joint."""
    return list(console.driver.find_elements('css selector', '#joints .label'))


@pytest.mark.parametrize(
    ('unit', 'shown', 'number'),
    [('radians', 'rad', '0.500'), ('metres', 'm', '0.5000'), ('percent', '%', '0.5')],
)
def test_each_unit_has_its_decimals(
    console: Console, own_server_url: str, console_room: str, unit: str, shown: str, number: str
) -> None:
    """Each value of a joint, and each end of its slider, has the decimals of its unit."""
    arm = replace(FOLLOWING, joints=(RobotJoint('elbow', unit, 0.5, 0.5, -1.0, 1.0),))
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, arm):
        open_with_elbow(console, own_server_url, console_room, 0.5)
        wait_for(lambda: text(console, 'elbow', 'joint-unit') == shown, 'the unit')

        assert text(console, 'elbow', 'number') == number
        assert console.reading('elbow', ARM1, 'measured') == number
        assert console.joint('elbow', 'typed').get_attribute('value') == number
        assert ends(console)[1] == f'{1.0:.{len(number) - 2}f}'


def test_two_robots_are_shown_by_name_and_limit_the_slider_together(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The slider spans what both robots can reach, and its marks show their numbers."""
    open_with_elbow(console, own_server_url, console_room, 12)
    where = (own_server_url, WORKSPACE, console_room)
    with running_stand_in(*where, ARM1), running_stand_in(*where, ARM2, SECOND) as second:
        wait_for(lambda: console.reading('elbow', ARM2, 'measured') == '20.0', 'both robots')

        assert console.reading('elbow', ARM1, 'measured') == '10.0'
        assert ends(console) == ('-45.0', '90.0')
        assert ARM1 in text(console, 'elbow', 'readings')
        marks, marked = console.run(MARKERS, console.joint('elbow', 'slider'))
        assert marks == [pytest.approx(55 / 135, abs=0.01), pytest.approx(65 / 135, abs=0.01)]
        assert marked == ['1 2']
        second.show(joints=(RobotJoint('elbow', 'degrees', 85.0, 85.0, -45.0, 120.0),))
        wait_for(
            lambda: console.run(MARKERS, console.joint('elbow', 'slider'))[1] == ['1', '2'],
            'a label for each of the marks',
        )
        second.show(joints=SECOND.joints)
        second.show(
            gate='stopped', cause='emergency stop', stop=StopCause('Door opened', 'safety_plc')
        )
        wait_for(lambda: 'STOPPED by safety_plc: Door opened.' in console.gate(ARM2), 'the stop')
        assert f'{ARM2} is STOPPED by safety_plc. Reset it at the robot.' == console.text(
            'stopped-robots'
        )
        console.take_pictures('two-robots-one-stopped')

        second.show(joints=(RobotJoint('elbow', 'degrees', 20.0, 21.0, 100.0, 120.0),))

        wait_for(
            lambda: 'limits of the robots do not' in text(console, 'elbow', 'joint-warning'),
            'the note',
        )
        take_control(console)
        assert not console.joint('elbow', 'typed').is_enabled()


def test_without_limits_the_range_is_automatic(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Without limits of a robot, the range is automatic, and the user can select another."""
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, UNLIMITED):
        open_with_elbow(console, own_server_url, console_room, 12)
        wait_for(lambda: console.reading('elbow', ARM1, 'measured') == '10.0', 'the robot')

        assert console.text('range-choice').startswith('Slider range')
        assert ends(console) == ('6.0', '18.0')
        console.run('document.getElementById("unit").value = "degrees"')
        console.run('document.getElementById("unit").dispatchEvent(new Event("change"))')
        wait_for(lambda: ends(console) == ('-180.0', '180.0'), 'the range')


def test_a_joint_that_only_the_robot_knows_begins_where_it_is_measured(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A joint without a room value is listed, and its slider starts at the measured value."""
    open_room(console, own_server_url, console_room)
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1):
            wait_for(lambda: console.reading('elbow', ARM1, 'measured') == '10.0', 'the robot')
            assert text(console, 'elbow', 'number') == '–'
            take_control(console)
            console.joint('elbow', 'slider').send_keys(console.keys.RIGHT)
            wait_for(lambda: onlooker.updates == [{'elbow': 11.0}], 'one step from there')
        wait_for(lambda: console.gate(ARM1) == '', 'the robot to leave')


def test_a_slider_does_not_start_outside_the_limits(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A slider whose room value is outside the limits starts at the measured value."""
    open_with_elbow(console, own_server_url, console_room, 5000)
    take_control(console)
    where = (own_server_url, WORKSPACE, console_room)
    with (
        running_participant(RoboticsConsumer(own_server_url), *where[1:], 'onlooker') as onlooker,
        running_stand_in(*where, ARM1),
    ):
        wait_for(lambda: console.reading('elbow', ARM1, 'measured') == '10.0', 'the robot')
        console.joint('elbow', 'slider').send_keys(console.keys.LEFT)
        wait_for(lambda: onlooker.updates == [{'elbow': 9.0}], 'one step from the measured value')
        # A typed number must be within the limits as well.
        console.type_value('elbow', '100')
        note = '100 was not sent: the range is -90.0 to 90.0 degrees.'
        wait_for(lambda: text(console, 'elbow', 'joint-note') == note, 'the note')
        console.type_value('elbow', '50')
        wait_for(lambda: onlooker.updates[1:] == [{'elbow': 50.0}], 'the typed value')
        assert text(console, 'elbow', 'joint-note') == ''


@pytest.mark.parametrize(
    ('gate', 'cause', 'words'),
    [
        ('active', 'live', 'Follows the room'),
        ('waiting', 'the room has no producer', 'Does not move: the room has no producer'),
        ('holding', 'no fresh joint_states of elbow', 'Holds: no fresh joint_states of elbow'),
    ],
)
def test_a_banner_shows_the_state_of_a_robot_and_the_cause(
    console: Console, own_server_url: str, console_room: str, gate: str, cause: str, words: str
) -> None:
    """A banner shows the robot's name, node, host and state, and announces changes."""
    arm = replace(FOLLOWING, gate=gate, cause=cause)
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, arm):
        open_room(console, own_server_url, console_room)
        wait_for(lambda: words in console.gate(ARM1), words)

        lines = [line for line in console.gate(ARM1).splitlines() if line]
        assert lines == [ARM1, '/arm1/arena_bridge on lab-pc', words]
        state = console.banner(ARM1).find_element('class name', 'robot-gate')
        assert state.get_attribute('role') == 'status'
        assert console.text('no-robots') == ''


LINKS = (
    (RobotLink('lane', 41.2, 0.03), 'Link: fast lane, 41 ms, 3 % lost'),
    (RobotLink('lane', 1.0, 0.005), 'Link: fast lane, 1 ms, 0.5 % lost'),
    (RobotLink('lane'), 'Link: fast lane'),
    (RobotLink('websocket', 4.2), 'Link: WebSocket, 4.2 ms'),
    (RobotLink('<b>radio', 500.0, 0.0), 'Link: <b>radio, 500 ms, 0 % lost'),
    (RobotLink('both', 112.5, 0.35), 'Link: fast lane and WebSocket, 113 ms, 35 % lost'),
)


def test_a_banner_shows_the_link_of_a_robot(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """It shows which way the joint updates take, their round trip, and what is lost."""
    head = [ARM1, '/arm1/arena_bridge on lab-pc']

    def wait_shown(*words: str) -> None:
        expected = [*head, *words, 'Follows the room']
        wait_for(
            lambda: [line for line in console.gate(ARM1).splitlines() if line] == expected,
            f'the banner to be {expected}',
        )

    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1) as robot:
        open_room(console, own_server_url, console_room)
        wait_shown()
        for link, words in LINKS:
            robot.show(link=link)
            wait_shown(words)
        console.take_pictures('robot-link')
        robot.fall_silent()
        wait_for(lambda: 'Unknown' in console.gate(ARM1), 'the robot to be unknown')
        assert 'Link' not in console.gate(ARM1)


def test_a_robot_without_reports_is_greyed_and_one_that_left_is_removed(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Old reports are greyed, a robot that left is removed, and an empty list is explained."""
    open_room(console, own_server_url, console_room)
    console.wait_text('no-robots', 'No robot in this room reports its state.')
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1) as arm:
        wait_for(lambda: 'Follows the room' in console.gate(ARM1), 'the robot')
        assert not console.is_old('elbow', 'reading')
        arm.fall_silent()
        wait_for(
            lambda: 'Unknown: the robot sends no reports' in console.gate(ARM1), 'the silence'
        )
        assert ' s ago: Follows the room' in console.gate(ARM1)
        wait_for(lambda: console.is_old('elbow', 'reading'), 'its values to be greyed')
    wait_for(lambda: console.gate(ARM1) == '', 'the robot to leave')
    console.wait_text('no-robots', 'No robot in this room reports its state.')


def test_a_refused_value_is_shown_until_one_is_accepted(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The joint shows the refused value with the reason until the robot accepts a value."""
    reason = 'joint elbow: 5000 degrees is far outside [-90, 90]: is the unit right?'
    refused = replace(FOLLOWING, refused=(Refusal('elbow', 5000.0, reason),))
    open_with_elbow(console, own_server_url, console_room, 5000)
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, refused) as arm:
        words = f'elbow: 5000 was refused: {reason}'
        wait_for(lambda: text(console, 'elbow', 'joint-refusal') == words, 'the refusal')
        assert console.joint('elbow', 'joint-refusal').get_attribute('role') == 'alert'
        assert text(console, 'elbow', 'number') == '5000.0'
        assert console.reading('elbow', ARM1, 'commanded') == '11.0'
        console.take_pictures('refusal')

        arm.show(refused=())

        wait_for(lambda: text(console, 'elbow', 'joint-refusal') == '', 'the refusal to disappear')


def test_after_a_stop_the_page_counts_the_robots_that_have_stopped(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The page counts the robots that confirm a stop, and names the others after a second."""
    open_with_elbow(console, own_server_url, console_room, 12)
    where = (own_server_url, WORKSPACE, console_room)
    with (
        running_stand_in(*where, ARM1),
        running_stand_in(*where, ARM2, SECOND, obeys=False) as second,
    ):
        wait_for(lambda: 'Follows' in console.gate(ARM1), 'a robot')
        wait_for(lambda: 'Follows' in console.gate(ARM2), 'the other one')
        console.click('stop')
        console.wait_text('alert-title', 'Stop from this page: 1 of 2 robots stopped')
        console.wait_text('alert-text', f'Not confirmed by: {ARM2}. Check that the robot has')
        console.take_pictures('stop-1-of-2')

        second.confirm()

        console.wait_text('alert-title', 'Stop from this page: 2 of 2 robots stopped')
        assert 'Not confirmed' not in console.text('alert-text')
        console.take_pictures('stop-2-of-2')

        second.show(gate='active', cause='live', stop=None)

        console.wait_text('alert-title', 'Stop from this page: 1 of 2 robots stopped')
        assert f'Reset after the stop: {ARM2}.' in console.text('alert-text')
        assert 'Not confirmed' not in console.text('alert-text')


def test_a_robot_that_leaves_instead_of_stopping_is_named(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A robot that leaves without confirming is named and does not count as stopped."""
    open_with_elbow(console, own_server_url, console_room, 12)
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, obeys=False):
        wait_for(lambda: 'Follows' in console.gate(ARM1), 'the robot')
        console.click('stop')
        console.wait_text('alert-title', '0 of 1 robot stopped')
    console.wait_text('alert-text', f'Left the room without confirming: {ARM1}.')
    assert '0 of 1 robot stopped' in console.text('alert-title')


def test_without_reports_the_page_does_not_show_that_robots_stopped(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Without reports, the page shows how many viewers received the stop, and what to check."""
    open_room(console, own_server_url, console_room)
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ):
        console.wait_text('consumers', 'onlooker')
        console.click('stop')

        console.wait_text('alert-text', 'The arena passed the stop on to 1 viewer')
        shown = console.text('alert-text')
        assert 'No robot here reports whether it has stopped.' in shown
        assert shown.endswith('Check that the robot has stopped.')
        assert 'robot' not in console.text('alert-title')


def test_a_page_that_was_reloaded_shows_that_the_robot_is_stopped(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """After a reload, the slider of a driver shows the stop and the measured position."""
    standing = replace(FOLLOWING, joints=STOPPED.joints)
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, standing):
        open_with_elbow(console, own_server_url, console_room, 11)
        wait_for(lambda: 'Follows' in console.gate(ARM1), 'the robot')
        console.click('stop')
        console.wait_text('alert-title', '1 of 1 robot stopped')

        console.driver.refresh()
        console.wait_joined()

        wait_for(lambda: 'STOPPED by console-' in console.gate(ARM1), 'the stop at the robot')
        console.wait_text('stopped-robots', f'{ARM1} is STOPPED by console-')
        console.wait_text('last-stop', 'Stop pressed in the console.')
        take_control(console)
        console.joint('elbow', 'slider').send_keys(console.keys.RIGHT)
        wait_for(lambda: text(console, 'elbow', 'number') == '12.0', 'the value in the room')
        assert console.reading('elbow', ARM1, 'measured') == '0.0'
        assert console.reading('elbow', ARM1, 'commanded') == '–'
        warning = text(console, 'elbow', 'joint-warning')
        assert warning.startswith(f'{ARM1} is STOPPED by console-')
        assert warning.endswith('Reset it at the robot.')
        assert console.driver.find_element('id', 'stopped-robots').get_attribute('role') == 'alert'
        console.take_pictures('driving-a-stopped-robot')


def test_a_page_that_joins_later_shows_the_last_stop(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The last stop is shown with its source, reason and age, and is updated by later stops."""
    with running_participant(
        RoboticsProducer(own_server_url), WORKSPACE, console_room, 'leader-1'
    ) as leader:
        leader.stop('A person is in the cell')
        open_room(console, own_server_url, console_room)
        console.wait_text('last-stop', 's ago) by leader-1: A person is in the cell.')
        # A stop before the first join is history, so it does not lock the page.
        assert console.text('alert') == ''

        leader.stop('Again')

        console.wait_text('last-stop', 'by leader-1: Again.')
        console.wait_text('alert-title', 'Stop by leader-1')


def test_a_reset_takes_two_presses(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A reset needs two presses that are no double click, and a robot that allows it."""
    where = (own_server_url, WORKSPACE, console_room)
    first = replace(STOPPED, can_reset=True)
    with running_stand_in(*where, ARM1, first) as arm, running_stand_in(*where, ARM2, STOPPED):
        open_room(console, own_server_url, console_room)
        wait_for(lambda: 'or on this page.' in console.gate(ARM1), 'the robot')
        wait_for(lambda: console.gate(ARM2).endswith('Reset it at the robot.'), 'the other one')
        button = console.banner(ARM1).find_element('class name', 'robot-reset')
        assert button.text == 'Reset the stop'
        console.run('arguments[0].click(); arguments[0].click();', button)
        assert button.text == 'Press again to reset'
        wait_for(lambda: button.text == 'Reset the stop', 'the first press to expire')
        assert arm.resets == []

        # After another stop between the presses, the second press does not confirm the reset.
        console.press_reset(ARM1)
        assert button.text == 'Press again to reset'
        arm.show(stop=StopCause('A person is in the cell', 'leader-1', '8'))
        wait_for(lambda: 'A person is in the cell' in console.gate(ARM1), 'the other stop')
        assert button.text == 'Reset the stop'

        # Presses within 0.4 s of the first one count as a double click.
        console.reset(ARM1, lambda: arm.resets != [])

        wait_for(lambda: 'Does not move' in console.gate(ARM1), 'the robot to be reset')
        assert [reset.stop_id for reset in arm.resets] == ['8']
        assert not button.is_displayed()


def test_a_refused_reset_shows_the_reason(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The banner shows the reason why the robot refuses a reset."""
    reason = '/emergency_stop is true'
    arm = replace(STOPPED, can_reset=True, reset_refusal=reason)
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM1, arm):
        open_room(console, own_server_url, console_room)
        wait_for(lambda: f'The reset was refused: {reason}' in console.gate(ARM1), 'the reason')

        refusal = console.banner(ARM1).find_element('class name', 'robot-refusal')
        assert refusal.get_attribute('role') == 'alert'


@pytest.mark.parametrize('size', [(1280, 900), PHONE], ids=['desktop', 'phone'])
def test_robots_can_be_read_dark_and_light(
    console: Console, own_server_url: str, console_room: str, size: tuple[int, int]
) -> None:
    """Robots in each state have enough contrast, and nothing is wider than the page."""
    where = (own_server_url, WORKSPACE, console_room)
    refused = (Refusal('elbow', 5000.0, 'joint elbow: 5000 degrees is far outside [-90, 90]'),)
    holding = replace(SECOND, gate='holding', cause='no fresh joint_states of elbow')
    set_joints(own_server_url, console_room, elbow=12)
    with (
        running_stand_in(*where, ARM1, replace(STOPPED, can_reset=True, refused=refused)),
        running_stand_in(*where, ARM2, holding) as second,
        running_stand_in(*where, 'arm3', replace(FOLLOWING, gate='waiting', cause='inactive')),
        running_stand_in(*where, 'arm4', FOLLOWING),
    ):
        open_room(console, own_server_url, console_room)
        console.resize(*size, is_phone=size == PHONE)
        take_control(console)
        for robot in (ARM1, ARM2, 'arm3', 'arm4'):
            wait_for(lambda robot=robot: console.gate(robot) != '', robot)  # type: ignore[misc]
        for scheme in ('light', 'dark'):
            console.prefer(scheme)
            assert [each for each in console.run(CONTRASTS) if each[0] < 4.5] == []
            assert console.run(TOO_WIDE) == []
            console.take_picture(f'four-robots-{scheme}-{size[0]}')
        second.fall_silent()
        wait_for(lambda: 'Unknown' in console.gate(ARM2), 'the silence')
        assert [each for each in console.run(CONTRASTS) if each[0] < 4.5] == []
        console.prefer('light')
