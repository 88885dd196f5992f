# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.video.observations: real cameras and joints in the rooms of our server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
import re
import signal
import time
from typing import Any

import pytest
import pytest_asyncio

pytest.importorskip('aiortc')

from support.arena_api import make_room  # noqa: E402
from support.examples import running_example  # noqa: E402
from support.peers import enter, joints  # noqa: E402
from support.pictures import no_thread_of, picture, shade_of  # noqa: E402
from support.server import running_server  # noqa: E402
from support.video_clients import PublicProducer, camera  # noqa: E402
from support.video_rooms import WORKSPACE, make_video_room  # noqa: E402
from support.waiting import ticks, wait_until  # noqa: E402

from lerobot_arena_ros import RoboticsProducer  # noqa: E402
from lerobot_arena_ros.arena.errors import RoomNotFound  # noqa: E402
from lerobot_arena_ros.arena.session import Presence  # noqa: E402
from lerobot_arena_ros.media.encoder import CameraEncoder  # noqa: E402
from lerobot_arena_ros.media.part_history import UNSTAMPED  # noqa: E402
from lerobot_arena_ros.video import (  # noqa: E402
    NoObservation,
    Observation,
    Observations,
    VideoProducer,
    observations,
)

BASE_NS = 1_769_854_530_123_456_789
"""The clock of the robot, which is not that of this machine."""

STEP_NS = 33_333_333
UNUSED_URL = 'http://127.0.0.1:9'
SHADES = (40, 100, 160, 220)
TOLERANCE_S = 0.01
"""Less than the time between two pictures, so that each has one joint state."""

PATIENCE_S = 60.0


class Robot:
    """
    A robot with joints and cameras that are measured and taken at the same instants.

    :ivar is_moving: whether the joints change.
    :ivar stalled: the cameras that send nothing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.arm = make_room(url)
        self.is_moving = True
        self.is_measured = True
        self.stalled: set[str] = set()
        self.encoders: dict[str, CameraEncoder] = {}

    def observed(self, **options: Any) -> Observations:
        """Return the observations of its joints and cameras."""
        options = {
            'tolerance_s': TOLERANCE_S,
            'max_age_s': 20.0,
            'timeout_s': PATIENCE_S,
            **options,
        }
        return observations(
            self.url, WORKSPACE, joints=self.arm, cameras=list(self.encoders), **options
        )

    async def run(self, leader: RoboticsProducer) -> None:
        """Measure the joints and take the pictures, 30 times a second."""
        async for count in ticks(30.0):
            stamp_ns = BASE_NS + count * STEP_NS
            if self.is_measured:
                value = float(count) if self.is_moving else -1.0
                await leader.send_state_sync({'elbow': value, 'Jaw': 5.0}, stamp_ns=stamp_ns)
            for name, encoder in self.encoders.items():
                if name not in self.stalled:
                    encoder.submit(picture(SHADES[count % 4]), stamp_ns=stamp_ns)


@asynccontextmanager
async def robot(url: str, *cameras: str) -> AsyncIterator[Robot]:
    """Run a robot with cameras in rooms whose names begin with these."""
    async with AsyncExitStack() as stack:
        made = Robot(url)
        for name in cameras:
            room = make_video_room(url, f'{name}-{made.arm}'[:40])
            encoder = CameraEncoder(name=room)
            stack.callback(encoder.close)
            producer = VideoProducer(url)
            stack.push_async_callback(producer.disconnect)
            assert await producer.connect(WORKSPACE, room)
            await producer.start_encoder(encoder)
            made.encoders[room] = encoder
        leader = await stack.enter_async_context(RoboticsProducer(url))
        assert await leader.connect(WORKSPACE, made.arm)
        running = asyncio.create_task(made.run(leader))
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run one server for this module; each test uses its own rooms."""
    with running_server() as address:
        yield address


@pytest_asyncio.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    """Check that observations leave no task and no thread behind."""
    before = asyncio.all_tasks()
    yield
    own = {asyncio.current_task()}
    await wait_until(lambda: not asyncio.all_tasks() - before - own, 'the end of all tasks')
    assert no_thread_of('encode')


def count_of(stamp_ns: int | None) -> int:
    """Return which instant of the robot a stamp is."""
    assert stamp_ns is not None
    count, rest = divmod(stamp_ns - BASE_NS, STEP_NS)
    assert rest == 0
    return count


