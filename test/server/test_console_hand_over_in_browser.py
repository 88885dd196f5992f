# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser: control goes from one driver to another, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
import time
from typing import Any

import pytest
from support.browser import CONTRASTS, PHONE, TOO_SMALL, TOO_WIDE, Console
from support.console_rooms import WORKSPACE, make_room, open_room, set_joints, take_control
from support.operator_thread import OperatorThread, running_operator
from support.peers import robot_state
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.server.rooms.room import SUPPORTED_FEATURES, Room

POLICY, OTHER = 'policy-3f2a91', 'policy-7c1d20'

HOSTILE = '<img src=x onerror=document.title="owned">'

BURST = """
const [slider, action] = arguments;
for (let value = 1001; value <= 1300; value += 1) {
  slider.value = String(value / 100);
  slider.dispatchEvent(new Event('input'));
}
document.getElementById(action)?.click();
"""
"""Move a slider to 13 faster than values are sent, then press a button before the last is sent."""

PRESS_AT = """
setTimeout(() => document.getElementById('take').click(), arguments[0] - Date.now());
"""

PRESS_AT_ONCE = """
const press = (records) => records.flatMap(({ addedNodes }) => [...addedNodes])
  .forEach((item) => item.querySelector('.request-give').click());
new MutationObserver(press).observe(document.getElementById('requests'), { childList: true });
"""
"""Press *Give* of each request as soon as it appears."""

OPTIONS = """
return [...document.getElementById('give-to').options].map((each) => each.value);
"""

KEEP_SOCKETS = """
window.sockets = new Set();
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  window.sockets.add(this);
  send.call(this, data);
};
"""

RECEIVE = """
window.sockets.forEach((socket) => socket.onmessage?.({ data: arguments[0] }));
"""

FOCUSED = 'return document.activeElement.id || document.activeElement.className'


@pytest.fixture(name='room')
def fixture_room(request: pytest.FixtureRequest) -> str:
    """Return the name of the test, for a room of its own."""
    name: str = request.node.name.removeprefix('test_')[:60]
    return name


@contextmanager
def driven_room(console: Console, url: str, room: str, control: str) -> Iterator[OperatorThread]:
    """Open the page of a room in which the operator ``POLICY`` drives, with the elbow at 10."""
    make_room(url, room, control=control)
    set_joints(url, room, elbow=10)
    with running_operator(url, WORKSPACE, room, POLICY) as policy:
        policy.take()
        open_room(console, url, room)
        console.wait_text('producer', POLICY)
        wait_for(lambda: console.value('elbow') == 10, 'the joint')
        yield policy


@contextmanager
def second_page(console: Console, url: str, room: str) -> Iterator[tuple[str, str]]:
    """Open the room in another window; the values are the handles of both windows."""
    driver = console.driver
    first = driver.current_window_handle
    driver.switch_to.new_window('window')
    second = driver.current_window_handle
    try:
        open_room(console, url, room)
        yield first, second
    finally:
        driver.switch_to.window(second)
        driver.close()
        driver.switch_to.window(first)


def page_id(console: Console) -> str:
    """Return the participant id with which the page drives."""
    wait_for(lambda: '(this page)' in console.text('consumers'), 'the page among the viewers')
    (own,) = (each for each in console.text('consumers').splitlines() if '(this page)' in each)
    return f'{own.split()[0]}-driver'


def slider_of(console: Console) -> float:
    """Return the position of the elbow's slider."""
    return float(console.joint('elbow', 'slider').get_attribute('value'))


def wait_for_button(console: Console, name: str) -> Any:
    """Wait until the button with a class is enabled, and return it."""
    script = f'return document.querySelector(".{name}:enabled")'
    wait_for(lambda: console.run(script), f'the button {name}')
    return console.run(script)


def tab_to(console: Console, wanted: str) -> None:
    """Press Tab until an element with this id or class has the focus."""
    console.run('document.activeElement.blur()')
    for _ in range(60):
        console.press(console.keys.TAB)
        if console.run(FOCUSED) == wanted:
            return
    raise AssertionError(f'no element {wanted} in the tab order')


