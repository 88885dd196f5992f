"""The executable arena_fleet: the bridges of many robots in one process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
import sys

from .stop_signal import StopSignal

__all__ = ['main']

_OF_ONE_ROBOT = ('-p', '--param', '-r', '--remap', '--params-file')
"""ROS arguments that would count for all robots at once, and so join what must be apart."""


def main(args: list[str] | None = None) -> int:
    """Run the bridge of each robot in a fleet file; gives the exit code."""
    stop = StopSignal()
    ours, of_ros = _split(sys.argv[1:] if args is None else args)
    parser = argparse.ArgumentParser(
        prog='arena_fleet', description=__doc__, epilog='After --ros-args: --log-level and such.'
    )
    parser.add_argument('fleet_file', type=Path, help='YAML file with the robots')
    path: Path = parser.parse_args(ours).fleet_file
    from .fleet_file import FleetError, read_fleet

    try:
        for arg in of_ros:
            if arg in _OF_ONE_ROBOT:
                raise FleetError(f'{arg}: expected in {path}, for it would count for all robots')
        robots = read_fleet(path)
    except FleetError as exc:
        sys.stderr.write(f'arena_fleet: {exc}\n')
        return 2
    from .fleet_bridges import FleetBridges
    from .spinning import Program, run

    def make() -> Program:
        fleet = FleetBridges(robots)
        return Program(fleet.nodes, fleet.executor, fleet.start, fleet.finish, fleet.failure)

    return run(make, 'arena_fleet', of_ros, stop)


def _split(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell our arguments from those between ``--ros-args`` and ``--``."""
    ours: list[str] = []
    of_ros: list[str] = []
    is_ros = False
    for arg in args:
        is_ros = is_ros or arg == '--ros-args'
        (of_ros if is_ros else ours).append(arg)
        is_ros = is_ros and arg != '--'
    return ours, of_ros


if __name__ == '__main__':
    sys.exit(main())