async def stamped(seen: Observations) -> Observation:
    """Return the next observation in which each part has a stamp."""
    async for observation in seen:
        if observation.stamp_ns is not None:
            return observation
    raise AssertionError('the observations ended')


async def test_the_parts_of_an_observation_belong_to_one_instant(url: str) -> None:
    """Two cameras and the joints have the same stamp, and the pictures and values of that time."""
    async with robot(url, 'front', 'wrist') as arm, arm.observed() as seen:
        last = -1
        for _ in range(10):
            observation = await stamped(seen)

            count = count_of(observation.stamp_ns)
            assert count > last
            assert observation.joints == {'elbow': float(count), 'Jaw': 5.0}
            assert observation.frames.keys() == arm.encoders.keys()
            for frame in observation.frames.values():
                assert count_of(frame.stamp_ns) == count
                assert abs(shade_of(frame.picture) - SHADES[count % 4]) < 25
                assert frame.to_rgb().shape == (240, 320, 3)
            last = count


async def test_a_robot_at_rest_is_observed(url: str) -> None:
    """Its joints do not change, and the stamps show that they are measured."""
    async with robot(url, 'front') as arm, arm.observed() as seen:
        await stamped(seen)
        arm.is_moving = False
        await wait_until_value(seen, -1.0)

        stamps = [(await stamped(seen)).stamp_ns or 0 for _ in range(5)]

    assert stamps == sorted(set(stamps))


async def wait_until_value(seen: Observations, elbow: float) -> None:
    """Read until the elbow has a value."""
    deadline = time.monotonic() + PATIENCE_S
    while (await stamped(seen)).joints['elbow'] != elbow:
        assert time.monotonic() < deadline, f'the elbow never was {elbow}'


async def test_a_slow_reader_gets_the_newest_observation(url: str) -> None:
    """What arrived while it computed is skipped, not queued."""
    async with robot(url, 'front') as arm, arm.observed() as seen:
        first = await stamped(seen)
        frames = seen._pairing._cameras[next(iter(arm.encoders))]
        newest = (first.stamp_ns or 0) + 20 * STEP_NS
        await wait_until(lambda: (frames.newest_ns or 0) > newest, 'newer frames', PATIENCE_S)

        second = await stamped(seen)

    assert count_of(second.stamp_ns) - count_of(first.stamp_ns) >= 20


async def obstacle(seen: Observations, text: str) -> None:
    """Read until there is no observation, and the error has a text."""
    deadline = time.monotonic() + PATIENCE_S
    message = 'there were observations'
    seen._timeout_s = 0.3
    while text not in message:
        assert time.monotonic() < deadline, f'waited for {text!r}; last: {message}'
        try:
            await anext(seen)
        except NoObservation as exc:
            message = str(exc)
    seen._timeout_s = PATIENCE_S
    assert message.startswith('no observation for 0.3 s: ')


async def test_the_example_prints_observations(url: str) -> None:
    """A line has the time of the robot, the joints and the size of each picture."""
    async with robot(url, 'front') as arm:
        (front,) = arm.encoders
        line = re.compile(
            rf'taken 17698545\d+\.\d+, [\d.]+ ms apart, arrived \d+ ms ago:'
            rf' elbow=[\d.]+ Jaw=5.00 {front}:320x240$',
            re.MULTILINE,
        )
        options = ('--server-url', url, '--workspace-id', WORKSPACE, '--room-id', arm.arm)
        with running_example('observe', *options, '--camera', front) as observer:
            await wait_until(lambda: line.search(observer.output), 'a line', PATIENCE_S)
            code = await asyncio.to_thread(observer.end, signal.SIGINT)
            assert code == 0, observer.output


async def test_a_camera_that_stalls_ends_the_observations(url: str) -> None:
    """The error names it; when it goes on, so do the observations of the same iterator."""
    async with robot(url, 'front', 'wrist') as arm, arm.observed() as seen:
        await stamped(seen)
        wrist = next(name for name in arm.encoders if name.startswith('wrist'))
        arm.stalled.add(wrist)

        await obstacle(seen, f'camera {wrist}: nothing new arrived')
        arm.stalled.clear()

        assert (await stamped(seen)).frames.keys() == arm.encoders.keys()


