# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable ``sim_arm``."""

from __future__ import annotations

from lerobot_arena_ros.nodes.runtime.cli_help import parse_arguments
from lerobot_arena_ros.nodes.runtime.shutdown_signal import ShutdownSignal

from .parameters import SPECS

__all__ = ['main']


def main(args: list[str] | None = None) -> int:
    """Run the simulated arm; return the exit code."""
    shutdown = ShutdownSignal()
    parse_arguments(
        'sim_arm',
        'A simulated SO-101 with its physics: publishes joint_states and camera pictures, and '
        'follows joint_commands as servos do. Its faults are parameters that may change.',
        SPECS,
        args,
        examples=('--ros-args -p command_interface:=joint_trajectory -p max_speed:=0.5',),
    )
    from .pictures import choose_gl

    choose_gl()  # MuJoCo reads the variable when it is imported.
    from lerobot_arena_ros.nodes.runtime.run_node import Program, run

    from .node import SimArmNode

    def make() -> Program:
        node = SimArmNode()
        return Program([node], finish=node.finish)

    return run(make, 'sim_arm', args, shutdown)
