# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""arena_camera as a real process: pictures of topics in rooms, and pictures of rooms on topics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
import itertools
import sys
import time
from typing import Any

import pytest

pytest.importorskip('aiortc')

from builtin_interfaces.msg import Time  # noqa: E402
from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy  # noqa: E402
from sensor_msgs.msg import CompressedImage, Image  # noqa: E402
from support.cameras import (  # noqa: E402
    NAMESPACE,
    PATIENCE_S,
    CameraRig,
    camera_rig,
    grey_image,
)
from support.processes import ros_arguments, running, running_command  # noqa: E402
from support.video_clients import camera, colour, viewer  # noqa: E402
from support.video_rooms import WORKSPACE, make_video_room, video_peer, video_room  # noqa: E402
from support.waiting import wait_for, wait_until  # noqa: E402

from lerobot_arena_ros.media.compressed_pictures import picture_to_jpeg  # noqa: E402
from lerobot_arena_ros.media.raw_pictures import picture_from_raw  # noqa: E402
from lerobot_arena_ros.nodes.bridge.conversions import stamp_ns  # noqa: E402
from lerobot_arena_ros.nodes.camera.messages import (  # noqa: E402
    header,
    image_from_ros,
    jpeg_to_ros,
)
from lerobot_arena_ros.video import VideoConsumer  # noqa: E402

FRONT: dict[str, Any] = {'cameras': ['front']}
RECEIVED: dict[str, Any] = {'cameras': ['front'], 'camera_map.front.mode': 'receive'}
TOPIC = 'front/image_raw'


def grey_jpeg(shade: int = 90) -> CompressedImage:
    """Return a grey picture as a compressed message."""
    picture = picture_from_raw(image_from_ros(grey_image(shade)))
    return jpeg_to_ros(picture_to_jpeg(picture, 95), header(0, 'lens'))


def watched(url: str, condition: Callable[[], object], what: str) -> None:
    """Watch the room ``front`` until a condition holds."""

    async def watch() -> None:
        async with viewer(url, 'front'):
            await wait_until(condition, what, PATIENCE_S)

    asyncio.run(watch())


def seen_shade(url: str, shade: int, size: tuple[int, int] = (64, 48)) -> None:
    """Watch the room ``front`` until a picture of a shade and a size arrives."""

    async def watch() -> None:
        async with viewer(url, 'front') as viewing:

            def is_there() -> bool:
                if not viewing.frames:
                    return False
                last = viewing.frames[-1]
                data = last.metadata or {}
                return abs(colour(last) - shade) < 12 and (data['width'], data['height']) == size

            await wait_until(is_there, f'a picture of {shade}', PATIENCE_S)

    asyncio.run(watch())


@contextlib.contextmanager
def sent(rig: CameraRig, topic: str, make: Callable[[], Any], **options: Any) -> Any:
    """Publish messages on a topic, and wait until the node is in its room."""
    with rig.feeding(topic, make, **options):
        rig.wait_for_status('front', 'sent to')
        yield


def test_a_topic_is_seen_in_its_room() -> None:
    """The node creates the room, and a viewer sees the pictures of the topic."""
    with camera_rig(FRONT) as rig, sent(rig, TOPIC, grey_image):
        seen_shade(rig.url, 90)
        wait_for(lambda: int(rig.value('front', 'encoded') or 0) > 0, 'the counters', PATIENCE_S)

        # A machine that was too busy for a moment is a warning.
        wait_for(lambda: rig.level('front') == 0, 'the level OK', PATIENCE_S)
        assert rig.value('front', 'room') == f'{WORKSPACE}/front'
        assert rig.value('front', 'participant_id').startswith(f'{NAMESPACE}-front-')
        assert rig.process.end() == 0, rig.process.output


def test_a_compressed_topic_is_seen_in_its_room() -> None:
    """A CompressedImage is decoded and sent."""
    parameters = {**FRONT, 'camera_map.front.transport': 'compressed'}
    with camera_rig(parameters) as rig, sent(rig, f'{TOPIC}/compressed', grey_jpeg):
        seen_shade(rig.url, 90)


