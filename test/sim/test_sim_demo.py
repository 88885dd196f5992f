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

from pathlib import Path
import re
import urllib.request

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.processes import Process, running
from support.waiting import wait_for


def started(demo: Process) -> bool:
    """Return whether the program has started or ended."""
    return 'Ctrl-C ends all' in demo.output or not demo.is_alive


def test_unattended_it_moves_the_arm_and_reports_the_result() -> None:
    """Unattended, it moves a joint through the room, and reports the measured result."""
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    with own_domain(), running('executables:sim_demo', ['--seconds', '8']) as demo:
        wait_for(lambda: not demo.is_alive, 'the demo to end', 90.0)

        assert demo.wait() == 0, demo.output
        found = re.search(r'shoulder_pan moved by ([\d.]+) rad', demo.output)
        assert found is not None, demo.output
        assert 0.26 < float(found[1]) < 1.3
        assert demo.output.endswith('sim: passed\n')


def test_it_names_the_page_to_open_and_ctrl_c_ends_all() -> None:
    """
    It prints the address of the page.

    Ctrl-C ends all processes, with exit code 0 and without a traceback.
    """
    pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
    with own_domain(), running('executables:sim_demo', []) as demo:
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
    with own_domain(), running('executables:sim_demo', []) as demo:
        wait_for(lambda: not demo.is_alive, 'the demo to end', 60.0)

        assert demo.wait() == 1
        assert "mujoco is not installed: pip install 'lerobot_arena_ros[sim]'" in demo.output
        assert 'Traceback' not in demo.output


@pytest.mark.parametrize('seconds', ['1', 'soon'])
def test_a_wrong_time_is_refused_in_one_line(seconds: str) -> None:
    """An invalid time is rejected in one line, with the value and what was expected."""
    with running('executables:sim_demo', ['--seconds', seconds]) as demo:
        assert demo.wait() == 2
        assert seconds in demo.output.splitlines()[-1]
        assert 'Traceback' not in demo.output
