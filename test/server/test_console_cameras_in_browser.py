# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The cameras of a room in the console, in a real browser: live, stale, absent, many, hidden."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
import json
from pathlib import Path
import re

import pytest

pytest.importorskip('aiortc')

from aiortc import RTCPeerConnection, VideoStreamTrack  # noqa: E402
import httpx  # noqa: E402
from support.arena_server import arena_server  # noqa: E402
from support.browser import (  # noqa: E402
    CONTRASTS,
    DESKTOP,
    PHONE,
    TOO_WIDE,
    Console,
    running_browser,
)
from support.console_cameras import (  # noqa: E402
    PATIENCE_S,
    running_camera,
    shown,
    viewers,
    wait_live,
)
from support.peers import Peer  # noqa: E402
from support.server import running_server  # noqa: E402
from support.tokens import TOKENS, tokens_file  # noqa: E402
from support.video_clients import PublicProducer  # noqa: E402
from support.video_rooms import (  # noqa: E402
    WORKSPACE,
    make_video_room,
    offer,
    post_signal,
    video_peer,
)
from support.waiting import wait_for, wait_until  # noqa: E402

BLUE, GREEN, BROWN, PURPLE = (30, 90, 140), (40, 110, 60), (140, 90, 40), (100, 50, 130)

SHOWS_ADDRESSES = '--disable-features=WebRtcHideLocalIpsWithMdns'
"""Names by mDNS, which a browser uses instead of addresses, need a network with multicast."""

NO_WEBRTC = 'delete window.RTCPeerConnection'

TILES = """
return [...document.querySelectorAll('#cameras > li')].map((each) => {
  const { left, top, width } = each.getBoundingClientRect();
  return [left, top, width];
});
"""

SCROLL_TO = 'document.querySelector(arguments[0]).scrollIntoView({ block: arguments[1] })'


@pytest.fixture
def arm(own_server_url: str, request: pytest.FixtureRequest) -> str:
    """Create a room for joints with the name of the test, and return its name."""
    name = re.sub(r'\W+', '-', request.node.name.removeprefix('test_')).strip('-')
    return make_arm(own_server_url, name)


@pytest.fixture
def front(own_server_url: str, arm: str) -> str:
    """Create the video room of the camera ``front`` of the room, and return its name."""
    return make_video_room(own_server_url, f'{arm}-front')


