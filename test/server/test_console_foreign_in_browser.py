# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Pages of other origins in a real browser: which access they get to an arena on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.browser import FOREIGN_HOST, Console
from support.console_rooms import WORKSPACE, make_room
from support.foreign_page import SANDBOXED, running_page_server, try_everything
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.http.app import create_app

ROOMS = '/robotics/workspaces/lab/rooms'

LOADED = """
return ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
  .map((each) => each.name);
"""
"""A script that returns the URL of each resource that the page has requested."""


@pytest.fixture(name='tab')
def fixture_tab(browser: Console) -> Iterator[Console]:
    """Use the browser for pages of other hosts, and discard the errors that it logs."""
    yield browser
    browser.driver.get('about:blank')
    browser.driver.get_log('browser')


@pytest.fixture(scope='module', name='page_port')
def fixture_page_port() -> Iterator[int]:
    """Serve a page that does not belong to the arena."""
    with running_page_server() as port:
        yield port


def make_arm(url: str) -> None:
    """Create the room that a page tries to access."""
    httpx.post(url + ROOMS, json={'room_id': 'arm'}).raise_for_status()


def contents(url: str) -> tuple[list[str], dict[str, float]]:
    """Return the rooms, and the joint values in the room ``arm``."""
    rooms = sorted(room['id'] for room in httpx.get(url + ROOMS).json()['rooms'])
    joints: dict[str, float] = httpx.get(f'{url}{ROOMS}/arm/state').json()['state']['joints']
    return rooms, joints


def refused(url: str, code: str) -> float:
    """Return how many requests the server has refused for a reason."""
    start = f'lerobot_arena_refusals_total{{reason="{code}"}} '
    lines = httpx.get(f'{url}/metrics').text.splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


@pytest.mark.parametrize('host', [FOREIGN_HOST, '127.0.0.1', 'localhost'])
def test_a_page_of_another_origin_reaches_no_room(tab: Console, page_port: int, host: str) -> None:
    """Each request of a page from another host or port is refused with 403."""
    with running_server() as url:
        make_arm(url)
        tab.driver.get(f'http://{host}:{page_port}/')
        assert tab.run('return location.host') == f'{host}:{page_port}'

        seen, logged = try_everything(tab, url)

        assert seen[-1] == 'refused'
        assert contents(url) == (['arm'], {})
        assert refused(url, 'bad_origin') == 3
        assert sum('403' in message for message in logged) == 3, logged


def test_a_page_without_an_origin_of_its_own_reaches_no_room(tab: Console, page_port: int) -> None:
    """Each request of a page with the origin ``null``, such as a sandboxed frame, is refused."""
    with running_server() as url:
        make_arm(url)
        tab.driver.get(f'http://127.0.0.1:{page_port}{SANDBOXED}')
        assert tab.run('return origin') == 'null'

        seen, _ = try_everything(tab, url)

        assert seen[-1] == 'refused'
        assert contents(url) == (['arm'], {})
        assert refused(url, 'bad_origin') == 3


def test_a_form_of_another_origin_reaches_no_room(tab: Console, page_port: int) -> None:
    """A form is refused as well, although it needs no script and no preflight request."""
    form = """
    const form = document.createElement('form');
    Object.assign(form, { method: 'POST', action: arguments[0], enctype: 'text/plain' });
    const field = document.createElement('input');
    Object.assign(field, { name: '{"room_id": "owned", "name": "', value: '"}' });
    form.append(field);
    document.body.append(form);
    form.submit();
    """
    with running_server() as url:
        make_arm(url)
        tab.driver.get(f'http://{FOREIGN_HOST}:{page_port}/')
        tab.run(form, url + ROOMS)
        shown = 'return document.body?.innerText ?? ""'
        wait_for(lambda: '--allow-origin' in tab.run(shown), 'the refusal')

        assert contents(url) == (['arm'], {})


