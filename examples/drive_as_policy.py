# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Drive a room like a policy that people may interrupt: move joints back and forth, until Ctrl-C.

    drive_as_policy.py --room-id sim --joint shoulder_pan=-30,30

The program joins as an operator and takes control. When a person takes over, it goes on to
compute, and the room passes its values on to recorders only. When control is given back, it begins
at the pose that the robot has then. It never takes control again by itself, also not after a stop.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
import contextlib
import math
import sys
import time

from command_line import Failure, add_room, join, plain, positive, run

from lerobot_arena_ros import RoboticsOperator
from lerobot_arena_ros.arena.control_messages import ControlState
from lerobot_arena_ros.arena.messages import JointUpdate
from lerobot_arena_ros.arena.robot_state import RobotState

STEP_S = 0.05
BLEND_S = 2.0
PATIENCE_S = 10.0

Range = tuple[str, float, float]


def main() -> int:
    """Parse the command line and drive."""
    parser = argparse.ArgumentParser(
        description='Drive a room like a policy that people may interrupt, until Ctrl-C.'
    )
    add_room(parser)
    parser.add_argument(
        '--joint',
        action='append',
        required=True,
        type=joint_range,
        metavar='NAME=FROM,TO',
        help="a joint and its range in the room's unit; may be given several times (required)",
    )
    parser.add_argument(
        '--period', type=positive, default=6.0, metavar='S', help='of the motion, %(default)g s'
    )
    return run(drive(parser.parse_args()))


def joint_range(text: str) -> Range:
    """Parse a joint and its range; a type of argparse."""
    with contextlib.suppress(ValueError):
        name, _, ends = text.rpartition('=')
        low, high = (float(end) for end in ends.split(','))
        if name and math.isfinite(low) and math.isfinite(high):
            return name, low, high
    raise argparse.ArgumentTypeError(f'{text!r} is not NAME=FROM,TO, such as elbow=-30,30')


class Loop:
    """
    A motion back and forth, which begins at the measured pose whenever control comes.

    A policy would compute its values from pictures and measured joints instead.

    :param ranges: of each joint, in the room's unit.
    :param period_s: of the motion.
    """

    def __init__(self, ranges: list[Range], period_s: float) -> None:
        self._ranges = ranges
        self._period_s = period_s
        self._begun_at = 0.0
        self._start: dict[str, float] = {}

    def begin(self, pose: Mapping[str, float], now: float) -> None:
        """Begin at a pose."""
        self._begun_at = now
        self._start = dict(pose)

    def values(self, now: float) -> dict[str, float]:
        """Return the value of each joint; in the first two seconds on the way into the loop."""
        passed_s = now - self._begun_at
        share = min(1.0, passed_s / BLEND_S)
        wave = math.sin(2.0 * math.pi * passed_s / self._period_s)
        found = {}
        for name, low, high in self._ranges:
            looped = (low + high) / 2.0 + wave * (high - low) / 2.0
            found[name] = (1.0 - share) * self._start.get(name, looped) + share * looped
        return found


async def drive(args: argparse.Namespace) -> int:
    """Drive; return 1 when the connection is lost."""
    loop = Loop(args.joint, args.period)
    pose: dict[str, float] = {}
    lost = asyncio.Event()
    operator = RoboticsOperator(args.server_url)

    def on_robot_state(_: str, state: RobotState | None) -> None:
        for joint in () if state is None else state.joints:
            if joint.measured is not None:
                pose[joint.name] = joint.measured

    def on_control(state: ControlState) -> None:
        if state.number == shown[0]:
            return
        shown[0] = state.number
        if state.holder == operator.participant_id:
            loop.begin(pose, time.monotonic())
            print('in control', flush=True)
        else:
            who = 'nobody' if state.holder is None else plain(state.holder)
            why = '' if state.change is None else f' ({state.change.value})'
            print(f'{who} has control{why}', flush=True)

    shown = [-1]
    operator.on_robot_state(on_robot_state)
    operator.on_control(on_control)
    operator.on_disconnected(lost.set)
    async with operator:
        if not await join(operator, args):
            return 1
        await _until_measured([name for name, *_ in args.joint], pose)
        await operator.take_control()
        while not lost.is_set():
            values = loop.values(time.monotonic())
            await operator.send_joint_update(list(JointUpdate.of(values).entries))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(lost.wait(), STEP_S)
    return 1  # The reason is logged.


async def _until_measured(names: list[str], pose: Mapping[str, float]) -> None:
    """
    Wait until a robot in the room has reported where each joint is.

    :raises Failure: none did.
    """
    deadline = time.monotonic() + PATIENCE_S
    while missing := [name for name in names if name not in pose]:
        if time.monotonic() > deadline:
            known = ', '.join(sorted(pose)) or 'none'
            raise Failure(
                f'no robot in the room has reported {", ".join(missing)} for {PATIENCE_S:g} s;'
                f' reported joints: {known}'
            )
        await asyncio.sleep(STEP_S)


if __name__ == '__main__':
    sys.exit(main())
