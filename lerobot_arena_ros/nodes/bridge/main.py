# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The executables arena_bridge, arena_producer and arena_consumer."""

from __future__ import annotations

import sys

from ..runtime.cli_help import parse_arguments
from ..runtime.shutdown_signal import ShutdownSignal
from ..settings.parameter_table import JOINT_SPECS, SPECS

__all__ = ['main', 'main_consumer', 'main_producer']


_DESCRIPTION = {
    'produce': 'sends the measured joints of a robot (joint_states) into a room',
    'consume': 'commands a robot (joint_commands) with the updates of a room',
}


def main(args: list[str] | None = None) -> int:
    """Run the producer and the consumer, each if its room is named; return the exit code."""
    return _run('arena_bridge', args, ('produce', 'consume'))


def main_producer(args: list[str] | None = None) -> int:
    """Run the producer only; return the exit code."""
    return _run('arena_producer', args, ('produce',))


def main_consumer(args: list[str] | None = None) -> int:
    """Run the consumer only; return the exit code."""
    return _run('arena_consumer', args, ('consume',))


def _run(name: str, args: list[str] | None, roles: tuple[str, ...]) -> int:
    shutdown = ShutdownSignal()
    _answer(name, args, roles)
    from ..runtime.run_node import Program, run
    from .bridge_node import BridgeNode

    def make() -> Program:
        node = BridgeNode(roles, name=name, arguments=sys.argv[1:] if args is None else args)
        return Program([node], node.start, node.finish, lambda: node.failure)

    return run(make, name, args, shutdown)


def _answer(name: str, args: list[str] | None, roles: tuple[str, ...]) -> None:
    others = tuple(f'{role}.' for role in _DESCRIPTION if role not in roles)
    specs = [spec for spec in SPECS if not spec.name.startswith(others)]
    what = '; '.join(_DESCRIPTION[role] for role in roles)
    of_joints = ', '.join(spec.name for spec in JOINT_SPECS)
    parse_arguments(
        name,
        f'Bridge between ROS 2 and LeRobot Arena: {what}. Each joint J in joints may also have '
        f'the parameters joint_map.J. followed by {of_joints}. The unit of the values in the '
        'room has to be set: units.',
        specs,
        args,
        examples=(
            f'--ros-args -p {roles[-1]}.room_id:=arm -p units:=degrees -p joints:=[elbow]',
            '--ros-args --params-file my_arm.yaml',
        ),
    )


if __name__ == '__main__':
    sys.exit(main())
