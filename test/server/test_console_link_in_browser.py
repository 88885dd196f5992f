# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The console in a real browser: rooms, tokens, and links that are lost and joined again."""

from __future__ import annotations

import signal

import httpx
import pytest
from support.arena_server import arena_server
from support.browser import REJOIN_S, Console
from support.console_rooms import WORKSPACE, make_room, open_room, open_with_elbow, take_control
from support.participant import running_participant
from support.processes import free_port
from support.server import rules_of, running_server
from support.stand_in import running_stand_in
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.server.rooms.limits import Timing

TOKEN = 'zebra-7/+=.~'
HOSTILE = '<img src=x onerror=document.title="owned">'
ROBOT = 'arm1-bridge-3f2a91'

HANG = 'const end = performance.now() + 12000; while (performance.now() < end);'
"""A script that blocks the page: the page handles nothing, but its socket answers pings."""


def test_a_room_and_its_first_joint_are_made_here(console: Console, own_server_url: str) -> None:
    """A new joint has no value until the user types one, which is then sent."""
    console.open(own_server_url)
    console.driver.find_element('css selector', '#create summary').click()
    console.driver.find_element('id', 'new-workspace').clear()
    console.driver.find_element('id', 'new-workspace').send_keys('lab 2')
    console.fill('new-room', HOSTILE)
    console.wait_joined()
    console.wait_text('room-title', HOSTILE)
    with running_participant(
        RoboticsConsumer(own_server_url), 'lab 2', HOSTILE, 'onlooker'
    ) as onlooker:
        take_control(console)
        console.fill('new-joint', 'elbow')
        assert not console.joint('elbow', 'slider').is_enabled()
        console.press('nonsense', console.keys.ENTER)
        assert console.joint('elbow', 'typed').get_attribute('aria-invalid') == 'true'
        assert (
            console.joint('elbow', 'joint-note').text == '"nonsense" was not sent: type a number.'
        )
        for _ in 'nonsense':
            console.press(console.keys.BACKSPACE)
        console.press('-12,5', console.keys.ENTER)
        wait_for(lambda: onlooker.updates == [{'elbow': -12.5}], 'the typed value')
    assert console.joint('elbow', 'slider').is_enabled()
    assert console.run('return document.images.length') == 0


@pytest.mark.parametrize('prefix', ['', '/api'])
def test_a_protected_arena_asks_for_its_token(console: Console, prefix: str) -> None:
    """A wrong token shows a note; the right one is stored for the tab, and not in the URL."""
    with running_server(rules=rules_of(TOKEN)) as url:
        make_room(url, 'arm', {'Authorization': f'Bearer {TOKEN}'})
        console.open(url + prefix, WORKSPACE, 'arm')
        console.wait_text('token-panel', 'This arena is protected')
        console.fill('token', 'wrong')
        console.wait_text('token-note', 'That is not the token of this server.')
        console.take_picture('token-prompt')
        # The text of the field is selected, so typing replaces it.
        console.fill('token', TOKEN)
        console.wait_joined()
        console.press(console.keys.ESCAPE)
        console.wait_text('alert', 'The arena passed the stop on')

        assert console.run('return location.href') == f'{url}{prefix}/#{WORKSPACE}/arm'
        assert console.run('return localStorage.length') == 0
        console.driver.refresh()
        console.wait_joined()


def test_it_works_below_any_path(console: Console) -> None:
    """The console works behind a proxy that serves the arena below another path."""
    with running_server(below='/lab/arena') as url:
        make_room(url, 'arm')
        console.open(url)
        wait_for(lambda: 'arm' in console.text('rooms'), 'the room in the list')
        console.driver.find_element('css selector', '#rooms button').click()
        console.wait_joined()
        take_control(console)


