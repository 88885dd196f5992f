"""What the produce side sends when motion of a joint is not measured any more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rclpy.logging import get_logger

from lerobot_arena_ros.control.joint_map import Joint, JointMap
from lerobot_arena_ros.control.units import Unit
from lerobot_arena_ros.nodes.arena_thread import ArenaThread
from lerobot_arena_ros.nodes.settings import ProduceSettings
from lerobot_arena_ros.nodes.streamer import Streamer

JOINTS = JointMap([Joint(name, name, Unit.RADIANS) for name in ('arm', 'gripper')])
SETTINGS = ProduceSettings('a', 50.0, 0.0, 0.5, create_room=False)


@pytest.fixture(name='streamer')
def fixture_streamer() -> Iterator[Streamer]:
    """Have an arm and a gripper that were both measured, each by a message of its own."""
    thread = ArenaThread()
    streamer = Streamer(SETTINGS, JOINTS, thread, get_logger('test'))
    streamer.enable(True)
    streamer.joined()
    streamer.put({'arm': 1.0}, None)
    streamer.put({'gripper': 0.5}, None)
    assert take(streamer) == {'arm': 1.0, 'gripper': 0.5}
    yield streamer
    assert thread.stop(10.0)


def take(streamer: Streamer) -> dict[str, float]:
    """Take what waits to be sent; nobody is connected."""
    values, streamer._waiting = streamer._waiting, {}
    return values


def join_again(streamer: Streamer) -> None:
    """Lose the room and join it."""
    streamer.lost('closed')
    streamer.joined()


def activate_again(streamer: Streamer) -> None:
    """Deactivate the node and activate it."""
    streamer.enable(False)
    streamer.enable(True)


@pytest.mark.parametrize('begin', [join_again, activate_again])
def test_what_was_measured_before_is_not_sent_again(streamer: Streamer, begin: object) -> None:
    """A follower would go to where the joint was then; all are measured first."""
    assert callable(begin)
    begin(streamer)

    streamer.put({'arm': 2.0}, None)
    assert not take(streamer)
    assert streamer.missing == ('gripper',)

    streamer.put({'gripper': 0.0}, None)
    assert take(streamer) == {'arm': 2.0, 'gripper': 0.0}