def make_arm(url: str, name: str, **headers: str) -> str:
    """Create a room for joints in the workspace of the video rooms."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms'
    httpx.post(path, json={'room_id': name}, headers=headers).raise_for_status()
    return name


def command(url: str, arm: str, **joints: float) -> None:
    """Set the joints of a room."""
    path = f'{url}/robotics/workspaces/{WORKSPACE}/rooms/{arm}/command'
    body = {'joints': [{'name': name, 'value': value} for name, value in joints.items()]}
    httpx.post(path, json=body).raise_for_status()


def open_arm(console: Console, url: str, arm: str) -> None:
    """Open a room in the console."""
    console.open(url, WORKSPACE, arm)
    console.wait_joined()


def wait_mark(console: Console, room: str, pattern: str) -> str:
    """Wait until the mark on a picture matches a pattern while the picture is grey; return it."""

    def is_marked() -> bool:
        seen = shown(console, room)
        return bool(re.fullmatch(pattern, seen.mark)) and 'grayscale(1)' in seen.filter

    wait_for(is_marked, f'{room} to be marked', PATIENCE_S)
    return shown(console, room).mark


def wait_reason(console: Console, room: str, text: str) -> None:
    """Wait until the page shows why a camera has no picture."""
    wait_for(lambda: text in shown(console, room).reason, f'{room}: {text}', PATIENCE_S)


def wait_colour(console: Console, room: str, colour: tuple[int, int, int]) -> None:
    """Wait until a camera is live with a colour."""
    wait_for(lambda: wait_live(console, room).has_colour(colour), str(colour), PATIENCE_S)


def press_hide(console: Console, room: str) -> None:
    """Press the button that hides a camera."""
    console.run(
        'document.querySelector(`[data-camera="${CSS.escape(arguments[0])}"] button`).click()',
        room,
    )


def add_camera(console: Console, room: str) -> None:
    """Select a video room in the list of those that are not shown."""
    select = console.driver.find_element('id', 'add-camera')
    wait_for(lambda: room in select.text, f'{room} to be offered')
    select.send_keys(room)


def test_the_picture_of_a_camera_moves_and_has_its_colours(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """The tile shows the colours that are sent, a ball that moves, and rate, latency and size."""
    with running_camera(own_server_url, front, BLUE):
        open_arm(console, own_server_url, arm)
        first = wait_live(console, front)
        assert first.name == 'front'
        assert first.has_colour(BLUE)
        assert first.size == '320 × 240'
        assert re.fullmatch(r'[\d.]+ fps', first.rate)
        (viewer,) = viewers(own_server_url, front)
        assert re.fullmatch(r'console-[0-9a-f]{6}-camera-\d+', viewer)

        def has_moved() -> bool:
            then = shown(console, front).ball_x
            return then is not None and abs(then - (first.ball_x or then)) > 40

        wait_for(has_moved, 'the ball to move')
        is_known = re.compile(r'\d+ ms latency').fullmatch
        wait_for(lambda: is_known(shown(console, front).latency), 'the latency', PATIENCE_S)
        console.take_picture('camera')


def test_a_picture_that_stops_is_grey_with_its_age_until_the_next_one(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """The age goes on, also when the page joins again and gets the last picture once more."""
    with running_camera(own_server_url, front) as camera:
        open_arm(console, own_server_url, arm)
        wait_live(console, front)
        (before,) = viewers(own_server_url, front)

        camera.is_frozen = True
        wait_mark(console, front, 'No picture for [123] s')
        assert shown(console, front).rate == ''
        console.take_picture('camera-stale')
        wait_for(
            lambda: viewers(own_server_url, front) not in ([], [before]),
            'the page to join again',
            PATIENCE_S,
        )
        # The producer sends its last picture to the new viewer.
        wait_mark(console, front, r'No picture for (1\d|[2-9]\d) s')

        camera.is_frozen = False
        wait_live(console, front)


def test_a_picture_that_is_old_when_it_arrives_is_grey_with_its_age(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """A picture that goes on, but whose stamps are old, is marked; a wrong clock is unknown."""
    with running_camera(own_server_url, front) as camera:
        camera.age_s = 30.0
        open_arm(console, own_server_url, arm)
        wait_mark(console, front, r'This picture is \d\d s old')

        # From the future, as of a machine whose clock is not set.
        camera.age_s = -7200.0

        assert wait_live(console, front).latency == 'latency unknown'


async def test_a_producer_without_stamps_is_shown_with_an_unknown_latency(
    own_server_url: str, arm: str, front: str
) -> None:
    """The picture of a producer that works like the public one, without candidates, is shown."""
    with running_browser(SHOWS_ADDRESSES) as console:
        open_arm(console, own_server_url, arm)
        async with PublicProducer.joined(own_server_url, front):
            await wait_until(
                lambda: shown(console, front).latency == 'latency unknown', 'it', PATIENCE_S
            )
            assert shown(console, front).has_colour((0, 135, 0))


def test_a_camera_without_a_producer_shows_who_is_missing(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """A room without a producer, one that leaves and one that stops are named; each can return."""
    open_arm(console, own_server_url, arm)
    wait_reason(console, front, 'No camera sends to this room.')
    with running_camera(own_server_url, front, GREEN) as camera:
        wait_live(console, front)
        camera.stop_stream()
        wait_reason(console, front, 'cam-1 has stopped sending.')
        assert shown(console, front).corner is None
    wait_reason(console, front, 'No camera sends to this room.')
    with running_camera(own_server_url, front, PURPLE, 'cam-2'):
        assert wait_live(console, front).has_colour(PURPLE)


@pytest.mark.parametrize(
    ('offers', 'reason'),
    [
        (False, 'cam-9 does not offer its picture. Trying again…'),
        (True, 'This browser cannot reach cam-9: check the firewalls'),
    ],
    ids=['silent', 'unreachable'],
)
async def test_a_producer_that_brings_no_picture_is_named(
    console: Console, own_server_url: str, arm: str, front: str, offers: bool, reason: str
) -> None:
    """A producer that offers nothing, and one that cannot be reached, are told apart."""
    async with video_peer(own_server_url, front, 'cam-9', 'producer') as producer:
        offering = asyncio.create_task(_offer_in_vain(own_server_url, front, producer, offers))
        try:
            await asyncio.to_thread(open_arm, console, own_server_url, arm)
            await wait_until(
                lambda: 'Connecting to cam-9…' in shown(console, front).reason, 'it', PATIENCE_S
            )
            await wait_until(lambda: reason in shown(console, front).reason, reason, PATIENCE_S)
        finally:
            offering.cancel()
            await asyncio.gather(offering, return_exceptions=True)


async def _offer_in_vain(url: str, room: str, producer: Peer, offers: bool) -> None:
    """Offer each viewer a connection without candidates, and ignore its answer."""
    connection = RTCPeerConnection()
    connection.addTrack(VideoStreamTrack())
    sdp = (await connection.createOffer()).sdp
    try:
        while True:
            message = json.loads(await producer.connection.recv())
            if offers and message['type'] == 'participant_joined':
                await post_signal(url, room, 'cam-9', offer(message['participant_id'], sdp))
    finally:
        await connection.close()


def test_a_browser_without_webrtc_explains_itself(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """The tile names the reason, and the page does not join the video room."""
    added = console.driver.execute_cdp_cmd(
        'Page.addScriptToEvaluateOnNewDocument', {'source': NO_WEBRTC}
    )
    try:
        open_arm(console, own_server_url, arm)
        wait_reason(console, front, 'This browser cannot show cameras, because it has no WebRTC.')
        assert viewers(own_server_url, front) == []
    finally:
        console.driver.execute_cdp_cmd('Page.removeScriptToEvaluateOnNewDocument', added)


def test_a_room_without_cameras_shows_how_they_are_named(
    console: Console, own_server_url: str, arm: str
) -> None:
    """Any other video room of the workspace can be added by hand, and is there after a reload."""
    other = make_video_room(own_server_url)
    open_arm(console, own_server_url, arm)
    console.wait_text('cameras-note', f'for example {arm}-front. You can add the other cameras')

    with running_camera(own_server_url, other, BROWN):
        add_camera(console, other)
        assert wait_live(console, other).has_colour(BROWN)
        assert shown(console, other).name == other
        assert console.text('cameras-note') == ''
        console.driver.refresh()
        wait_live(console, other)


def test_a_hidden_camera_costs_nothing(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """Hiding a camera leaves its room, also after a reload; adding it joins the room."""
    with running_camera(own_server_url, front):
        open_arm(console, own_server_url, arm)
        wait_live(console, front)

        press_hide(console, front)
        wait_for(lambda: viewers(own_server_url, front) == [], 'the page to leave')
        assert console.run('return document.querySelectorAll("video").length') == 0
        console.wait_text('cameras-note', 'The cameras of this room are hidden.')
        console.driver.refresh()
        console.wait_joined()
        add_camera(console, front)

        wait_live(console, front)


def test_a_camera_that_is_not_visible_costs_nothing(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """Scrolling a camera out of the window leaves its room, and scrolling back joins it."""
    with running_camera(own_server_url, front):
        open_arm(console, own_server_url, arm)
        console.resize(*PHONE, is_phone=True)
        console.run(SCROLL_TO, '#cameras', 'center')
        wait_live(console, front)

        console.run('document.getElementById("keys").open = true')
        console.run(SCROLL_TO, '#keys', 'start')
        wait_for(lambda: viewers(own_server_url, front) == [], 'the page to leave')
        console.run(SCROLL_TO, '#cameras', 'center')
        wait_live(console, front)

        with console.frozen():
            wait_for(lambda: viewers(own_server_url, front) == [], 'the frozen page to leave')
        wait_live(console, front)


def test_a_producer_that_starts_again_is_shown_again(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """The picture of the producer that took its place is shown, under the same id."""
    open_arm(console, own_server_url, arm)
    for colour in (BLUE, BROWN, GREEN):
        with running_camera(own_server_url, front, colour):
            wait_colour(console, front, colour)


def test_the_picture_comes_back_after_a_restart_of_the_server(console: Console) -> None:
    """The page joins the room of the next server, and is offered the picture again."""
    with ExitStack() as stack:
        with running_server() as url:
            arm = make_arm(url, 'arm')
            front = make_video_room(url, f'{arm}-front')
            stack.enter_context(running_camera(url, front, GREEN))
            open_arm(console, url, arm)
            wait_live(console, front)
        console.wait_text('cameras-note', 'The list of cameras is not up to date', PATIENCE_S)
        with running_server(port=int(url.rpartition(':')[2])):
            make_arm(url, 'arm')
            make_video_room(url, front)
            wait_for(lambda: len(viewers(url, front)) == 1, 'the page to join', PATIENCE_S)
            console.wait_text('link', 'Joined', PATIENCE_S)
            assert wait_live(console, front).has_colour(GREEN)


def test_four_cameras_fit_on_a_desktop_and_on_a_phone(console: Console) -> None:
    """They are in two columns, nothing is wider than the page, and all texts are readable."""
    colours = {'front': BLUE, 'left': GREEN, 'right': BROWN, 'wrist': PURPLE}
    with running_server() as url, ExitStack() as stack:
        arm = make_arm(url, 'arm')
        command(url, arm, elbow=42.5, shoulder=-12.0, wrist=7.25)
        rooms = [make_video_room(url, f'{arm}-{name}') for name in colours]
        for room, colour in zip(rooms, colours.values(), strict=True):
            stack.enter_context(running_camera(url, room, colour))
        open_arm(console, url, arm)
        for (width, _), is_phone in ((DESKTOP, False), (PHONE, True)):
            console.resize(width, 1500, is_phone=is_phone)
            for room, colour in zip(rooms, colours.values(), strict=True):
                assert wait_live(console, room).has_colour(colour)
            tiles = console.run(TILES)
            assert len({left for left, _, _ in tiles}) == len({top for _, top, _ in tiles}) == 2
            assert all(tile_width > 0.3 * (width - 320) for _, _, tile_width in tiles)
            assert console.run(TOO_WIDE) == []
            for scheme in ('dark', 'light'):
                console.prefer(scheme)
                assert [each for each in console.run(CONTRASTS) if each[0] < 4.5] == []
                wait_for(
                    lambda: all(shown(console, room).is_live for room in rooms),
                    'all cameras to be live',
                    PATIENCE_S,
                )
                console.take_picture('-'.join(['cameras', scheme, *['phone'] * is_phone]))
        console.resize(DESKTOP[0], 1500)
        wait_for(
            lambda: all('ms latency' in shown(console, room).latency for room in rooms),
            'all latencies',
            PATIENCE_S,
        )
        console.take_picture('cameras')


def test_a_very_wide_screen_has_the_cameras_beside_the_joints(
    console: Console, own_server_url: str, arm: str, front: str
) -> None:
    """The cameras are on the right of the joints, whose sliders are still long enough."""
    command(own_server_url, arm, elbow=42.5, shoulder=-12.0)
    wrist = make_video_room(own_server_url, f'{arm}-wrist')
    with (
        running_camera(own_server_url, front),
        running_camera(own_server_url, wrist, GREEN),
    ):
        open_arm(console, own_server_url, arm)
        for width in (1600, 1920):
            console.resize(width, 1000)
            wait_live(console, front)
            wait_live(console, wrist)
            joint, slider, cameras = (
                console.run(f'return document.querySelector("{each}").getBoundingClientRect()')
                for each in ('.joint', '.slider', '.cameras')
            )

            assert joint['right'] < cameras['left']
            assert slider['width'] > 200
            assert console.run(TOO_WIDE) == []
        console.take_picture('cameras-wide')


@pytest.mark.parametrize(
    ('workspaces', 'is_allowed'),
    [((WORKSPACE,), True), (('home',), False)],
    ids=['watch', 'other'],
)
def test_a_token_decides_which_cameras_are_shown(
    console: Console, tmp_path: Path, workspaces: tuple[str, ...], is_allowed: bool
) -> None:
    """A token that may watch sees a camera; one for another workspace gets the server's reason."""
    path = tokens_file(tmp_path / 'tokens.yaml', workspaces, watch='watch')
    both = path.read_text() + tokens_file(path, drive='drive').read_text().partition('\n')[2]
    path.write_text(both)
    with arena_server('--tokens', str(path)) as server:
        bearer = {'Authorization': f'Bearer {TOKENS["drive"]}'}
        make_arm(server.url, 'arm', **bearer)
        front = make_video_room(server.url, 'arm-front', **bearer)
        with running_camera(server.url, front, token=TOKENS['drive']):
            console.open(server.url, WORKSPACE, 'arm')
            console.wait_text('token-panel', 'This arena is protected')
            console.fill('token', TOKENS['watch'])
            if is_allowed:
                wait_live(console, front)
            else:
                why = 'The list of cameras is not up to date: '
                console.wait_text('cameras-note', why, PATIENCE_S)
                assert 'workspace' in console.text('cameras-note')
