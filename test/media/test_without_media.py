# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

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
        "ImportError: aiortc is not installed: pip install 'lerobot_arena_ros[video]', or apt"
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