@pytest.mark.parametrize(
    ('control', 'words', 'button'),
    [
        ('first', 'Ask its operator to release control, or end that program.', ''),
        ('ask', 'You can ask it for control.', 'Ask for control'),
        ('take', 'You can take control at once.', 'Take control'),
    ],
)
def test_the_page_shows_who_drives_and_how_to_get_control(
    console: Console, own_server_url: str, room: str, control: str, words: str, button: str
) -> None:
    """The driver, the button and the words follow each change; the sliders follow the driver."""
    with driven_room(console, own_server_url, room, control) as policy:
        console.wait_text('drive-note', f'{POLICY} drives this room. {words}')
        take = console.driver.find_element('id', 'take')
        assert take.is_enabled() == (button != '')
        assert console.text('take') == (button or 'Take control')
        policy.drive(elbow=33)
        wait_for(lambda: console.value('elbow') == 33, 'the value of the driver')
        wait_for(lambda: slider_of(console) == pytest.approx(33), 'the slider')
        assert not console.joint('elbow', 'slider').is_enabled()
        console.wait_text('joints-off', f'{POLICY} drives this room.')
        console.take_pictures(f'hand-over-{control}')

        policy.request('release_control')
        console.wait_text('producer', 'No driver')
        wait_for(take.is_enabled, 'the button')
        assert console.text('take') == 'Take control'
        assert console.text('drive-note') == ''


def test_the_page_takes_control_from_a_policy(
    console: Console, own_server_url: str, room: str
) -> None:
    """Where drivers may take control, one press is enough; the policy has no effect any more."""
    with driven_room(console, own_server_url, room, 'take') as policy:
        own = page_id(console)
        take_control(console)
        wait_for(lambda: policy.holder == own, 'the page to have control')
        assert policy.control['change'] == 'taken'
        console.wait_text('producer', f'{own} (this page)')
        assert own not in console.text('consumers')
        policy.drive(elbow=50)
        console.joint('elbow', 'slider').send_keys(console.keys.RIGHT)
        wait_for(lambda: policy.updates, 'the value of the page')
        assert [list(each) for each in policy.updates] == [['elbow']]
        assert 10 < policy.updates[0]['elbow'] <= 11
        console.take_pictures('hand-over-taken')


def test_the_page_asks_for_control(console: Console, own_server_url: str, room: str) -> None:
    """The driver is asked; the user can withdraw the request; a refusal and a gift are shown."""
    with driven_room(console, own_server_url, room, 'ask') as policy:
        own = page_id(console)

        def ask() -> None:
            console.click('take')
            console.wait_text('drive-note', f'{POLICY} is asked for control')
            wait_for(lambda: policy.control['requests'] == [own], 'the request')

        ask()
        assert not console.joint('elbow', 'slider').is_enabled()
        assert console.text('release') == 'Withdraw the request'
        console.take_pictures('hand-over-asking')
        console.click('release')
        console.wait_text('drive-note', 'The request for control was withdrawn.')
        wait_for(lambda: policy.control['requests'] == [], 'the request to be withdrawn')

        ask()
        policy.request('refuse_control', own)
        console.wait_text('drive-note', f'Control was refused: {POLICY} keeps control.')
        console.wait_text('drive-note', 'You can ask it for control.')

        ask()
        policy.request('give_control', own)
        console.wait_text('drive-note', 'This page drives')
        assert console.joint('elbow', 'slider').is_enabled()


def test_a_page_that_asks_for_control_counts_once(
    console: Console, own_server_url: str, room: str
) -> None:
    """The link with which a page asks is not shown as another viewer."""
    with driven_room(console, own_server_url, room, 'ask') as policy:
        own = page_id(console)
        console.click('take')
        wait_for(lambda: policy.control['requests'] == [own], 'the request')
        with running_operator(own_server_url, WORKSPACE, room, 'onlooker', 'control'):
            console.wait_text('consumers', 'onlooker')
            assert own not in console.text('consumers')
            assert f'Driver: {POLICY} · 2 viewers' in console.text('rooms')