def test_h264_is_sent_where_it_is_asked_for() -> None:
    """The codec is a parameter of the camera."""
    parameters = {**FRONT, 'camera_map.front.codec': 'h264'}
    with camera_rig(parameters) as rig, sent(rig, TOPIC, grey_image):
        seen_shade(rig.url, 90)


@pytest.mark.parametrize(
    ('reliability', 'durability'),
    [
        (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL),
        (ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE),
    ],
    ids=['reliable and latched', 'sensor data'],
)
def test_publishers_of_every_kind_are_received(
    reliability: ReliabilityPolicy, durability: DurabilityPolicy
) -> None:
    """The subscription matches every publisher."""
    qos = QoSProfile(depth=1, reliability=reliability, durability=durability)
    with camera_rig(FRONT) as rig, sent(rig, TOPIC, grey_image, qos=qos):
        assert rig.level('front') == 0


def test_size_and_encoding_may_change() -> None:
    """A viewer goes on seeing a camera whose size and encoding change."""
    with camera_rig(FRONT) as rig:
        with sent(rig, TOPIC, grey_image):
            seen_shade(rig.url, 90)
        with sent(rig, TOPIC, lambda: grey_image(160, 97, 61, 'mono8')):
            seen_shade(rig.url, 160, (97, 61))


def test_a_bad_picture_is_named_and_the_next_works() -> None:
    """The diagnostics name what is refused, until a good picture arrives."""

    def bad() -> Image:
        image = grey_image()
        image.encoding = '32FC1'
        return image

    def empty() -> Image:
        return Image(encoding='rgb8')

    def truncated() -> Image:
        image = grey_image()
        image.data = image.data[:-1]
        return image

    with camera_rig(FRONT) as rig:
        for make, text in (
            (bad, "encoding '32FC1' is not supported: expected one of rgb8"),
            (empty, '0x0 rgb8: it has no pixels'),
            (truncated, 'it has 9215 bytes of data, expected at least 9216'),
        ):
            with rig.feeding(TOPIC, make):
                rig.wait_for_status('front', text)
                assert rig.level('front') == 2
        with rig.feeding(TOPIC, grey_image):
            seen_shade(rig.url, 90)
        assert int(rig.value('front', 'refused')) >= 3


def test_a_bad_compressed_picture_is_named() -> None:
    """It is named as soon as there is a viewer, because it is not decoded before."""
    parameters = {**FRONT, 'camera_map.front.transport': 'compressed'}

    def cut() -> CompressedImage:
        image = grey_jpeg()
        image.data = image.data[:100]
        return image

    with camera_rig(parameters) as rig, rig.feeding(f'{TOPIC}/compressed', cut):
        rig.wait_for_status('front', 'sent to')
        watched(rig.url, lambda: 'is truncated' in rig.status('front'), 'the error')


def test_what_is_missing_is_named() -> None:
    """Diagnostics name a topic that nothing publishes, and one that has stopped."""
    with camera_rig(FRONT) as rig:
        rig.wait_for_status('front', f'nothing publishes on /{NAMESPACE}/{TOPIC}')
        with rig.feeding(TOPIC, grey_image):
            rig.wait_for_status('front', 'sent to 0 viewers')
        rig.wait_for_status('front', f'on /{NAMESPACE}/{TOPIC}: check its driver')
        assert rig.level('front') == 1


def test_a_missing_room_is_named_and_joined_when_it_exists() -> None:
    """A room that the node must not create is joined as soon as another creates it."""
    with camera_rig({**FRONT, 'create_missing_rooms': 'none'}) as rig:
        rig.wait_for_status('front', 'not in the room')
        assert 'set create_missing_rooms to both' in rig.status('front')
        make_video_room(rig.url, 'front')
        with rig.feeding(TOPIC, grey_image):
            rig.wait_for_status('front', 'sent to')


