# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Test of ``fleet.launch.py`` with launch_testing: one process per robot, and one for all."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')

from launch import LaunchDescription
from launch_testing import parametrize
from support.fleets import fleet_file
from support.launching import (
    ExitCodes,
    WhileRunning,
    add_scenarios,
    described,
    folder,
    launch_file,
    needs_installation,
)
from support.processes import free_port
from support.scenarios import BRIDGES

__all__ = ['ExitCodes', 'TestFleet', 'generate_test_description']


@pytest.mark.launch_test
@needs_installation
@parametrize('one_process', ['false', 'true'])  # type: ignore[untyped-decorator]
def generate_test_description(one_process: str) -> tuple[LaunchDescription, dict[str, Any]]:
    """Start the bridges of the scenarios from one fleet file, without an arena."""
    port = free_port()
    robots = {
        name: {'joints': [], 'consume.require_feedback': 'always', **parameters}
        for name, parameters in BRIDGES.items()
    }
    # The argument counts, not the file.
    file = fleet_file(folder(), 'http://127.0.0.1:9', robots)
    arguments = {
        'fleet_file': str(file),
        'one_process': one_process,
        'server_url': f'http://127.0.0.1:{port}',
    }
    return described(launch_file('fleet.launch.py', arguments)), {'port': port}


class TestFleet(WhileRunning):
    """Tests while the bridges run."""

    def test_there_are_as_many_processes_as_were_asked_for(
        self, proc_info: Any, one_process: str
    ) -> None:
        """There is one process per robot, or one for all robots with one_process."""
        names = sorted(name.rpartition('-')[0] for name in proc_info.process_names())

        assert names == (['arena_fleet'] if one_process == 'true' else ['arena_bridge'] * 3)


add_scenarios(TestFleet)
