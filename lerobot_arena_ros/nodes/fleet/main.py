"""The executable arena_fleet: the bridges of many robots in one process."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from lerobot_arena_ros.release import version

from ..runtime.cli_help import EXIT_CODES, split_arguments
from ..runtime.shutdown_signal import StopSignal

__all__ = ['main']

_OF_ONE_ROBOT = ('-p', '--param', '-r', '--remap', '--params-file')
"""ROS arguments that would count for all robots at once, and so join what must be apart."""


def main(args: list[str] | None = None) -> int:
    """Run the bridge of each robot in a fleet file; gives the exit code."""
    stop = StopSignal()
    ours, of_ros = split_arguments(sys.argv[1:] if args is None else args)
    parser = argparse.ArgumentParser(
        prog='arena_fleet',
        description=__doc__,
        epilog=f'After --ros-args: --log-level and such. {EXIT_CODES}',
        allow_abbrev=False,
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {version()}')
    parser.add_argument('fleet_file', type=Path, help='YAML file with the robots')
    path: Path = parser.parse_args(ours).fleet_file
    from ..settings.fleet_file import FleetError, read_fleet

    try:
        for arg in of_ros:
            if arg in _OF_ONE_ROBOT:
                raise FleetError(f'{arg}: expected in {path}, for it would count for all robots')
        robots = read_fleet(path)
    except FleetError as exc:
        sys.stderr.write(f'arena_fleet: {exc}\n')
        return 2
    from ..runtime.run_node import Program, run
    from .fleet_bridges import FleetBridges

    def make() -> Program:
        fleet = FleetBridges(robots)
        return Program(fleet.nodes, fleet.executor, fleet.start, fleet.finish, fleet.failure)

    return run(make, 'arena_fleet', of_ros, stop)


if __name__ == '__main__':
    sys.exit(main())