def test_a_stop_withdraws_the_request_for_control(
    console: Console, own_server_url: str, room: str
) -> None:
    """A request from before a stop gives this page no control after it."""
    make_room(own_server_url, room, control='ask')
    with running_operator(own_server_url, WORKSPACE, room, POLICY) as policy:
        policy.take()
        open_room(console, own_server_url, room)
        console.wait_text('take', 'Ask for control')
        console.click('take')
        wait_for(lambda: policy.control['requests'], 'the request')
        console.press(console.keys.ESCAPE)
        console.wait_text('alert', 'The arena passed the stop on')
        console.wait_text('drive-note', 'withdrawn, because of the stop')
        wait_for(lambda: policy.control['drivers'] == [POLICY], 'the page to be no driver')
        wait_for(lambda: policy.holder is None, 'nobody to have control')


def test_the_page_answers_the_request_of_a_policy(
    console: Console, own_server_url: str, room: str
) -> None:
    """The holder sees who asks, and refuses or gives; then it does not drive any more."""
    make_room(own_server_url, room, control='ask')
    set_joints(own_server_url, room, elbow=10)
    open_room(console, own_server_url, room)
    take_control(console)
    with running_operator(own_server_url, WORKSPACE, room, POLICY) as policy:
        assert console.text('requests') == ''
        policy.request('take_control')
        console.wait_text('requests', f'{POLICY} asks for control')
        console.take_pictures('hand-over-asked')
        wait_for_button(console, 'request-refuse').click()
        wait_for(lambda: policy.answers, 'the answer')
        assert 'keeps control' in policy.answers[-1]['refusal']
        wait_for(lambda: console.text('requests') == '', 'the request to disappear')
        assert 'This page drives' in console.text('drive-note')

        policy.request('take_control')
        console.wait_text('requests', POLICY)
        wait_for_button(console, 'request-give').click()
        wait_for(lambda: policy.holder == POLICY, 'control')
        console.wait_text('drive-note', f'Control was given to {POLICY}.')
        console.wait_text('producer', POLICY)
        assert console.text('requests') == ''
        assert not console.joint('elbow', 'slider').is_enabled()


def test_a_request_that_appears_is_not_answered_by_mistake(
    console: Console, own_server_url: str, room: str
) -> None:
    """The buttons of a new request are disabled at first; another request moves no focus."""
    make_room(own_server_url, room, control='ask')
    open_room(console, own_server_url, room)
    take_control(console)
    console.run(PRESS_AT_ONCE)
    with (
        running_operator(own_server_url, WORKSPACE, room, POLICY) as policy,
        running_operator(own_server_url, WORKSPACE, room, OTHER) as other,
    ):
        policy.request('take_control')
        wait_for_button(console, 'request-refuse')
        tab_to(console, 'request-refuse')
        other.request('take_control')
        console.wait_text('requests', OTHER)
        shown = console.text('requests')
        assert (shown.count(POLICY), shown.count(OTHER)) == (1, 1)
        assert console.run(FOCUSED) == 'request-refuse'
        console.press(console.keys.ENTER)
        wait_for(lambda: policy.answers, 'the answer')
        assert 'keeps control' in policy.answers[0]['refusal']
        assert policy.control['requests'] == [OTHER]


def test_an_answer_that_comes_too_late_is_shown(
    console: Console, own_server_url: str, room: str
) -> None:
    """If the request is gone when the user refuses it, the page shows the reason and drives on."""
    make_room(own_server_url, room, control='ask')
    open_room(console, own_server_url, room)
    take_control(console)
    with running_operator(own_server_url, WORKSPACE, room, POLICY) as policy:
        policy.request('take_control')
        console.wait_text('requests', POLICY)
        wait_for_button(console, 'request-refuse')
        console.run(
            'const refuse = document.querySelector(".request-refuse");'
            'refuse.click(); refuse.click();'
        )
        console.wait_text('drive-note', 'The answer came too late: no request of')
        assert 'This page drives' in console.text('drive-note')


