# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""``bridge.launch.py`` with launch_testing: the scenarios and the arguments."""

from __future__ import annotations

import signal
from typing import Any

import pytest

pytest.importorskip('launch_testing', reason='launch_testing is not here: it comes with ROS 2')

from launch import LaunchDescription
from launch.events.process import SignalProcess
from support.launching import (
    ExitCodes,
    WhileRunning,
    add_scenarios,
    described,
    launch_file,
    needs_installation,
)
from support.probe import running_probe
from support.processes import free_port
from support.scenarios import BRIDGES
from support.waiting import wait_for

__all__ = ['ExitCodes', 'TestBridges', 'generate_test_description']

# These parameters have arguments; the others come from the params_file.
ARGUMENTS = {
    'units': 'units',
    'produce.room_id': 'produce_room',
    'consume.room_id': 'consume_room',
}
# The scenarios do not need this bridge; YAML reads the name of its room as a number.
SPARE = {**BRIDGES['bystander'], 'produce.room_id': '0815'}


@pytest.mark.launch_test
@needs_installation
def generate_test_description() -> tuple[LaunchDescription, dict[str, Any]]:
    """Start the bridges of the scenarios and a spare one, without an arena."""
    port = free_port()
    files = []
    for namespace, parameters in {**BRIDGES, 'spare': SPARE}.items():
        arguments = {
            'namespace': namespace,
            'server_url': f'http://127.0.0.1:{port}',
            **{ARGUMENTS[name]: parameters[name] for name in ARGUMENTS if name in parameters},
        }
        rest = {name: value for name, value in parameters.items() if name not in ARGUMENTS}
        files.append(launch_file('bridge.launch.py', arguments, rest))
    return described(*files), {'port': port}


class TestBridges(WhileRunning):
    """Assertions while the bridges run."""

    def test_a_room_is_a_string_and_sigterm_ends_with_0(
        self, launch_service: Any, proc_info: Any
    ) -> None:
        """The spare bridge joins room 0815 as a string, and SIGTERM ends it with exit code 0."""
        with running_probe() as probe:
            wait_for(
                lambda: 'rooms/0815' in probe.text('/spare/arena_bridge: produce link'),
                'the bridge to look for room 0815',
            )
        spare = '__ns:=/spare'
        launch_service.emit_event(
            SignalProcess(
                signal_number=signal.SIGTERM,
                process_matcher=lambda action: spare in action.process_details['cmd'],
            )
        )
        proc_info.assertWaitForShutdown(process='arena_bridge', cmd_args=spare, timeout=10)


add_scenarios(TestBridges)
