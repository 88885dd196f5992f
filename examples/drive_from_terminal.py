# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Drive a robot from a terminal: arrows select a joint and move it, space stops all participants.

    drive_from_terminal.py --room-id arm
    drive_from_terminal.py --room-id arm --create-room --joint elbow=0 --joint wrist=0

The program joins as the room's producer and starts with the pose that the room remembers, so that
the robot does not jump. It only sends the joint that is moved. ``--joint`` gives the position of a
joint that the room does not know. Values are in the room's unit. A step is one unit by default.

After an emergency stop from here or from another participant, keys move nothing until r is
pressed. r also reads the room's pose again, because changes over REST on a public server are not
visible before. The same applies after another driver has had control of the room.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
import math
import shutil
import sys

from command_line import Failure, add_room, join, plain, positive, run
from terminal_keys import END, reading_keys

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.control_messages import ControlState
from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.arena.messages import EmergencyStop, room_state
from lerobot_arena_ros.control.units import fixed

LOST = 'lost'
KEPT = ('space', 'q')
"""The keys that a hand-over or a stop of another participant does not drop."""

BACK = 'control is back: r reads the pose'
HELP = """\
up, down: joint    left, right: move it    -, +: smaller, larger steps
SPACE or Esc: STOP all    r: read the pose again, continue after a stop    q: quit"""


def main() -> int:
    """Parse the command line and drive."""
    parser = argparse.ArgumentParser(description='Drive the robot in a room from a terminal.')
    add_room(parser)
    parser.add_argument(
        '--step', type=positive, default=1.0, help='change per key press (default: %(default)s)'
    )
    parser.add_argument(
        '--joint',
        type=joint_and_value,
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help='position of a joint that the room does not know; may be repeated',
    )
    return run(drive(parser.parse_args()))


def joint_and_value(text: str) -> tuple[str, float]:
    """Parse text such as ``elbow=12.5``, for argparse."""
    name, _, value = text.rpartition('=')
    try:
        if name and math.isfinite(float(value)):
            return name, float(value)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f'{text!r} is not like elbow=12.5')


class Panel:
    """
    The state that the operator sees and changes with keys; does no I/O.

    :param pose: position of each joint, in the room's unit.
    :ivar stop: why the arrow keys move nothing; None if they do.
    :ivar taken: which other driver has control, as a text; None = none.
    """

    def __init__(self, title: str, pose: Mapping[str, float], step: float) -> None:
        self.title = title
        self.pose = dict(pose)
        self.step = step
        self.stop: str | None = None
        self.taken: str | None = None
        self._selected = 0

    def hand_over(self, holder: str | None, *, is_ours: bool) -> bool:
        """
        Note who has control, and return False if this program had it before.

        After another driver had it, the arrow keys do nothing until r is pressed, because that
        driver has moved the robot.
        """
        if is_ours and self.taken is None:
            return False
        text = BACK if is_ours else f'{holder or "nobody"} has control'
        # A stop remains on the screen.
        if self.stop in (None, self.taken, BACK):
            self.stop = text
        self.taken = None if is_ours else text
        return True

    def press(self, key: str) -> dict[str, float]:
        """Handle a key, and return the joint to move with its new position, if any."""
        match key:
            case 'up' | 'down':
                self._selected += 1 if key == 'down' else -1
                self._selected %= len(self.pose)
            case '+' | '-':
                self.step *= 2.0 if key == '+' else 0.5
            case 'left' | 'right' if self.stop is None:
                name = list(self.pose)[self._selected]
                step = self.step if key == 'right' else -self.step
                self.pose[name] = round(self.pose[name] + step, 9)
                return {name: self.pose[name]}
        return {}

    def text(self, columns: int, rows: int) -> str:
        """Return the text of the screen, with as many joints as fit around the selected one."""
        room = max(1, rows - 7)
        first = max(0, min(self._selected - room // 2, len(self.pose) - room))
        lines = [self.title, '']
        for number, (name, value) in list(enumerate(self.pose.items()))[first : first + room]:
            mark = '>' if number == self._selected else ' '
            lines.append(f'{mark} {plain(name):24.24} {fixed(value, 3):>12}')
        lines += ['', f'step {self.step:g}    {plain(self.stop or "")}', *HELP.splitlines(), '']
        return '\n'.join(line[:columns] for line in lines)


async def drive(args: argparse.Namespace) -> int:
    """Join the room, read its pose, and handle the keys."""
    keys: asyncio.Queue[str] = asyncio.Queue()

    def on_keys(pressed: list[str]) -> None:
        if 'space' in pressed or 'escape' in pressed:
            forget(keys, but=(LOST, END))
            pressed = ['space']
        for key in pressed:
            keys.put_nowait(key)

    title = f'{args.workspace_id}/{args.room_id} at {args.server_url}'
    panel = Panel(title, {}, args.step)
    async with RoboticsProducer(args.server_url) as producer:

        def on_control(state: ControlState) -> None:
            is_ours = state.holder == producer.participant_id
            if not panel.hand_over(state.holder, is_ours=is_ours):
                return
            forget(keys, but=(LOST, END, *KEPT))
            if panel.pose:
                show(panel)

        producer.on_control(on_control)
        producer.on_disconnected(lambda: keys.put_nowait(LOST))
        if not await join(producer, args):
            return 1
        panel.pose = await remembered_pose(producer, args)
        if not panel.pose:
            raise Failure('the room knows no joints: give their positions, --joint elbow=0')

        def on_stop(stop: EmergencyStop) -> None:
            mine = stop.source == producer.participant_id
            panel.stop = 'STOPPED by you' if mine else f'STOPPED by {stop.source} ({stop.reason})'
            forget(keys, but=(LOST, END, *KEPT))
            show(panel)

        producer.on_emergency_stop(on_stop)
        with reading_keys(sys.stdin.fileno(), on_keys):
            return await follow(keys, panel, producer, args)


async def follow(
    keys: asyncio.Queue[str], panel: Panel, producer: RoboticsProducer, args: argparse.Namespace
) -> int:
    """Handle one key after the other, and return the exit code."""
    while True:
        show(panel)
        key = await keys.get()
        if key in ('q', END):
            return 0
        if not producer.is_connected():
            return 1  # The reason is logged.
        try:
            if key == 'space':
                panel.stop = 'STOP SENT, not confirmed yet'
                await producer.send_emergency_stop('stopped at the terminal')
            elif key == 'r':
                # Before the request, because another stop may arrive meanwhile.
                panel.stop = panel.taken
                panel.pose |= await remembered_pose(producer, args)
            elif moved := panel.press(key):
                await producer.send_state_sync(moved)
        except ConnectionLost as exc:
            raise Failure(str(exc)) from exc


def forget(keys: asyncio.Queue[str], *, but: Sequence[str]) -> None:
    """Drop the queued keys, but keep some in their order."""
    for _ in range(keys.qsize()):
        key = keys.get_nowait()
        if key in but:
            keys.put_nowait(key)


async def remembered_pose(
    producer: RoboticsProducer, args: argparse.Namespace
) -> dict[str, float]:
    """Return the joints of the room; its values have priority over the command line."""
    state = await producer.get_room_state(args.workspace_id, args.room_id)
    return {**dict(args.joint), **room_state(state).joints}


def show(panel: Panel) -> None:
    """Clear the screen and draw the panel."""
    columns, rows = shutil.get_terminal_size()
    text = panel.text(columns or 80, rows or 24)  # A serial line has no size.
    print(f'\x1b[H\x1b[J{text}', end='', flush=True)


if __name__ == '__main__':
    sys.exit(main())