def test_the_page_gives_control_back(console: Console, own_server_url: str, room: str) -> None:
    """The policy of before is chosen first; the last value of the user is sent before it."""
    with (
        driven_room(console, own_server_url, room, 'take') as policy,
        running_operator(own_server_url, WORKSPACE, room, OTHER),
    ):
        take_control(console)
        wait_for(lambda: console.run(OPTIONS) == ['', POLICY, OTHER], 'the other drivers')
        assert console.run('return document.getElementById("give-to").value') == POLICY
        console.run(BURST, console.joint('elbow', 'slider'), 'give')
        wait_for(lambda: policy.holder == POLICY, 'control')
        assert (policy.control['change'], policy.updates[-1]) == ('given', {'elbow': 13.0})
        console.wait_text('drive-note', f'Control was given to {POLICY}.')
        assert not console.joint('elbow', 'slider').is_enabled()
        assert console.text('give-form') == ''
        policy.drive(elbow=20)
        wait_for(lambda: console.value('elbow') == 20, 'the policy to go on')


def test_a_driver_that_leaves_is_not_replaced_in_the_choice(
    console: Console, own_server_url: str, room: str
) -> None:
    """If the chosen driver leaves, none is chosen, because another one would move the robot."""
    make_room(own_server_url, room, control='take')
    with running_operator(own_server_url, WORKSPACE, room, OTHER):
        with driven_room(console, own_server_url, room, 'take'):
            take_control(console)
            wait_for(lambda: console.run(OPTIONS) == ['', OTHER, POLICY], 'the other drivers')
            assert console.driver.find_element('id', 'give').is_enabled()
        wait_for(lambda: console.run(OPTIONS) == ['', OTHER], 'the other driver')
        assert console.run('return document.getElementById("give-to").value') == ''
        assert not console.driver.find_element('id', 'give').is_enabled()


def test_a_page_that_is_displaced_sends_nothing_more(
    console: Console, own_server_url: str, room: str
) -> None:
    """The page says who took control, disables the sliders, and stays without control."""
    with (
        driven_room(console, own_server_url, room, 'take') as policy,
        running_operator(own_server_url, WORKSPACE, room, 'onlooker', 'shadows') as onlooker,
    ):
        take_control(console)
        slider = console.joint('elbow', 'slider')
        slider.send_keys(console.keys.RIGHT)
        wait_for(lambda: len(onlooker.updates) == 1, 'the value of the page')
        policy.take()
        taken = f'{POLICY} took control from this page. Nothing more is sent.'
        console.wait_text('drive-note', taken)
        console.wait_text('producer', POLICY)
        assert not slider.is_enabled()
        console.run(BURST, slider, '')
        policy.drive(elbow=42)
        wait_for(lambda: slider_of(console) == pytest.approx(42), 'the slider to follow')
        wait_for(lambda: onlooker.updates[1:] == [{'elbow': 42.0}], 'only this update')
        assert onlooker.of_type('shadow_update') == []
        wait_for(lambda: policy.control['drivers'] == [POLICY], 'the page to be no driver')
        console.take_pictures('hand-over-displaced')

        policy.request('release_control')
        console.wait_text('producer', 'No driver')
        assert console.text('take') == 'Take control'
        assert 'drives this room' not in console.text('drive-note')


def test_a_stop_of_another_releases_control(
    console: Console, own_server_url: str, room: str
) -> None:
    """After a stop nobody drives; unlocking the page does not take control again."""
    with driven_room(console, own_server_url, room, 'take') as policy:
        take_control(console)
        policy.send({'type': 'emergency_stop', 'reason': 'A person is in the cell'})
        console.wait_text('drive-note', f'The stop by {POLICY} ended the control of this page.')
        console.wait_text('producer', 'No driver')
        wait_for(lambda: policy.holder is None, 'control to be released')
        console.click('unlock')
        console.wait_text('joints-off', 'this page does not drive')
        assert not console.joint('elbow', 'slider').is_enabled()
        take_control(console)
        wait_for(lambda: policy.holder is not None, 'the page to have control')
        console.press(console.keys.ESCAPE)
        console.wait_text('drive-note', 'The stop by this page ended the control of this page.')
        wait_for(lambda: policy.holder is None, 'control to be released again')