def test_a_page_of_an_allowed_origin_drives(tab: Console, page_port: int) -> None:
    """A page with an origin from --allow-origin may do everything, and no other page may."""
    origin = f'http://{FOREIGN_HOST}:{page_port}'
    with running_server(rules=Rules(origins=(origin,))) as url:
        make_arm(url)
        tab.driver.get(f'http://127.0.0.1:{page_port}/')
        assert try_everything(tab, url)[0][-1] == 'refused'
        assert contents(url) == (['arm'], {})

        tab.driver.get(f'{origin}/')
        seen, _ = try_everything(tab, url)

        assert seen == ['sent', 'sent', 'joined']
        assert contents(url) == (['arm', 'owned'], {'elbow': 90, 'wrist': 1})


def test_a_rebound_host_name_is_not_taken_for_the_console(tab: Console) -> None:
    """A request with a rebound name is same-origin for the browser, so the server answers 421."""
    status = "return performance.getEntriesByType('navigation')[0].responseStatus"
    with running_server() as url:
        make_arm(url)
        rebound = url.replace('127.0.0.1', FOREIGN_HOST)
        tab.driver.get(f'{rebound}/')

        assert tab.run(status) == 421
        assert '--server-name' in tab.run('return document.body.innerText')
        seen, logged = try_everything(tab, rebound)
        assert seen[-1] == 'refused'
        assert contents(url) == (['arm'], {})
        # The page itself, possibly its icon, and the three attempts.
        assert refused(url, 'bad_host') >= 4
        assert sum('421' in message for message in logged) == 3, logged


def test_the_console_is_shown_in_no_frame_of_another_page(tab: Console, page_port: int) -> None:
    """The console cannot be framed, because a page could place it, invisible, over a button."""
    show = """
    const [address, done] = arguments;
    const frame = document.createElement('iframe');
    frame.addEventListener('load', () => done(null));
    frame.src = address;
    document.body.append(frame);
    """
    with running_server() as url:
        tab.driver.get(f'http://{FOREIGN_HOST}:{page_port}/')
        tab.driver.execute_async_script(show, f'{url}/')
        tab.driver.switch_to.frame(0)
        has_stop = tab.run('return document.getElementById("stop") !== null')
        tab.driver.switch_to.default_content()

        assert not has_stop


def get_paths() -> list[str]:
    """Return each path without parameters that a browser can open, and common other paths."""
    routes: list[Any] = create_app().routes
    paths = {route.path for route in routes if 'GET' in (getattr(route, 'methods', None) or ())}
    usual = {'/docs', '/redoc', '/api/docs', '/api/redoc', '/nowhere'}
    return sorted(path for path in paths | usual if '{' not in path)


def test_no_page_of_the_server_loads_anything_from_elsewhere(
    tab: Console, own_server_url: str
) -> None:
    """Each page loads only files of the server, because a script has the rights of the console."""
    loaded: dict[str, list[str]] = {}
    for path in get_paths():
        tab.driver.get(own_server_url + path)
        loaded[path] = tab.run(LOADED)

    assert '/' in loaded and '/openapi.json' in loaded
    elsewhere = {
        path: [address for address in addresses if not address.startswith(f'{own_server_url}/')]
        for path, addresses in loaded.items()
    }
    assert {path: found for path, found in elsewhere.items() if found} == {}


def test_the_console_loads_its_own_files_alone_under_its_policy(
    console: Console, own_server_url: str
) -> None:
    """While a room is driven, only files of the server are loaded, without a policy violation."""
    make_room(own_server_url, 'policy')
    console.open(own_server_url, WORKSPACE, 'policy')
    console.wait_joined()
    console.click('take')
    console.wait_text('drive-note', 'This page drives')
    loaded = console.run(LOADED)

    assert f'{own_server_url}/console/main.js' in loaded
    assert [each for each in loaded if not each.startswith(f'{own_server_url}/')] == []
    assert console.logged_errors() == []
