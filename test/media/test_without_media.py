"""The package without aiortc and av, which are optional."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lerobot_arena_ros import video

HIDDEN = """
import sys
sys.modules[sys.argv[1]] = None
"""


def run(module: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds no module of this name."""
    command = [sys.executable, '-c', HIDDEN + program, module]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_error_names_the_packages() -> None:
    """In one line, for pip and for apt."""
    done = run('aiortc', 'from lerobot_arena_ros.video import VideoProducer')

    last = done.stderr.splitlines()[-1]
    assert last == (
        "ImportError: aiortc is not installed: pip install 'lerobot_arena_ros[media]', or apt"
        ' install python3-aiortc python3-av'
    )


@pytest.mark.parametrize('module', ['aiortc', 'av'])
def test_all_else_works(module: str) -> None:
    """The joint client, the server with its video rooms, and the types of the video client."""
    program = """
from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.video_rest import VideoRooms
from lerobot_arena_ros.server.http.app import create_app
from lerobot_arena_ros.video import Resolution, VideoConfig, VideoEncoding
create_app()
"""
    done = run(module, program)

    assert (done.returncode, done.stderr) == (0, '')


def test_the_module_has_its_names() -> None:
    """Also those that are not imported yet."""
    assert set(video.__all__) <= set(dir(video))
    with pytest.raises(AttributeError, match='no attribute'):
        _ = video.Video