def test_a_robot_that_revokes_control_is_named(
    console: Console, own_server_url: str, room: str
) -> None:
    """If a robot ends the control of this page, the page names the robot."""
    make_room(own_server_url, room)
    features = ('robot_state', 'control')
    with running_operator(own_server_url, WORKSPACE, room, 'arm1', *features) as robot:
        robot.send(robot_state())
        open_room(console, own_server_url, room)
        take_control(console)
        robot.request('release_control')
        console.wait_text('drive-note', 'The robot arm1 ended the control of this page.')
        console.wait_text('producer', 'No driver')


def test_control_that_came_back_without_a_request_is_released(
    console: Console, own_server_url: str, room: str
) -> None:
    """A page that lost control does not drive again by the decision of another driver."""
    with driven_room(console, own_server_url, room, 'take') as policy:
        own = page_id(console)
        take_control(console)
        policy.request('take_control')
        policy.request('give_control', own)
        # The state of control comes before the answer.
        wait_for(lambda: len(policy.answers) == 3, 'the answers')
        console.wait_text('drive-note', f'{POLICY} took control from this page.')
        wait_for(lambda: policy.holder in (None, POLICY), 'the page to have no control')
        assert not console.joint('elbow', 'slider').is_enabled()


def test_two_pages_that_take_control_at_once_do_not_both_drive(
    console: Console, own_server_url: str, room: str
) -> None:
    """One of two pages drives in the end, and the other one names it."""
    make_room(own_server_url, room, control='take')
    open_room(console, own_server_url, room)
    with (
        running_operator(own_server_url, WORKSPACE, room, POLICY) as policy,
        second_page(console, own_server_url, room) as windows,
    ):
        start_ms = time.time() * 1000 + 500
        for window in windows:
            console.driver.switch_to.window(window)
            console.run(PRESS_AT, start_ms)
        wait_for(lambda: policy.control['number'] == 2, 'two changes of control')

        def notes() -> list[str]:
            found = []
            for window in windows:
                console.driver.switch_to.window(window)
                found.append(console.text('drive-note'))
            return found

        # Each page receives the two changes at its own time.
        taken = f'{policy.holder} took control from this page.'
        wait_for(lambda: sum(taken in note for note in notes()) == 1, 'one page without control')
        assert sum('This page drives' in note for note in notes()) == 1


def test_all_of_it_works_with_the_keyboard(
    console: Console, own_server_url: str, room: str
) -> None:
    """A person asks, withdraws, answers, gives and releases with Tab, Enter and the arrows."""
    enter = console.keys.ENTER
    with (
        driven_room(console, own_server_url, room, 'ask') as policy,
        running_operator(own_server_url, WORKSPACE, room, OTHER) as other,
    ):
        own = page_id(console)
        tab_to(console, 'take')
        console.press(enter)
        wait_for(lambda: policy.control['requests'] == [own], 'the request')
        wait_for(lambda: console.run(FOCUSED) == 'release', 'the focus')
        console.press(enter)
        wait_for(lambda: policy.control['requests'] == [], 'the request to be withdrawn')
        wait_for(lambda: console.run(FOCUSED) == 'take', 'the focus')
        console.press(enter)
        wait_for(lambda: policy.control['requests'] == [own], 'the second request')
        policy.request('give_control', own)
        console.wait_text('drive-note', 'This page drives')

        tab_to(console, 'give-to')
        console.press(console.keys.DOWN)
        assert console.run('return document.activeElement.value') == OTHER
        other.request('take_control')
        console.wait_text('requests', OTHER)
        assert console.run(FOCUSED) == 'give-to'
        wait_for_button(console, 'request-refuse')
        tab_to(console, 'request-refuse')
        console.press(enter)
        wait_for(lambda: 'refusal' in (other.answers or [{}])[-1], 'the refusal')
        wait_for(lambda: console.run(FOCUSED) == 'release', 'the focus')
        tab_to(console, 'give')
        console.press(enter)
        wait_for(lambda: other.holder == OTHER, 'control')
        wait_for(lambda: console.run(FOCUSED) == 'take', 'the focus')