def test_a_stop_without_a_link_is_shown_as_not_sent_and_is_sent_later(console: Console) -> None:
    """The page shows why the link is lost, greys old values, joins again and sends the stop."""
    port = str(free_port())
    with arena_server('--port', port) as server:
        make_room(server.url, 'arm')
        open_with_elbow(console, server.url, 'arm', 5)
        with running_stand_in(server.url, WORKSPACE, 'arm', ROBOT):
            console.wait_text('robots', 'Follows the room')
            take_control(console)
            wait_for(lambda: not console.is_old('elbow', 'reading'), 'the values of the robot')
            server.end(signal.SIGKILL)
    console.wait_text('link', 'Lost: ')
    console.wait_text('drive-note', 'Control was lost: ')
    console.press(console.keys.ESCAPE)
    console.wait_text('alert-title', 'The stop is NOT sent: the link is down')
    wait_for(lambda: console.is_old('elbow', 'reading'), 'the values of the robot to be greyed')
    assert console.is_old('elbow', 'number')
    assert not console.driver.find_element('id', 'take').is_enabled()
    console.wait_text('robots', 'Unknown: the link is lost')
    console.take_pictures('lost-link')
    console.wait_text('link', 'the server does not answer')
    with arena_server('--port', port) as server:
        missing = f'There is no room arm in workspace {WORKSPACE}'
        console.wait_text('missing', missing, REJOIN_S)
        console.wait_text(
            'alert-title', f'The stop is NOT sent: there is no room arm in workspace {WORKSPACE}'
        )
        console.take_pictures('missing-room')
        make_room(server.url, 'arm')
        with running_participant(
            RoboticsConsumer(server.url), WORKSPACE, 'arm', 'onlooker'
        ) as onlooker:
            console.wait_joined()
            wait_for(lambda: onlooker.stops, 'the stop')
            console.wait_text('alert', 'The arena passed the stop on')
            assert console.text('missing') == ''
            # Lost control is not taken again automatically.
            assert console.text('take') == 'Take control'
            assert console.text('producer') == 'No driver'


def test_a_missing_room_can_be_created_on_its_page(console: Console, own_server_url: str) -> None:
    """The page shows the missing room and its workspace, and a button that creates it."""
    console.open(own_server_url, 'lab 3', 'arm')
    console.wait_text('missing', 'There is no room arm in workspace lab 3')
    assert console.driver.find_element('id', 'missing').get_attribute('role') == 'alert'

    console.driver.find_element('id', 'create-missing').send_keys(console.keys.ENTER)

    console.wait_joined()
    wait_for(lambda: console.text('missing') == '', 'the message to disappear')


def test_a_refused_room_shows_the_reason(console: Console, own_server_url: str) -> None:
    """If the room cannot be created, the reason of the server is shown beside the button."""
    console.open(own_server_url, WORKSPACE, 'r' * 300)
    console.wait_text('missing', 'There is no room')

    console.click('create-missing')

    console.wait_text('missing-note', 'The room was not created: ')


def test_stop_is_dimmed_while_no_room_is_open(console: Console, own_server_url: str) -> None:
    """Without an open room the button is dimmed, and a press shows why nothing was stopped."""
    console.open(own_server_url)
    console.wait_text('welcome', 'No room open')
    dimmed = console.style('stop', 'background-color')
    console.take_pictures('no-room')

    console.press(console.keys.ESCAPE)

    console.wait_text('alert-title', 'Nothing was stopped: no room is open')
    make_room(own_server_url, 'bright')
    open_room(console, own_server_url, 'bright')
    assert console.style('stop', 'background-color') != dimmed
    assert console.text('alert-title') == ''


