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

The program joins as an operator and takes control if nobody has it. When a person takes over, it
goes on to compute, and the room passes its values on to recorders only. When control is given
back, it begins at the pose that the robot has then. It never takes control from another driver,
and never again by itself, also not after a stop. If the room lets others ask for control, it gives
it to them.
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
from lerobot_arena_ros.arena.errors import ControlRefused
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


class Policy:
    """
    Drives the room of an operator while that operator has control.

    :param operator: in no room yet.
    :param loop: the motion.
    """

    def __init__(self, operator: RoboticsOperator, loop: Loop) -> None:
        self._operator = operator
        self._loop = loop
        self._pose: dict[str, float] = {}
        self._askers: list[str] = []
        self._shown = -1
        self._had_control = False
        operator.on_robot_state(self._on_robot_state)
        operator.on_control(self._on_control)
        operator.on_control_request(self._askers.append)

    async def drive(self, names: list[str]) -> None:
        """
        Drive until the connection is lost.

        :param names: of the joints.
        :raises Failure: no robot has reported where they are.
        :raises ArenaError: the server refused control, or the connection was lost.
        """
        await self._until_measured(names)
        if self._operator.is_connected():
            await self._take()
        while self._operator.is_connected():
            values = self._loop.values(time.monotonic())
            await self._operator.send_joint_update(list(JointUpdate.of(values).entries))
            await self._answer()
            await asyncio.sleep(STEP_S)

    async def _take(self) -> None:
        """Take control if no other driver has it; otherwise say what the program waits for."""
        try:
            await self._operator.take_control(if_free=True)
        except ControlRefused as exc:
            if exc.holder is None:
                raise  # Not because of another driver, so waiting would not help.
            self._print_wait()

    def _on_robot_state(self, _: str, state: RobotState | None) -> None:
        for joint in () if state is None else state.joints:
            if joint.measured is not None:
                self._pose[joint.name] = joint.measured

    def _on_control(self, state: ControlState) -> None:
        if state.number == self._shown:
            return
        self._shown = state.number
        self._askers.clear()
        had_control, self._had_control = self._had_control, self._operator.has_control
        if self._had_control:
            self._loop.begin(self._pose, time.monotonic())
            print('in control', flush=True)
            return
        who = 'nobody' if state.holder is None else plain(state.holder)
        why = '' if state.change is None else f' ({state.change.value})'
        print(f'{who} has control{why}', flush=True)
        if had_control:
            self._print_wait()

    def _print_wait(self) -> None:
        own = plain(str(self._operator.participant_id))
        print(f'waiting until somebody gives control to {own}', flush=True)

    async def _answer(self) -> None:
        """Give control to who asks for it, which only rooms with the policy ``ask`` require."""
        while self._askers and self._operator.is_connected():
            asker = self._askers.pop(0)
            print(f'{plain(asker)} asks for control', flush=True)
            try:
                await self._operator.give_control(asker)
            except ControlRefused as exc:
                print(f'not given: {plain(str(exc))}', flush=True)

    async def _until_measured(self, names: list[str]) -> None:
        """
        Wait until a robot in the room has reported where each joint is.

        Return also when the connection is lost.

        :raises Failure: none did.
        """
        deadline = time.monotonic() + PATIENCE_S
        while missing := [name for name in names if name not in self._pose]:
            if not self._operator.is_connected():
                return
            if time.monotonic() > deadline:
                known = ', '.join(plain(name) for name in sorted(self._pose)) or 'none'
                raise Failure(
                    f'no robot in the room has reported {", ".join(missing)} for {PATIENCE_S:g} s;'
                    f' reported joints: {known}'
                )
            await asyncio.sleep(STEP_S)


async def drive(args: argparse.Namespace) -> int:
    """Drive; return 1 when the connection is lost."""
    async with RoboticsOperator(args.server_url) as operator:
        policy = Policy(operator, Loop(args.joint, args.period))
        if await join(operator, args):
            await policy.drive([name for name, *_ in args.joint])
    return 1  # The reason is logged.


if __name__ == '__main__':
    sys.exit(main())
