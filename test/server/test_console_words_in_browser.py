# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser: its texts, and each action by keyboard and by touch."""

from __future__ import annotations

from dataclasses import replace
import signal
from typing import Any

import pytest
from support.arena_server import arena_server
from support.browser import PHONE, Console
from support.console_rooms import (
    WORKSPACE,
    make_room,
    open_room,
    open_with_elbow,
    set_joints,
    take_control,
)
from support.participant import running_participant
from support.server import rules_of, running_server
from support.stand_in import FOLLOWING, running_stand_in
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.robot_state import RobotJoint

ARM = 'arm1-bridge-3f2a91'
CLEAR_ZERO = replace(
    FOLLOWING, joints=(RobotJoint('elbow', 'degrees', -0.04, -0.01, -0.02, 90.0),)
)

NUMBERS = """
const joint = [...document.querySelectorAll('#joints > li')][0];
const slider = joint.querySelector('.slider');
const texts = ['number', 'measured', 'commanded', 'low', 'high']
  .map((each) => joint.querySelector('.' + each).textContent);
return [...texts, joint.querySelector('.typed').value, slider.ariaValueText,
  slider.getAttribute('aria-valuetext'), joint.querySelector('canvas').ariaLabel];
"""

CONTRAST = """
const luminance = (name) => {
  const probe = document.createElement('i');
  probe.style.setProperty('color', `var(--${name})`);
  document.body.append(probe);
  const channels = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  const [r, g, b] = channels.map((each) => each / 255)
    .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const [one, two] = [...arguments].map(luminance);
return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
"""

OUTLINE = """
const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
return outlineStyle === 'none' ? 0 : parseFloat(outlineWidth);
"""

IN_FRONT = """
const { left, top, width, height } = arguments[0].getBoundingClientRect();
const found = document.elementFromPoint(left + width / 2, top + height / 2);
return arguments[0].contains(found);
"""


def test_an_empty_server_shows_how_to_connect_a_robot(console: Console) -> None:
    """An empty server shows a command with its URL, and a button that copies the command."""
    with arena_server() as server:
        console.open(server.url)
        console.wait_text('welcome', 'No room open')
        console.wait_text('welcome', 'This workspace has no room. Create one here')
        command = console.driver.find_element('css selector', '#welcome .command').text
        assert command.splitlines()[0] == 'ros2 run lerobot_arena_ros arena_consumer --ros-args \\'
        assert f'-p server_url:={server.url} \\' in command
        grant = {'permissions': ['clipboardReadWrite', 'clipboardSanitizedWrite']}
        console.driver.execute_cdp_cmd('Browser.grantPermissions', grant)
        console.driver.find_element('css selector', '#welcome .copy').click()
        wait_for(lambda: 'Copied' in console.text('welcome'), 'the copy')
        read = 'navigator.clipboard.readText().then(arguments[0]);'
        assert console.driver.execute_async_script(read).split() == command.split()

        server.make_room('arm')
        make_room(server.url, 'other')
        console.wait_text('welcome', 'Choose a room in the list.')


def test_a_protected_server_shows_that_a_robot_needs_the_token(console: Console) -> None:
    """The page asks for the token variable; the command has no token, as others can read it."""
    with running_server(rules=rules_of('zebra-7')) as url:
        console.open(url)
        console.wait_text('token-panel', 'This arena is protected')
        console.fill('token', 'zebra-7')
        console.wait_text('welcome', 'This arena has a token: set LEROBOT_ARENA_TOKEN there.')
        assert 'zebra' not in console.text('welcome')


@pytest.mark.parametrize(
    ('holder', 'remedy'),
    [
        ('leader-1', 'Ask its operator to release control, or end that program.'),
        ('console-1a2b3c-driver', 'It is another page of this console: press Release there.'),
    ],
    ids=['program', 'page'],
)
def test_a_driven_room_shows_its_driver_and_what_to_do(
    console: Console, own_server_url: str, console_room: str, holder: str, remedy: str
) -> None:
    """The page shows the driver and what to do; the button and the joints are disabled."""
    open_with_elbow(console, own_server_url, console_room, 5)
    console.wait_text('joints-off', 'this page does not drive. Press Take control.')
    with running_participant(RoboticsProducer(own_server_url), WORKSPACE, console_room, holder):
        console.wait_text('drive-note', f'{holder} drives this room. {remedy}')
        assert not console.driver.find_element('id', 'take').is_enabled()
        assert console.text('joints-off').endswith(f'{holder} drives this room.')
    wait_for(console.driver.find_element('id', 'take').is_enabled, 'the button to be enabled')
    take_control(console)
    assert console.text('joints-off') == ''