def test_a_taken_room_is_named_and_joined_when_it_is_free() -> None:
    """A room has one producer; the node tries until the role is free."""
    parameters = {**FRONT, 'autostart': False}
    with camera_rig(parameters) as rig, rig.feeding(TOPIC, grey_image):
        make_video_room(rig.url, 'front')

        async def occupied() -> None:
            async with video_peer(rig.url, 'front', 'other', 'producer'):
                assert await asyncio.to_thread(rig.change_state, Transition.TRANSITION_CONFIGURE)
                assert await asyncio.to_thread(rig.change_state, Transition.TRANSITION_ACTIVATE)
                await rig_in_loop(rig, 'not in the room')

        asyncio.run(occupied())
        rig.wait_for_status('front', 'sent to')


async def rig_in_loop(rig: CameraRig, text: str) -> None:
    """Wait for a status while the event loop of the test runs."""
    await wait_until(lambda: text in rig.status('front'), text, PATIENCE_S)


def test_a_deleted_room_is_created_again() -> None:
    """The node creates its room again, and goes on sending."""

    async def delete(rig: CameraRig) -> None:
        async with viewer(rig.url, 'front') as viewing:
            await viewing.more(1, PATIENCE_S)
            first = rig.value('front', 'participant_id')
            assert await viewing.consumer.delete_room(WORKSPACE, 'front')
            await wait_until(
                lambda: rig.value('front', 'participant_id') not in ('', first),
                'the node to join again',
                PATIENCE_S,
            )

    with camera_rig(FRONT) as rig, sent(rig, TOPIC, grey_image):
        asyncio.run(delete(rig))
        seen_shade(rig.url, 90)


def test_the_lifecycle_blocks_pictures_and_leaves_the_room() -> None:
    """An inactive node sends nothing, not even an old picture; cleaned up it has left."""
    with camera_rig(FRONT) as rig, sent(rig, TOPIC, grey_image):
        seen_shade(rig.url, 90)

        assert rig.change_state(Transition.TRANSITION_DEACTIVATE)
        rig.wait_for_status('front', 'inactive')
        before = int(rig.value('front', 'encoded'))

        async def watch() -> None:
            async with viewer(rig.url, 'front') as viewing:
                await wait_until(
                    lambda: viewing.consumer.is_receiving, 'the connection', PATIENCE_S
                )
                received = rig.value('front', 'received')
                await wait_until(
                    lambda: rig.value('front', 'received') != received,
                    'new diagnostics',
                    PATIENCE_S,
                )
                assert viewing.frames == []

        asyncio.run(watch())
        # One may have been in the encoder.
        assert int(rig.value('front', 'encoded')) <= before + 1
        assert video_room(rig.url, 'front')['has_producer']
        assert rig.change_state(Transition.TRANSITION_CLEANUP)
        wait_for(
            lambda: not video_room(rig.url, 'front')['has_producer'], 'an empty room', PATIENCE_S
        )
        assert rig.change_state(Transition.TRANSITION_CONFIGURE)
        assert rig.change_state(Transition.TRANSITION_ACTIVATE)
        seen_shade(rig.url, 90)


def test_delivered_pictures_are_reported_with_their_stamps() -> None:
    """The stamps of pictures that viewers got are published; without a viewer, none are."""
    stamps = itertools.count(1_000)

    def stamped() -> Image:
        image = grey_image()
        image.header.stamp = Time(sec=next(stamps))
        return image

    with camera_rig(FRONT) as rig, sent(rig, TOPIC, stamped):
        assert rig.delivered == []
        watched(rig.url, lambda: len(rig.delivered) > 2, 'reports')

    assert {each.frame_id for each in rig.delivered} == {'front'}
    seconds = [each.stamp.sec for each in rig.delivered]
    assert seconds == sorted(set(seconds))
    assert 1_000 <= seconds[0] < 10_000


def test_only_the_required_viewer_counts() -> None:
    """Pictures that another viewer gets are not reported, because it does not drive."""
    parameters = {**FRONT, 'camera_map.front.required_viewer': 'policy'}

    async def watch(rig: CameraRig) -> None:
        async with viewer(rig.url, 'front') as other:
            await other.more(20, PATIENCE_S)
            assert rig.delivered == []
            policy = VideoConsumer(rig.url, name='policy')
            assert await policy.connect(WORKSPACE, 'front')
            await wait_until(lambda: rig.delivered, 'a report', PATIENCE_S)
            await policy.disconnect()

    with camera_rig(parameters) as rig, sent(rig, TOPIC, grey_image):
        asyncio.run(watch(rig))


