# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Cameras and viewers in Chromium, with a page that works like the public JavaScript client."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

pytest.importorskip('aiortc')

from support.browser import running_browser  # noqa: E402
from support.camera_page import CAMERA_FLAGS, CameraPage, serving_page  # noqa: E402
from support.server import running_server  # noqa: E402
from support.video_clients import PublicProducer, camera, viewer  # noqa: E402
from support.video_rooms import WORKSPACE, make_video_room, video_room  # noqa: E402
from support.waiting import wait_until  # noqa: E402

from lerobot_arena_ros.server.access.rules import Rules  # noqa: E402
from lerobot_arena_ros.server.access.tokens import Tokens  # noqa: E402
from lerobot_arena_ros.video import ClientOptions, WebRTCConfig  # noqa: E402

TIMEOUT_S = 30.0


@pytest.fixture(scope='module')
def page_url() -> Iterator[str]:
    """Serve the page for this module."""
    with serving_page() as url:
        yield url


@pytest.fixture(scope='module')
def url(page_url: str) -> Iterator[str]:
    """Run one server for this module, which allows the page."""
    with running_server(rules=Rules(Tokens([]), (page_url,), frozenset())) as address:
        yield address


@pytest.fixture(scope='module')
def page(page_url: str) -> Iterator[CameraPage]:
    """Run one browser with a camera of its own for this module."""
    with running_browser(*CAMERA_FLAGS) as browser:
        yield CameraPage(browser.driver, page_url)


@pytest.fixture
def room(url: str, page: CameraPage) -> str:
    """Create a video room with a name that no other test uses."""
    page.open()
    return make_video_room(url)


def path_of(room: str) -> str:
    """Return the path of a video room."""
    return f'/video/workspaces/{WORKSPACE}/rooms/{room}'


async def shown(page: CameraPage, count: int) -> None:
    """Wait until the page has shown more pictures than there are now, by a count."""
    known = page.seen()['frames']
    await wait_until(lambda: page.seen()['frames'] >= known + count, 'pictures', TIMEOUT_S)


@pytest.mark.parametrize('codec', ['VP8', 'H264'])
async def test_the_browser_shows_the_camera(
    url: str, room: str, page: CameraPage, codec: str
) -> None:
    """The picture has the size and the shade of the camera."""
    options = ClientOptions(webrtc_config=WebRTCConfig(codec_preferences=[codec]))
    async with camera(url, room, options, shade=120) as producer:
        await asyncio.to_thread(page.watch, url, path_of(room))
        await shown(page, 20)
        seen = page.seen()
        assert (seen['width'], seen['height']) == (320, 240)
        assert all(abs(channel - 120) < 15 for channel in seen['pixel'][:3])

        # Longer than a viewer counts without a report that pictures arrive.
        await shown(page, 200)
        assert producer.viewers[0].is_receiving

        await asyncio.to_thread(page.open)

        await wait_until(lambda: producer.viewers == [], 'the page to be dropped')


async def test_the_browser_shows_a_camera_that_came_back(
    url: str, room: str, page: CameraPage
) -> None:
    """It uses the connection of the first camera again, and keeps its DTLS role."""
    async with camera(url, room):
        await asyncio.to_thread(page.watch, url, path_of(room))
        await shown(page, 20)
    async with camera(url, room, shade=200):
        await shown(page, 20)
        await wait_until(lambda: page.seen()['pixel'][0] > 180, 'the other camera', TIMEOUT_S)


@pytest.mark.parametrize('is_first', [True, False], ids=['before ours', 'after ours'])
async def test_the_browser_shows_the_camera_of_another_client(
    url: str, room: str, page: CameraPage, is_first: bool
) -> None:
    """Its connection takes the offers of both, in either order."""
    producers = [PublicProducer.joined(url, room, gathers=True), camera(url, room)]
    for count, producer in enumerate(producers if is_first else reversed(producers)):
        async with producer as joined:
            if count == 0:
                await asyncio.to_thread(page.watch, url, path_of(room))
            elif isinstance(joined, PublicProducer):
                await joined.offer(video_room(url, room)['participants']['consumers'][0])
            await shown(page, 20)


@pytest.mark.parametrize('audio', [False, True], ids=['video', 'audio and video'])
async def test_the_camera_of_the_browser_is_seen(
    url: str, room: str, page: CameraPage, audio: bool
) -> None:
    """Its candidates come one by one; audio, which it offers first, is declined."""
    async with viewer(url, room) as viewing:
        await asyncio.to_thread(page.send, url, path_of(room), audio=audio)
        await viewing.more(20, TIMEOUT_S)
        async with viewer(url, room) as late:
            await late.more(5, TIMEOUT_S)
        assert viewing.errors == []

        await asyncio.to_thread(page.open)
        await asyncio.to_thread(page.send, url, path_of(room), audio=audio)

        await viewing.more(20, TIMEOUT_S)
