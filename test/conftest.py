# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Fixtures of several test modules: an arena, its clients, and their room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
import logging
import os

from hypothesis import settings
import pytest
from support.browser import Console, running_browser
from support.console_rooms import make_room
from support.room_fixtures import Arena, room_at
from support.server import running_server
from support.unit_tests import UnitTests

from benchmark.harness.processes import COVERAGE_VARIABLES
from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.address import Address

# The duration of an example depends on the load of the machine.
settings.register_profile('any machine', deadline=None)
settings.load_profile('any machine')

TEST_URL_VARIABLE = 'LEROBOT_ARENA_TEST_URL'
"""The variable with the URL of an arena for the contract tests; unset, they start one."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of ``make unit``."""
    parser.addoption(
        '--unit', action='store_true', help='run the tests without ROS, sockets and processes only'
    )


def pytest_configure(config: pytest.Config) -> None:
    """Select and guard the unit tests if they are asked for."""
    if config.getoption('--unit'):
        config.pluginmanager.register(UnitTests())


@pytest.fixture(scope='session', autouse=True)
def no_proxy() -> Iterator[None]:
    """Connect to this machine without the proxy of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('no_proxy', 'NO_PROXY'):
            patch.setenv(name, '127.0.0.1,localhost', prepend=',')
        if not os.environ.get(TEST_URL_VARIABLE):
            # A token of the user is valid for none of the test servers, and some refuse it.
            patch.delenv('LEROBOT_ARENA_TOKEN', raising=False)
        yield


@pytest.fixture(scope='module', autouse=True)
def project_tests_start_no_coverage(request: pytest.FixtureRequest) -> Iterator[None]:
    """
    Start the processes of test/project without coverage.py.

    The other folders test the package, and each start takes up to half a second of the CPU.
    """
    with pytest.MonkeyPatch.context() as patch:
        if request.node.nodeid.startswith('test/project/'):
            for name in COVERAGE_VARIABLES:
                patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope='session', autouse=True)
def few_authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Trust one certificate authority, instead of those of the system.

    httpx reads them for each new client, which takes 23 ms, and one of them less than 1 ms.
    """
    if os.environ.get(TEST_URL_VARIABLE):
        yield
        return
    from support.certificates import Authority

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('SSL_CERT_FILE', Authority(tmp_path_factory.mktemp('authority')).file)
        yield


@pytest.fixture(autouse=True)
def logs_are_captured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Propagate our logs to pytest, because ``launch`` disables that when it is imported."""
    for name, logger in logging.Logger.manager.loggerDict.items():
        if name.startswith('lerobot_arena_ros') and isinstance(logger, logging.Logger):
            monkeypatch.setattr(logger, 'propagate', True)


@pytest.fixture(scope='session')
def own_server_url() -> Iterator[str]:
    """Serve our own arena for the whole session; each test uses its own workspace."""
    with running_server() as url:
        yield url


@pytest.fixture(scope='session')
def server_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of the arena under test: that of the environment, or our own."""
    named = os.environ.get(TEST_URL_VARIABLE)
    if named:
        return Address.parse(named).base_url
    own: str = request.getfixturevalue('own_server_url')
    return own


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Check that a test leaves no task running."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f'still running: {sorted(task.get_name() for task in left)}'


@pytest.fixture
async def producer(server_url: str) -> AsyncIterator[RoboticsProducer]:
    """Yield a producer that has joined no room."""
    async with RoboticsProducer(server_url) as client:
        yield client


@pytest.fixture
async def consumer(server_url: str) -> AsyncIterator[RoboticsConsumer]:
    """Yield a consumer that has joined no room."""
    async with RoboticsConsumer(server_url) as client:
        yield client


@pytest.fixture
async def test_room(producer: RoboticsProducer) -> AsyncIterator[tuple[str, str]]:
    """Yield a new room: the workspace id and the room id."""
    workspace_id, room_id = await producer.create_room()
    yield workspace_id, room_id
    await producer.delete_room(workspace_id, room_id)


@pytest.fixture
async def connected_producer(
    producer: RoboticsProducer, test_room: tuple[str, str]
) -> AsyncIterator[tuple[RoboticsProducer, str, str]]:
    """Yield a producer in a new room, and the ids of the room."""
    assert await producer.connect(*test_room)
    yield producer, *test_room
    await producer.disconnect()


@pytest.fixture
async def connected_consumer(
    consumer: RoboticsConsumer, test_room: tuple[str, str]
) -> AsyncIterator[tuple[RoboticsConsumer, str, str]]:
    """Yield a consumer in a new room, and the ids of the room."""
    assert await consumer.connect(*test_room)
    yield consumer, *test_room
    await consumer.disconnect()


@pytest.fixture
async def producer_consumer_pair(
    producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: tuple[str, str]
) -> AsyncIterator[tuple[RoboticsProducer, RoboticsConsumer, str, str]]:
    """Yield a producer and a consumer in one new room, and the ids of the room."""
    assert await producer.connect(*test_room)
    assert await consumer.connect(*test_room)
    yield producer, consumer, *test_room
    await producer.disconnect()
    await consumer.disconnect()


@pytest.fixture
async def arena(own_server_url: str) -> AsyncIterator[Arena]:
    """Yield a new room on our own server, for connections without the public client."""
    async with room_at(own_server_url) as room:
        yield room


@pytest.fixture(scope='session')
def browser() -> Iterator[Console]:
    """Run one browser for the whole session."""
    with running_browser() as started:
        yield started


@pytest.fixture
def console(browser: Console) -> Iterator[Console]:
    """Yield the browser; fail on an error of a script or of the content policy."""
    yield browser
    faults = browser.logged_errors()
    browser.driver.get('about:blank')
    assert faults == []


@pytest.fixture
def console_room(own_server_url: str, request: pytest.FixtureRequest) -> str:
    """Create a room on our own server with the name of the test."""
    name = str(request.node.name.removeprefix('test_'))
    make_room(own_server_url, name)
    return name