def test_a_picture_without_a_stamp_has_the_time_of_its_arrival() -> None:
    """A stamp of zero is no stamp."""
    began_ns = time.time_ns()
    with camera_rig(FRONT) as rig, sent(rig, TOPIC, grey_image):
        watched(rig.url, lambda: rig.delivered, 'a report')

    assert began_ns < (stamp_ns(rig.delivered[0].stamp) or 0) < time.time_ns()


def test_a_room_is_published_as_both_types() -> None:
    """Subscribers get Image and CompressedImage with frame_id and stamp."""
    parameters = {
        **RECEIVED,
        'camera_map.front.transport': 'both',
        'camera_map.front.encoding': 'bgr8',
        'camera_map.front.frame_id': 'lens',
        'create_missing_rooms': 'both',
    }
    began_ns = time.time_ns()
    with camera_rig(parameters) as rig:
        raw = rig.listen(Image, TOPIC)
        compressed = rig.listen(CompressedImage, f'{TOPIC}/compressed')
        rig.wait_for_status('front', 'no picture yet: start the camera')

        async def send() -> None:
            async with camera(rig.url, 'front', shade=120):
                await wait_until(lambda: raw and compressed, 'pictures', PATIENCE_S)
                await rig_in_loop(rig, 'published')

        asyncio.run(send())
        rig.wait_for_status('front', 'check the camera that sends to this room')

    image = raw[-1]
    assert image.encoding == 'bgr8'
    assert image.step == 3 * image.width
    assert len(image.data) == image.step * image.height
    assert abs(image.data[len(image.data) // 2] - 120) < 12
    assert compressed[-1].format == 'jpeg'
    assert bytes(compressed[-1].data[:3]) == b'\xff\xd8\xff'
    for message in (image, compressed[-1]):
        assert message.header.frame_id == 'lens'
        assert began_ns < (stamp_ns(message.header.stamp) or 0) < time.time_ns()


def test_one_node_sends_and_receives() -> None:
    """Any number of cameras runs in one node, each with its own diagnostics."""
    parameters = {
        'cameras': ['front', 'wrist', 'mirror'],
        'camera_map.mirror.mode': 'receive',
        'camera_map.mirror.room_id': 'front',
    }
    with camera_rig(parameters) as rig:
        seen = rig.listen(Image, 'mirror/image_raw')
        with (
            rig.feeding(TOPIC, lambda: grey_image(80)),
            rig.feeding('wrist/image_raw', lambda: grey_image(200), rate_hz=5.0),
        ):
            wait_for(lambda: seen, 'a picture', PATIENCE_S)
            rig.wait_for_status('front', 'sent to 1 viewer')
            rig.wait_for_status('wrist', 'sent to 0 viewers')
            rig.wait_for_status('mirror', 'published')
        assert rig.process.end() == 0, rig.process.output
        assert 'Traceback' not in rig.process.output
    assert abs(seen[-1].data[len(seen[-1].data) // 2] - 80) < 12


def test_the_stamp_of_the_sender_arrives_with_the_picture() -> None:
    """A published picture has the stamp of the message from which it was made."""
    shades = (40, 100, 160, 220)
    parameters = {
        'cameras': ['front', 'mirror'],
        'camera_map.mirror.mode': 'receive',
        'camera_map.mirror.room_id': 'front',
    }
    count = itertools.count(1_000)

    def stamped() -> Image:
        second = next(count)
        image = grey_image(shades[second % 4])
        image.header.stamp = Time(sec=second, nanosec=5)
        return image

    with camera_rig(parameters) as rig, rig.feeding(TOPIC, stamped, rate_hz=15.0):
        seen = rig.listen(Image, 'mirror/image_raw')

        def with_stamps() -> list[Image]:
            # The first pictures have the time of their arrival.
            return [image for image in seen if image.header.stamp.sec < 1_000_000]

        wait_for(lambda: len(with_stamps()) >= 20, 'pictures with stamps', PATIENCE_S)
        for image in with_stamps():
            shade = shades[image.header.stamp.sec % 4]
            assert abs(image.data[len(image.data) // 2] - shade) < 25
            assert image.header.stamp.nanosec == 5


@pytest.mark.parametrize(
    ('parameters', 'expected'),
    [
        ({}, 'no camera is named: set cameras'),
        ({**FRONT, 'camera_map.front.topic': 'a b'}, 'parameter camera_map.front.topic'),
        (
            {
                'cameras': ['a', 'b'],
                'camera_map.a.mode': 'receive',
                'camera_map.b.mode': 'receive',
                'camera_map.b.topic': 'a/image_raw',
            },
            'expected two topics',
        ),
        (
            {
                'cameras': ['a', 'b'],
                'camera_map.b.mode': 'receive',
                'camera_map.b.topic': 'a/image_raw',
            },
            'is published by the camera b and sent by a',
        ),
    ],
    ids=['no camera', 'topic', 'two on one topic', 'a circle'],
)
def test_a_wrong_parameter_ends_the_node_with_one_line(
    parameters: dict[str, Any], expected: str
) -> None:
    """The line names the parameter, and the exit code is 2."""
    with running('nodes.camera.main', ros_arguments(NAMESPACE, parameters)) as process:
        assert process.wait() == 2, process.output
        assert process.output.startswith('arena_camera: ')
        assert process.output.count('\n') == 1
        assert expected in process.output


BROKEN = """
import sys
from lerobot_arena_ros.nodes.camera import main, sending

def broken(*args):
    raise KeyError('broken')

async def broken_task(*args):
    raise KeyError('broken')

sending.SendingCamera.{method} = broken_task if '{method}' == '_look' else broken
sys.exit(main.main())
"""


@pytest.mark.parametrize(
    ('method', 'expected'),
    [
        ('on_message', "a callback failed, which is a bug: KeyError('broken')"),
        ('condition', "a callback failed, which is a bug: KeyError('broken')"),
        ('_look', "the camera front failed, which is a bug: KeyError('broken')"),
    ],
)
def test_an_exception_ends_the_node_with_one_line(method: str, expected: str) -> None:
    """In a callback of either thread: the log has the traceback, and the exit code is 2."""
    with camera_rig({**FRONT, 'autostart': False}) as rig:
        given = {**FRONT, 'server_url': rig.url, 'workspace_id': WORKSPACE}
        command = [sys.executable, '-c', BROKEN.format(method=method)]
        arguments = ros_arguments(NAMESPACE, given, '-r', '__node:=other')
        with rig.feeding(TOPIC, grey_image), running_command([*command, *arguments]) as broken:
            wait_for(lambda: not broken.is_alive, 'the end of the node', PATIENCE_S)
            assert broken.wait() == 2
            assert f'arena_camera: {expected}' in broken.output
            assert 'Traceback' in broken.output


def test_a_second_node_of_the_name_is_an_error_while_it_is_there() -> None:
    """Diagnostics name it and the remedy, because a lifecycle service reaches any one of them."""
    name = f'/{NAMESPACE}/arena_camera'
    with camera_rig(FRONT) as rig:
        status = f'{name}: lifecycle'
        wait_for(lambda: rig.probe.text(status) == 'active', 'the node', PATIENCE_S)
        given = {**FRONT, 'server_url': rig.url, 'autostart': False}
        with running('nodes.camera.main', ros_arguments(NAMESPACE, given)) as second:
            wait_for(
                lambda: (
                    f'2 nodes are called {name}' in rig.probe.text(status)
                    and rig.probe.level(status) == DiagnosticStatus.ERROR
                ),
                'the second node to be noticed',
                PATIENCE_S,
            )
            logged = f'2 nodes are called {name}'
            wait_for(lambda: logged in rig.process.output, 'the line in the log', PATIENCE_S)
            assert second.end() == 0, second.output
        wait_for(lambda: rig.probe.text(status) == 'active', 'its end', PATIENCE_S)
