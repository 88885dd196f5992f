# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""``make sim``, as a user runs it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
import re
from typing import Any
import urllib.request

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.gl import require_gl
from support.processes import Process, running
from support.waiting import wait_for

from lerobot_arena_ros.nodes.demo import sim_cameras
from lerobot_arena_ros.sim.names import CAMERAS


def sim_demo(*arguments: str, **options: Any) -> AbstractContextManager[Process]:
    """Run the demo; it ends the processes that it has started, also if the test fails."""
    return running('executables:sim_demo', arguments, is_graceful=True, **options)


def started(demo: Process) -> bool:
    """Return whether the program has started or ended."""
    return 'Ctrl-C ends all' in demo.output or not demo.is_alive


def test_unattended_it_moves_the_arm_and_reports_the_result() -> None:
    """
    Unattended, it moves a joint through the room, and reports the measured result.

    Without OpenGL it prints what to install and goes on without pictures.
    """
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    pytest.importorskip('aiortc', reason='aiortc is not here: requirements/video.txt')
    no_gl = {'MUJOCO_GL': 'disable'}
    with own_domain(), sim_demo('--seconds', '8', variables=no_gl) as demo:
        wait_for(lambda: not demo.is_alive, 'the demo to end', 90.0)

        assert demo.wait() == 0, demo.output
        (line,) = [line for line in demo.output.splitlines() if 'no pictures, because' in line]
        assert line.endswith('apt install libegl1 libgl1-mesa-dri')
        found = re.search(r'shoulder_pan moved by ([\d.]+) rad', demo.output)
        assert found is not None, demo.output
        assert 0.26 < float(found[1]) < 1.3
        assert demo.output.endswith('sim: passed\n')


def test_unattended_it_counts_the_pictures_of_both_cameras() -> None:
    """A viewer of the rooms beside the joint room gets pictures of both cameras."""
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    pytest.importorskip('aiortc', reason='aiortc is not here: requirements/video.txt')
    require_gl()
    with own_domain(), sim_demo('--seconds', '5') as demo:
        wait_for(lambda: not demo.is_alive, 'the demo to end', 200.0)

        assert demo.wait() == 0, demo.output
        assert 'cameras: sim-front, sim-wrist\n' in demo.output
        for camera in CAMERAS:
            assert re.search(rf'[1-9]\d* pictures of the camera {camera},', demo.output)


def test_without_aiortc_it_prints_what_to_install_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without aiortc it prints what to install, and the arm follows the room."""
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    (tmp_path / 'aiortc.py').write_text("raise ModuleNotFoundError('none', name='aiortc')")
    monkeypatch.setenv('PYTHONPATH', str(tmp_path), prepend=':')
    with own_domain(), sim_demo() as demo:
        wait_for(lambda: started(demo), 'the demo to run', 60.0)

        (line,) = [line for line in demo.output.splitlines() if 'no pictures, because' in line]
        assert "aiortc is not installed: pip install 'lerobot_arena_ros[video]'" in line
        assert demo.end() == 0, demo.output


def test_it_names_the_page_to_open_and_ctrl_c_ends_all() -> None:
    """
    It prints the address of the page.

    Ctrl-C ends all processes, with exit code 0 and without a traceback.
    """
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    with own_domain(), sim_demo() as demo:
        wait_for(lambda: started(demo), 'the demo to run', 60.0)
        found = re.search(r'(http://[\d.:]+)/#default-workspace/sim\n', demo.output)
        assert found is not None, demo.output
        with urllib.request.urlopen(found[1]) as page:
            assert b'<title>' in page.read()
        code = demo.end()

        assert code == 0, demo.output
        assert 'Traceback' not in demo.output
        with pytest.raises(OSError):
            urllib.request.urlopen(found[1])


def test_without_mujoco_it_prints_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without MuJoCo it prints what to install, without a traceback."""
    (tmp_path / 'mujoco.py').write_text("raise ModuleNotFoundError('none', name='mujoco')")
    monkeypatch.setenv('PYTHONPATH', str(tmp_path), prepend=':')
    with own_domain(), sim_demo() as demo:
        wait_for(lambda: not demo.is_alive, 'the demo to end', 60.0)

        assert demo.wait() == 1
        assert "mujoco is not installed: pip install 'lerobot_arena_ros[sim]'" in demo.output
        assert 'Traceback' not in demo.output


def test_the_demo_has_the_cameras_of_the_arm() -> None:
    """The demo, which may not import the simulation, has its names of the cameras."""
    assert sim_cameras.CAMERAS == CAMERAS


@pytest.mark.parametrize('seconds', ['1', 'soon'])
def test_a_wrong_time_is_refused_in_one_line(seconds: str) -> None:
    """An invalid time is rejected in one line, with the value and what was expected."""
    with sim_demo('--seconds', seconds) as demo:
        assert demo.wait() == 2
        assert seconds in demo.output.splitlines()[-1]
        assert 'Traceback' not in demo.output
