"""What several test modules share: an arena, clients of it, and the room they meet in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
import logging
import os

from hypothesis import settings
import pytest
from support.browser import Console, running_browser
from support.console_rooms import make_room
from support.hearing import Arena, room_at
from support.server import running_server
from support.unit_tests import UnitTests

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.address import Address

# How long an example takes says how busy the machine is.
settings.register_profile('any machine', deadline=None)
settings.load_profile('any machine')

TEST_URL_VARIABLE = 'LEROBOT_ARENA_TEST_URL'
"""Names a running arena for the tests of the public client's contract; unset, they start one."""


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
    """Talk to this machine directly, whatever proxy the environment names for the world."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('no_proxy', 'NO_PROXY'):
            patch.setenv(name, '127.0.0.1,localhost', prepend=',')
        if not os.environ.get(TEST_URL_VARIABLE):
            # A token of whoever runs the tests opens none of their servers, and closes some.
            patch.delenv('LEROBOT_ARENA_TOKEN', raising=False)
        yield


@pytest.fixture(autouse=True)
def logs_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pytest hear our logs: ``launch``, once imported, makes loggers keep to themselves."""
    for name, logger in logging.Logger.manager.loggerDict.items():
        if name.startswith('lerobot_arena_ros') and isinstance(logger, logging.Logger):
            monkeypatch.setattr(logger, 'propagate', True)


@pytest.fixture(scope='session')
def own_server_url() -> Iterator[str]:
    """Serve an arena of our own for the whole session; each test has a workspace of its own."""
    with running_server() as url:
        yield url


@pytest.fixture(scope='session')
def server_url(request: pytest.FixtureRequest) -> str:
    """Give the arena under test: the one that the environment names, else our own."""
    named = os.environ.get(TEST_URL_VARIABLE)
    if named:
        return Address.parse(named).base_url
    own: str = request.getfixturevalue('own_server_url')
    return own


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """See that a test leaves nothing running."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f'still running: {sorted(task.get_name() for task in left)}'


@pytest.fixture
async def producer(server_url: str) -> AsyncIterator[RoboticsProducer]:
    """Give a producer that is in no room."""
    async with RoboticsProducer(server_url) as client:
        yield client


@pytest.fixture
async def consumer(server_url: str) -> AsyncIterator[RoboticsConsumer]:
    """Give a consumer that is in no room."""
    async with RoboticsConsumer(server_url) as client:
        yield client


@pytest.fixture
async def test_room(producer: RoboticsProducer) -> AsyncIterator[tuple[str, str]]:
    """Give a new room: workspace id and room id."""
    workspace_id, room_id = await producer.create_room()
    yield workspace_id, room_id
    await producer.delete_room(workspace_id, room_id)


@pytest.fixture
async def connected_producer(
    producer: RoboticsProducer, test_room: tuple[str, str]
) -> AsyncIterator[tuple[RoboticsProducer, str, str]]:
    """Give a producer in a new room, and where that is."""
    assert await producer.connect(*test_room)
    yield producer, *test_room
    await producer.disconnect()


@pytest.fixture
async def connected_consumer(
    consumer: RoboticsConsumer, test_room: tuple[str, str]
) -> AsyncIterator[tuple[RoboticsConsumer, str, str]]:
    """Give a consumer in a new room, and where that is."""
    assert await consumer.connect(*test_room)
    yield consumer, *test_room
    await consumer.disconnect()


@pytest.fixture
async def producer_consumer_pair(
    producer: RoboticsProducer, consumer: RoboticsConsumer, test_room: tuple[str, str]
) -> AsyncIterator[tuple[RoboticsProducer, RoboticsConsumer, str, str]]:
    """Give a producer and a consumer in the same new room, and where that is."""
    assert await producer.connect(*test_room)
    assert await consumer.connect(*test_room)
    yield producer, consumer, *test_room
    await producer.disconnect()
    await consumer.disconnect()


@pytest.fixture
async def arena(own_server_url: str) -> AsyncIterator[Arena]:
    """Give a new room on our own server, for connections below the public client."""
    async with room_at(own_server_url) as room:
        yield room


@pytest.fixture(scope='session')
def browser() -> Iterator[Console]:
    """Run one browser for the whole session."""
    with running_browser() as started:
        yield started


@pytest.fixture
def console(browser: Console) -> Iterator[Console]:
    """Give the browser; no script may fail in it or want what the content policy forbids."""
    yield browser
    faults = browser.logged_errors()
    browser.driver.get('about:blank')
    assert faults == []


@pytest.fixture
def console_room(own_server_url: str, request: pytest.FixtureRequest) -> str:
    """Make a room on our own server that is called after the test."""
    name = str(request.node.name.removeprefix('test_'))
    make_room(own_server_url, name)
    return name
