# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executable arena_camera."""

from __future__ import annotations

import sys

from ..runtime.cli_help import parse_arguments
from ..runtime.shutdown_signal import ShutdownSignal
from ..settings.camera_table import CAMERA_SPECS, SPECS

__all__ = ['main']


def main(args: list[str] | None = None) -> int:
    """Run the cameras; return the exit code."""
    shutdown = ShutdownSignal()
    of_cameras = ', '.join(spec.name for spec in CAMERA_SPECS)
    parse_arguments(
        'arena_camera',
        'Cameras between ROS 2 and LeRobot Arena: sends the pictures of topics to video rooms, '
        'and publishes the pictures of rooms. Each camera C in cameras has the parameters '
        f'camera_map.C. followed by {of_cameras}.',
        SPECS,
        args,
        examples=(
            '--ros-args -p cameras:=[front] -p camera_map.front.topic:=/camera/image_raw',
            '--ros-args --params-file my_cameras.yaml',
        ),
    )
    from ..runtime.run_node import Program, run
    from .camera_node import CameraNode
    from .garbage import collect_often

    def make() -> Program:
        node = CameraNode(arguments=sys.argv[1:] if args is None else args)
        collect_often()
        return Program([node], node.start, node.finish, lambda: node.failure)

    return run(make, 'arena_camera', args, shutdown)


if __name__ == '__main__':
    sys.exit(main())