def test_a_page_that_the_browser_freezes_releases_control(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A frozen page frees the room, and shows a missed stop when it resumes."""
    open_with_elbow(console, own_server_url, console_room, 5)
    take_control(console)
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        with console.frozen():
            wait_for(
                lambda: members(own_server_url, console_room) == ['onlooker'], 'the page to leave'
            )
            onlooker.stop('A person is in the cell')
        wait_for(lambda: console.run('return !document.hidden'), 'the page to be shown again')
        console.wait_text('alert-title', 'Stop by onlooker')
        assert 'A person is in the cell' in console.text('alert-text')
        assert 'the browser paused this page' in console.text('drive-note')
        console.wait_joined()


def test_a_stop_under_the_id_of_a_page_that_is_away_is_shown_to_it(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A stop under the page's own id is shown, because it may hide an earlier stop."""
    open_with_elbow(console, own_server_url, console_room, 5)
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        (taken,) = (each for each in members(own_server_url, console_room) if each != 'onlooker')
        with console.frozen():
            wait_for(
                lambda: members(own_server_url, console_room) == ['onlooker'], 'the page to leave'
            )
            onlooker.stop('A person is in the cell')
            with running_participant(
                RoboticsConsumer(own_server_url), WORKSPACE, console_room, taken
            ) as intruder:
                intruder.stop('harmless')
                wait_for(lambda: len(onlooker.stops) == 2, 'the stop of the intruder')

        console.wait_text('alert-title', 'Stop by ')
        console.wait_text('alert-text', 'harmless')


def test_a_page_that_hangs_loses_control_though_the_browser_answers_pings(
    console: Console,
) -> None:
    """The server frees the room, and the page shows afterwards why it lost control."""
    with running_server(timing=Timing(liveness_s=1.5)) as url:
        make_room(url, 'arm')
        open_with_elbow(console, url, 'arm', 5)
        take_control(console)
        console.run(f'setTimeout(() => {{ {HANG} }}, 0);')
        wait_for(lambda: not has_producer(url, 'arm'), 'the page to lose control', 10.0)
        with running_participant(RoboticsProducer(url), WORKSPACE, 'arm', 'other'):
            console.wait_text('drive-note', 'Control was lost: ')
            console.wait_text('drive-note', 'Nothing more is sent.')
            console.wait_joined()


def test_a_page_whose_timers_were_suspended_releases_control_when_it_is_shown(
    console: Console,
) -> None:
    """A page that is shown again checks its timers, as some browsers suspend it silently."""
    with running_server(timing=Timing(liveness_s=60.0)) as url:
        make_room(url, 'arm')
        open_with_elbow(console, url, 'arm', 5)
        take_control(console)
        console.run('window.setTimeout = () => 0;')
        began = console.run('return performance.now()')
        wait_for(lambda: console.run('return performance.now()') > began + 6500, 'the time')
        assert has_producer(url, 'arm')

        console.run('document.dispatchEvent(new Event("visibilitychange"));')

        console.wait_text('drive-note', 'Control was lost: the browser paused this page for ')
        wait_for(lambda: not has_producer(url, 'arm'), 'the room to be free')


def test_a_page_from_the_back_forward_cache_shows_a_missed_stop(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """A page from the back-forward cache has released control and shows a missed stop."""
    open_with_elbow(console, own_server_url, console_room, 5)
    take_control(console)
    console.run('window.isKept = true;')
    with running_participant(
        RoboticsConsumer(own_server_url), WORKSPACE, console_room, 'onlooker'
    ) as onlooker:
        console.driver.get(f'{own_server_url}/health')
        wait_for(
            lambda: members(own_server_url, console_room) == ['onlooker'], 'the page to leave'
        )
        onlooker.stop('A person is in the cell')

        console.driver.back()

        console.wait_text('alert-title', 'Stop by onlooker')
        assert console.run('return window.isKept') is True
        assert 'the browser paused this page' in console.text('drive-note')


def has_producer(url: str, room: str) -> bool:
    """Return whether a room has a producer."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}'
    return bool(httpx.get(path).json()['room']['has_producer'])


def members(url: str, room: str) -> list[str]:
    """Return the producer, if any, and the consumers of a room."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}'
    people = httpx.get(path).json()['room']['participants']
    return [*([people['producer']] if people['producer'] else []), *people['consumers']]
