# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Test of docs/howto/several_robots.md: one button stops two robots, one command resets them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from std_msgs.msg import Bool
from support.domain import own_domain
from support.pages import blocks_of
from support.probe import Probe, running_probe
from support.processes import running
from support.server import running_server
from support.waiting import wait_for

ROBOTS = ('left', 'right')


def page_files(folder: Path, url: str) -> Path:
    """Write the files of the page for an arena with this URL, and return the fleet file."""
    for block in blocks_of('docs/howto/several_robots.md', 'yaml'):
        (folder / block.file).write_text(block.text.replace('http://localhost:8000', url))
    return folder / 'one_button.yaml'


def reset_both() -> tuple[int, str]:
    """Request a reset of both robots; return the exit code and the output."""
    with running('nodes.stop.main', ['--reset', '--expect', '2']) as command:
        return command.wait(), command.output


def test_one_button_stops_both_robots_and_one_command_resets_them(tmp_path: Path) -> None:
    """Neither robot is reset while the button is pressed; both are reset afterwards."""
    with (
        own_domain(),
        running_server() as url,
        running_probe() as probe,
        running('nodes.fleet.main', [str(page_files(tmp_path, url))]),
    ):
        probe.watch(*ROBOTS)
        button = probe.node.create_publisher(Bool, '/emergency_stop', 10)
        pressed = True
        timer = probe.node.create_timer(0.1, lambda: button.publish(Bool(data=pressed)))
        wait_for(lambda: latest(probe) == [True, True], 'both to stop')

        code, text = reset_both()
        assert code == 1
        assert text.count('NOT confirmed (not reset: the emergency_stop topic is still true') == 2
        pressed = False
        code, text = reset_both()
        assert code == 0
        for robot in ROBOTS:
            assert f'/{robot}/arena_bridge: reset' in text
        assert text.endswith('2 of 2 bridges confirmed\n')

        wait_for(lambda: latest(probe) == [False, False], 'both to move again')
        probe.destroy(timer)


def latest(probe: Probe) -> list[bool]:
    """Return the latest emergency stop states of both robots, as far as they are known."""
    return [seen for robot in ROBOTS for seen in probe.stop_active[robot][-1:]]
