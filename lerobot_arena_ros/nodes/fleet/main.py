# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable arena_fleet: run the bridges of several robots in one process."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from lerobot_arena_ros.release import version

from ..runtime.cli_help import EXIT_CODES, split_arguments
from ..runtime.shutdown_signal import ShutdownSignal

__all__ = ['main']

_OF_ONE_ROBOT = ('-p', '--param', '-r', '--remap', '--params-file')
"""ROS arguments that are rejected, because they would apply to all robots at once."""


def main(args: list[str] | None = None) -> int:
    """Run the bridge of each robot in a fleet file, and return the exit code."""
    shutdown = ShutdownSignal()
    ours, of_ros = split_arguments(sys.argv[1:] if args is None else args)
    parser = argparse.ArgumentParser(
        prog='arena_fleet',
        description='Run the bridges of several robots in one process.',
        epilog=f'After --ros-args: logging options such as --log-level. {EXIT_CODES}',
        allow_abbrev=False,
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {version()}')
    parser.add_argument('fleet_file', type=Path, help='YAML file with the robots')
    path: Path = parser.parse_args(ours).fleet_file
    from ..settings.fleet_file import FleetError, read_fleet

    try:
        for arg in of_ros:
            if arg in _OF_ONE_ROBOT:
                raise FleetError(
                    f'{arg}: expected in {path}, because here it would apply to all robots'
                )
        robots = read_fleet(path)
    except FleetError as exc:
        sys.stderr.write(f'arena_fleet: {exc}\n')
        return 2
    from ..runtime.run_node import Program, run
    from .fleet_bridges import FleetBridges

    def make() -> Program:
        fleet = FleetBridges(robots)
        return Program(fleet.nodes, fleet.start, fleet.finish, fleet.failure)

    return run(make, 'arena_fleet', of_ros, shutdown)


if __name__ == '__main__':
    sys.exit(main())