def test_odd_messages_about_control_do_not_break_the_page(
    console: Console, own_server_url: str, room: str
) -> None:
    """Fields of other types count as missing; a page in doubt stops driving; names are text."""
    make_room(own_server_url, room, control='take')
    open_room(console, own_server_url, room)
    console.run(KEEP_SOCKETS)
    wait_for(lambda: console.run('return window.sockets.size') == 1, 'a heartbeat')
    for odd in (
        {},
        {'holder': 7, 'policy': [], 'drivers': {}, 'requests': 'x', 'number': 'y', 'by': None},
        {'holder': {'a': 1}, 'drivers': [1, None, {}], 'requests': [[]], 'number': 1e308},
        {'holder': HOSTILE, 'policy': 'magic', 'drivers': [HOSTILE], 'requests': [HOSTILE]},
    ):
        console.run(RECEIVE, json.dumps({'type': 'control', **odd}))
        console.run(RECEIVE, json.dumps({**odd, 'type': 'control_answer', 'refusal': odd}))
    console.wait_text('producer', HOSTILE)
    console.wait_text('drive-note', f'{HOSTILE} drives this room. Ask its operator')
    assert not console.driver.find_element('id', 'take').is_enabled()
    assert console.run('return document.images.length') == 0

    with running_operator(own_server_url, WORKSPACE, room, POLICY) as policy:
        console.wait_text('producer', 'No driver')
        take_control(console)
        console.run(RECEIVE, json.dumps({'type': 'control', 'holder': 7}))
        console.wait_text('drive-note', 'Control was lost: nobody has control now.')
        wait_for(lambda: policy.control['number'] == 2, 'the page to release control')
        own = page_id(console)
        take_control(console)
        wait_for(lambda: policy.holder == own, 'the page to have control')
        again = {'holder': own, 'number': 2**40, 'change': 'given', 'by': POLICY}
        console.run(RECEIVE, json.dumps({'type': 'control', **again}))
        console.wait_text('drive-note', f'{POLICY} gave control to {own}.')
        wait_for(lambda: policy.holder is None, 'the page to release control it did not request')


def test_a_server_that_cannot_hand_over_control_is_named(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an older server, the page shows why it cannot drive."""
    features = SUPPORTED_FEATURES - {Feature.CONTROL}
    monkeypatch.setattr(Room, 'supported_features', features)
    with running_server() as url:
        make_room(url, 'arm')
        open_room(console, url, 'arm')
        console.click('take')
        console.wait_text('drive-note', 'Control was refused: this arena server cannot hand over')


def test_long_names_of_drivers_fit(console: Console, own_server_url: str, room: str) -> None:
    """With names of the maximum length, all fits a phone, and can be read and touched."""
    make_room(own_server_url, room, control='ask')
    open_room(console, own_server_url, room)
    take_control(console)
    with running_operator(own_server_url, WORKSPACE, room, 'p' * 100) as policy:
        policy.request('take_control')
        console.wait_text('requests', 'p' * 100)
        console.resize(*PHONE, is_phone=True)
        for scheme in ('light', 'dark'):
            console.prefer(scheme)
            console.take_picture(f'hand-over-long-names-{scheme}')
            assert console.run(TOO_WIDE) == console.run(TOO_SMALL) == []
            assert [each for each in console.run(CONTRASTS) if each[0] < 4.5] == []
        console.prefer('light')
