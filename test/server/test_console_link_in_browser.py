"""The console in a real browser: rooms, tokens, and links that are lost and found."""

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

HANG = 'const end = performance.now() + 7000; while (performance.now() < end);'
"""A script that does not come to an end: the page answers nothing, its socket answers pings."""


def test_a_room_and_its_first_joint_are_made_here(console: Console, own_server_url: str) -> None:
    """A joint that the room knows no value of has none until one is typed."""
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
    """It refuses a wrong one in words; the right one is kept for the tab, not in the address."""
    with running_server(rules=rules_of(TOKEN)) as url:
        make_room(url, 'arm', {'Authorization': f'Bearer {TOKEN}'})
        console.open(url + prefix, WORKSPACE, 'arm')
        console.wait_text('token-panel', 'This arena is protected')
        console.fill('token', 'wrong')
        console.wait_text('token-note', 'That is not the token of this server.')
        console.take_picture('token-prompt')
        # The field's text is selected, so it is typed over.
        console.fill('token', TOKEN)
        console.wait_joined()
        console.press(console.keys.ESCAPE)
        console.wait_text('alert', 'The arena passed the stop on')

        assert console.run('return location.href') == f'{url}{prefix}/#{WORKSPACE}/arm'
        assert console.run('return localStorage.length') == 0
        console.driver.refresh()
        console.wait_joined()


def test_it_works_below_any_path(console: Console) -> None:
    """As behind a proxy that has the arena somewhere below its own root."""
    with running_server(below='/lab/arena') as url:
        make_room(url, 'arm')
        console.open(url)
        wait_for(lambda: 'arm' in console.text('rooms'), 'the room in the list')
        console.driver.find_element('css selector', '#rooms button').click()
        console.wait_joined()
        take_control(console)


def test_a_stop_that_finds_no_link_says_so_and_is_sent_later(console: Console) -> None:
    """The page says why the link is lost, greys what is old, and joins again by itself."""
    port = str(free_port())
    with arena_server('--port', port) as server:
        make_room(server.url, 'arm')
        open_with_elbow(console, server.url, 'arm', 5)
        with running_stand_in(server.url, WORKSPACE, 'arm', ROBOT):
            console.wait_text('robots', 'Follows the room')
            take_control(console)
            wait_for(lambda: not console.is_old('elbow', 'reading'), 'the values of the robot')
            server.stop(signal.SIGKILL)
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
            # Control that was lost is not taken again by itself.
            assert console.text('take') == 'Take control'
            assert console.text('producer') == 'No driver'


def test_a_missing_room_can_be_created_where_it_is_missed(
    console: Console, own_server_url: str
) -> None:
    """The page names the room and its workspace; the button works with the keyboard."""
    console.open(own_server_url, 'lab 3', 'arm')
    console.wait_text('missing', 'There is no room arm in workspace lab 3')
    assert console.driver.find_element('id', 'missing').get_attribute('role') == 'alert'

    console.driver.find_element('id', 'create-missing').send_keys(console.keys.ENTER)

    console.wait_joined()
    wait_for(lambda: console.text('missing') == '', 'the complaint to go')


def test_a_room_that_cannot_be_created_says_why(console: Console, own_server_url: str) -> None:
    """The server's reason stands beside the button."""
    console.open(own_server_url, WORKSPACE, 'r' * 300)
    console.wait_text('missing', 'There is no room')

    console.click('create-missing')

    console.wait_text('missing-note', 'The room was not created: ')


def test_stop_is_dimmed_while_no_room_is_open(console: Console, own_server_url: str) -> None:
    """Pressed all the same, it says why nothing was stopped."""
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


def test_a_page_that_the_browser_freezes_gives_control_back(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """Another participant can drive meanwhile, and a stop that was raised meanwhile is shown."""
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
    """It may hide the stop of another before it."""
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
    """Another may drive meanwhile; the page says afterwards why it does not drive any more."""
    with running_server(timing=Timing(liveness_s=1.5)) as url:
        make_room(url, 'arm')
        open_with_elbow(console, url, 'arm', 5)
        take_control(console)
        console.run(f'setTimeout(() => {{ {HANG} }}, 0);')
        wait_for(lambda: not has_producer(url, 'arm'), 'the page to lose control', 5.0)
        with running_participant(RoboticsProducer(url), WORKSPACE, 'arm', 'other'):
            console.wait_text('drive-note', 'Control was lost: ')
            console.wait_text('drive-note', 'Nothing more is sent.')
            console.wait_joined()


def test_a_page_whose_timers_were_suspended_gives_control_back_when_it_is_shown(
    console: Console,
) -> None:
    """Some browsers tell a hidden page nothing, and some servers do not miss its heartbeats."""
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
        wait_for(lambda: not has_producer(url, 'arm'), 'the place to be free')


def test_a_page_that_comes_back_out_of_the_memory_of_the_browser_shows_a_stop_of_meanwhile(
    console: Console, own_server_url: str, console_room: str
) -> None:
    """It gave control back when it was left."""
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
    """Tell whether a room has a producer."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}'
    return bool(httpx.get(path).json()['room']['has_producer'])


def members(url: str, room: str) -> list[str]:
    """List the producer, if any, and the consumers of a room."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{room}'
    people = httpx.get(path).json()['room']['participants']
    return [*([people['producer']] if people['producer'] else []), *people['consumers']]