def test_a_refused_request_for_control_names_the_driver(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A request that is refused shows the reason of the server, and what the user can do."""
    open_with_elbow(console, own_server_url, console_room, 5)
    with running_participant(
        RoboticsProducer(own_server_url), WORKSPACE, console_room, 'leader-1'
    ):
        console.wait_text('producer', 'leader-1')
        # As on a page that does not know of the driver yet.
        console.run(
            'const take = document.getElementById("take"); take.disabled = false; take.click();'
        )
        console.wait_text('drive-note', 'Control was refused: leader-1 has control, and this room')
        console.wait_text('drive-note', 'leader-1 drives this room. Ask its operator')
        assert not console.joint('elbow', 'slider').is_enabled()


def test_a_lost_link_greys_old_values_and_shows_their_age(console: Console) -> None:
    """A lost link marks all values as old at once, and disables controls with the reason."""
    with arena_server() as server:
        make_room(server.url, 'arm')
        open_with_elbow(console, server.url, 'arm', 5)
        with running_stand_in(server.url, WORKSPACE, 'arm', ARM):
            wait_for(lambda: 'Follows the room' in console.gate(ARM), 'the robot')
            server.end(signal.SIGKILL)
    console.wait_text('link', 'Lost: ')
    assert 'Unknown: the link is lost' in console.gate(ARM)
    assert 'You can take control when the link is back.' in console.text('drive-note')
    wait_for(lambda: console.is_old('elbow', 'reading'), 'the values of the robot')
    assert console.is_old('elbow', 'number')
    wait_for(lambda: console.joint('elbow', 'age').text == '3 s old', 'its age')
    off = 'The joints cannot be moved: the link is lost. The values are old.'
    assert console.text('joints-off') == off


@pytest.mark.parametrize(
    ('text', 'note'),
    [
        ('fast', '"fast" was not sent: type a number.'),
        ('', '"" was not sent: type a number.'),
        ('1e999', '"1e999" was not sent: type a number.'),
        ('0x10', '"0x10" was not sent: type a number.'),
        ('12 degrees', '"12 degrees" was not sent: type a number.'),
        ('1,000', '"1,000" was not sent: type 1.000 or 1000.'),
    ],
    ids=['word', 'nothing', 'infinite', 'hexadecimal', 'with a unit', 'ambiguous'],
)
def test_an_invalid_number_of_a_joint_is_not_sent(
    console: Console, own_server_url: str, console_room: str, text: str, note: str
) -> None:
    """A note shows why, in view on a phone as well, and the field shows the last value again."""
    open_with_elbow(console, own_server_url, console_room, 5)
    console.resize(*PHONE, is_phone=True)
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        take_control(console)
        console.type_value('elbow', text or console.keys.BACKSPACE)
        shown = console.joint('elbow', 'joint-note')
        wait_for(lambda: shown.text == note, note)
        wait_for(lambda: console.run(IN_FRONT, shown), 'the note to be in view')
        console.run('document.activeElement.blur()')
        assert console.joint('elbow', 'typed').get_attribute('value') == '5.000'
        assert shown.text == ''

        console.type_value('elbow', '6')
        wait_for(lambda: onlooker.updates != [], 'the next value')
        assert onlooker.updates == [{'elbow': 6.0}]


def test_an_invalid_name_shows_the_reason(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """An invalid text is not used, stays in its field, and a note shows the reason."""
    open_with_elbow(console, own_server_url, console_room, 5)
    console.fill('new-joint', '  ')
    console.wait_text('joint-form-note', 'No joint was added: type the name of the joint')
    console.fill('new-joint', 'elbow')
    console.wait_text('joint-form-note', 'No joint was added: elbow is listed already.')
    assert len(console.driver.find_elements('css selector', '#joints > li')) == 1

    console.driver.find_element('css selector', '#create summary').click()
    console.fill('new-room', '  ')
    console.wait_text('create-note', 'No room was created: a room needs a name and a workspace.')
    console.fill('new-room', 'a/b')
    console.wait_text('create-note', 'The room was not created: ')
    assert console.driver.find_element('id', 'new-room').get_attribute('value').endswith('a/b')


def test_an_invalid_token_shows_the_reason(console: Console) -> None:
    """An invalid token shows a note and is not sent."""
    with running_server(rules=rules_of('zebra-7')) as url:
        console.open(url)
        console.wait_text('token-panel', 'This arena is protected')
        console.fill('token', '')
        console.wait_text('token-note', 'The token was not tried: type the token of the server.')
        console.fill('token', 'two words')
        console.wait_text('token-note', 'A token has visible ASCII characters and no spaces.')


def test_zero_has_no_sign(console: Console, own_server_url: str, console_room: str) -> None:
    """Negative values that round to zero are shown and read out without a sign."""
    with running_stand_in(own_server_url, WORKSPACE, console_room, ARM, CLEAR_ZERO):
        set_joints(own_server_url, console_room, elbow=-0.01)
        open_room(console, own_server_url, console_room)
        wait_for(lambda: console.reading('elbow', ARM, 'measured') == '0.0', 'the robot')

        texts = ' '.join(str(each) for each in console.run(NUMBERS))
        assert '-0.0' not in texts
        assert texts.startswith('0.0 0.0 0.0 0.0 90.0 0.0 ')


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize(
    ('ink', 'ground', 'least'),
    [
        ('plot-text', 'page', 4.5),
        ('plot-measured', 'page', 4.5),
        ('plot-measured', 'panel', 4.5),
        ('plot-line', 'page', 3.0),
        ('field-edge', 'panel', 3.0),
        ('accent', 'panel', 3.0),
        ('accent', 'page', 3.0),
    ],
)
def test_plots_and_borders_have_enough_contrast(
    console: Console, own_server_url: str, scheme: str, ink: str, ground: str, least: float
) -> None:
    """Plots, marks and borders have the contrast that WCAG 2 AA requires."""
    console.open(own_server_url)
    console.prefer(scheme)
    try:
        assert console.run(CONTRAST, ink, ground) >= least
    finally:
        console.prefer('light')


def test_each_control_with_the_focus_has_an_outline(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Each control that has the focus has an outline of at least 2 pixels."""
    open_with_elbow(console, own_server_url, console_room, 5)
    take_control(console)
    console.run('document.getElementById("stop").focus(); document.activeElement.blur();')
    faint: list[Any] = []
    count = 0
    while True:
        console.press(console.keys.TAB)
        active = console.driver.switch_to.active_element
        if active.tag_name == 'body':
            break
        count += 1
        if console.run(OUTLINE) < 2:
            faint.append(active.get_attribute('outerHTML')[:60])

    assert count >= 10
    assert faint == []


def test_the_space_bar_on_the_button_stops_when_it_goes_down(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """The space bar sends one stop at keydown and none at keyup, as the page documents."""
    open_room(console, own_server_url, console_room)
    console.driver.find_element('css selector', '#keys summary').click()
    console.wait_text('keys', 'Esc anywhere; Space or Enter on STOP')
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        console.run('document.getElementById("stop").focus()')
        console.hold(' ')
        wait_for(lambda: onlooker.stops, 'the stop')
        console.release(' ')
        console.wait_text('alert-title', 'Stop from this page')
        onlooker.stop('another')
        wait_for(lambda: len(onlooker.stops) == 2, 'the next one')
    assert [stop.reason for stop in onlooker.stops] == ['Stop pressed in the console', 'another']


@pytest.mark.parametrize('device', ['keyboard', 'touch'])
def test_each_action_works_by_keyboard_and_by_touch(console: Console, device: str) -> None:
    """Each action, from creating a room to resetting a robot, works by keyboard and by touch."""

    def use(selector: str) -> None:
        wait_for(
            lambda: console.run(
                'const e = document.querySelector(arguments[0]);'
                'return e !== null && e.checkVisibility() && !e.disabled;',
                selector,
            ),
            selector,
        )
        if device == 'touch':
            console.tap(selector)
        else:
            console.run('document.querySelector(arguments[0]).focus()', selector)
            console.press(console.keys.ENTER)

    with arena_server() as server:
        console.open(server.url)
        console.resize(*PHONE, is_phone=device == 'touch')
        console.wait_text('welcome', 'No room open')
        use('#create summary')
        console.run('document.getElementById("new-room").focus()')
        console.press('arm')
        use('#create-form button')
        console.wait_joined()
        arm = replace(FOLLOWING, can_reset=True)
        with (
            running_stand_in(server.url, WORKSPACE, 'arm', ARM, arm) as robot,
            running_participant(
                RoboticsConsumer(server.url), WORKSPACE, 'arm', 'onlooker'
            ) as onlooker,
        ):
            wait_for(lambda: 'Follows the room' in console.gate(ARM), 'the robot')
            use('#take')
            console.wait_text('drive-note', 'This page drives')
            use('.more')
            use('.less')
            wait_for(lambda: len(onlooker.updates) == 2, 'two steps')
            use('#stop')
            console.wait_text('alert-title', '1 of 1 robot stopped')
            use('#unlock')
            wait_for(lambda: console.text('alert-title') == '', 'the page to be unlocked')

            def reset() -> bool:
                if not robot.resets:
                    use('.robot-reset')
                return robot.resets != []

            wait_for(reset, 'the robot to be reset')
            use('#take')
            console.wait_text('drive-note', 'This page drives')
            use('#release')
            console.wait_text('drive-note', 'Control was released.')
            use('#rooms button')
            console.wait_joined()
            use('#keys summary')
            console.wait_text('keys', 'Touch')