async def test_joints_that_stop_end_the_observations(url: str) -> None:
    """The pictures go on, but joints that are not measured are not combined with them."""
    async with robot(url, 'front') as arm, arm.observed() as seen:
        await stamped(seen)
        arm.is_measured = False

        await obstacle(seen, 'the newest stamp of joints is ')


async def test_public_producers_are_observed_and_marked(url: str) -> None:
    """Neither the joints nor the pictures have stamps; a robot at rest sends no update at all."""
    front, arm = make_video_room(url), make_room(url)
    async with AsyncExitStack() as stack:
        leader = await stack.enter_async_context(enter(url, WORKSPACE, arm, 'leader', 'producer'))
        await leader.send(joints(elbow=12.5))
        await stack.enter_async_context(PublicProducer.joined(url, front))
        seen = await stack.enter_async_context(
            observations(
                url, WORKSPACE, joints=arm, cameras={'front': front}, timeout_s=PATIENCE_S
            )
        )
        for _ in range(3):
            observation = await anext(seen)

            assert observation.joints == {'elbow': 12.5}
            assert observation.joints_stamp_ns is None
            assert observation.frames['front'].stamp_ns is None
            assert observation.stamp_ns is None
            assert time.monotonic() - observation.arrived_at < PATIENCE_S


async def test_values_of_a_producer_that_is_gone_are_not_observed(url: str) -> None:
    """The room remembers joints without a stamp, which may be of yesterday."""
    front, arm = make_video_room(url), make_room(url)
    async with enter(url, WORKSPACE, arm, 'leader', 'producer') as leader:
        await leader.send(joints(elbow=12.5))
        await leader.expect_silence()
    async with (
        camera(url, front),
        observations(url, WORKSPACE, joints=arm, cameras=[front], timeout_s=2.0) as seen,
    ):
        with pytest.raises(NoObservation, match='joints: their room has no producer'):
            await anext(seen)


def test_values_without_a_stamp_wait_for_the_producer() -> None:
    """Whether the room has one is known only after its stored values."""
    seen = observations(UNUSED_URL, joints='arm', cameras=['front'], max_age_s=PATIENCE_S)
    seen._on_joint_state({'elbow': 12.5}, None)
    for _ in range(UNSTAMPED):
        seen._on_picture('front', picture(90), None)
    assert seen._pairing.take(time.monotonic()) is None

    seen._on_message(Presence(has_producer=True))

    found = seen._pairing.take(time.monotonic())
    assert found is not None
    assert found.joints.value == {'elbow': 12.5}


async def test_a_missing_room_is_an_error(url: str) -> None:
    """The rooms that were joined are left again."""
    arm = make_room(url)
    with pytest.raises(RoomNotFound, match='nowhere'):
        async with observations(url, WORKSPACE, joints=arm, cameras=['nowhere']):
            pass


async def test_leaving_ends_a_waiting_reader(url: str) -> None:
    """An iteration in another task ends with the context manager, and does not begin without."""
    front, arm = make_video_room(url), make_room(url)
    read: list[Observation] = []
    begun = asyncio.Event()

    async def read_all(seen: Observations) -> None:
        begun.set()
        read.extend([observation async for observation in seen])

    seen = observations(url, WORKSPACE, joints=arm, cameras=[front], timeout_s=None)
    with pytest.raises(ValueError, match='async with'):
        await anext(seen)
    async with seen:
        reading = asyncio.create_task(read_all(seen))
        await wait_until(begun.is_set, 'a waiting reader')
    await reading

    assert read == []


@pytest.mark.parametrize(
    ('wrong', 'text'),
    [
        ({'cameras': 'front'}, "cameras: expected at least one video room.*, got 'front'"),
        ({'cameras': []}, 'cameras: expected at least one video room'),
        ({'tolerance_s': -0.1}, 'tolerance_s: expected a number of seconds from 0, got -0.1'),
        ({'tolerance_s': float('nan')}, 'tolerance_s: expected'),
        ({'max_age_s': 0.0}, 'max_age_s: expected a number of seconds above 0, got 0.0'),
        ({'timeout_s': float('inf')}, 'timeout_s: expected'),
    ],
    ids=repr,
)
def test_an_invalid_argument_is_named(wrong: dict[str, Any], text: str) -> None:
    """With its value and what was expected."""
    with pytest.raises(ValueError, match=text):
        observations(joints='arm', **{'cameras': ['front'], **wrong})
