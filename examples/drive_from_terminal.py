"""
Drive a robot from a terminal: arrows choose a joint and move it, space stops everybody.

    drive_from_terminal.py --room-id arm
    drive_from_terminal.py --room-id arm --create-room --joint elbow=0 --joint wrist=0

It joins as the room's producer and begins with the pose that the room remembers, so that nothing
jumps; only the joint that is moved is sent. For joints that the room does not know ``--joint``
says where they are. Values are in the room's unit, of which a step is one, unless said.

After an emergency stop, one's own or another's, keys move nothing until r is pressed. It reads the
room's pose again as well: what a public server was told over REST meanwhile is not seen before.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
import math
import shutil
import sys

from command_line import Failure, add_room, join, plain, positive, run
from terminal_keys import END, reading_keys

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.errors import ConnectionLost
from lerobot_arena_ros.arena.messages import EmergencyStop, room_state
from lerobot_arena_ros.control.units import fixed

LOST = 'lost'
HELP = """\
up, down: joint    left, right: move it    -, +: smaller, larger steps
SPACE or Esc: STOP everybody    r: read the pose again, go on after a stop    q: quit"""


def main() -> int:
    """Read the command line and drive."""
    parser = argparse.ArgumentParser(description='Drive the robot in a room from a terminal.')
    add_room(parser)
    parser.add_argument('--step', type=positive, default=1.0, help='of one key press: %(default)s')
    parser.add_argument(
        '--joint',
        type=joint_and_value,
        action='append',
        default=[],
        metavar='NAME=VALUE',
        help='where a joint is that the room does not know; may be repeated',
    )
    return run(drive(parser.parse_args()))


def joint_and_value(text: str) -> tuple[str, float]:
    """Read ``elbow=12.5``; for argparse."""
    name, _, value = text.rpartition('=')
    try:
        if name and math.isfinite(float(value)):
            return name, float(value)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f'{text!r} is not like elbow=12.5')


class Panel:
    """
    What the operator sees, and what the keys do to it; decides, and sends nothing itself.

    :param pose: where each joint is, in the room's unit.
    """

    def __init__(self, title: str, pose: Mapping[str, float], step: float) -> None:
        self.title = title
        self.pose = dict(pose)
        self.step = step
        self.stop: str | None = None
        self._chosen = 0

    def press(self, key: str) -> dict[str, float]:
        """Take a key; gives the joint that is to move, and where to."""
        match key:
            case 'up' | 'down':
                self._chosen += 1 if key == 'down' else -1
                self._chosen %= len(self.pose)
            case '+' | '-':
                self.step *= 2.0 if key == '+' else 0.5
            case 'left' | 'right' if self.stop is None:
                name = list(self.pose)[self._chosen]
                step = self.step if key == 'right' else -self.step
                self.pose[name] = round(self.pose[name] + step, 9)
                return {name: self.pose[name]}
        return {}

    def text(self, columns: int, rows: int) -> str:
        """Give what is shown, with as many joints around the chosen one as there are rows for."""
        room = max(1, rows - 7)
        first = max(0, min(self._chosen - room // 2, len(self.pose) - room))
        lines = [self.title, '']
        for number, (name, value) in list(enumerate(self.pose.items()))[first : first + room]:
            mark = '>' if number == self._chosen else ' '
            lines.append(f'{mark} {plain(name):24.24} {fixed(value, 3):>12}')
        lines += ['', f'step {self.step:g}    {plain(self.stop or "")}', *HELP.splitlines(), '']
        return '\n'.join(line[:columns] for line in lines)


async def drive(args: argparse.Namespace) -> int:
    """Join, look where the joints are, and do what the keys say."""
    keys: asyncio.Queue[str] = asyncio.Queue()

    def on_keys(pressed: list[str]) -> None:
        if 'space' in pressed or 'escape' in pressed:
            forget_moves(keys)
            pressed = ['space']
        for key in pressed:
            keys.put_nowait(key)

    async with RoboticsProducer(args.server_url) as producer:
        producer.on_disconnected(lambda: keys.put_nowait(LOST))
        if not await join(producer, args):
            return 1
        title = f'{args.workspace_id}/{args.room_id} at {args.server_url}'
        panel = Panel(title, await remembered_pose(producer, args), args.step)
        if not panel.pose:
            raise Failure('the room remembers no joints: say where they are, --joint elbow=0')

        def on_stop(stop: EmergencyStop) -> None:
            mine = stop.source == producer.participant_id
            panel.stop = 'STOPPED by you' if mine else f'STOPPED by {stop.source} ({stop.reason})'
            forget_moves(keys)
            show(panel)

        producer.on_emergency_stop(on_stop)
        with reading_keys(sys.stdin.fileno(), on_keys):
            return await follow(keys, panel, producer, args)


async def follow(
    keys: asyncio.Queue[str], panel: Panel, producer: RoboticsProducer, args: argparse.Namespace
) -> int:
    """Do what one key after the other says; gives the exit code."""
    while True:
        show(panel)
        key = await keys.get()
        if key in ('q', END):
            return 0
        if not producer.is_connected():
            return 1  # As the log tells.
        try:
            if key == 'space':
                panel.stop = 'STOP SENT, not confirmed yet'
                await producer.send_emergency_stop('stopped at the terminal')
            elif key == 'r':
                panel.stop = None  # First: another stop may come while the room is asked.
                panel.pose |= await remembered_pose(producer, args)
            elif moved := panel.press(key):
                await producer.send_state_sync(moved)
        except ConnectionLost as exc:
            raise Failure(str(exc)) from exc


def forget_moves(keys: asyncio.Queue[str]) -> None:
    """Forget what was pressed before a stop; that the terminal or the room is gone remains."""
    for _ in range(keys.qsize()):
        key = keys.get_nowait()
        if key in (LOST, END):
            keys.put_nowait(key)


async def remembered_pose(
    producer: RoboticsProducer, args: argparse.Namespace
) -> dict[str, float]:
    """Ask where the room's joints are; the room knows better than the command line."""
    state = await producer.get_room_state(args.workspace_id, args.room_id)
    return {**dict(args.joint), **room_state(state).joints}


def show(panel: Panel) -> None:
    """Draw the panel on an empty screen."""
    columns, rows = shutil.get_terminal_size()
    text = panel.text(columns or 80, rows or 24)  # A serial line does not know its size.
    print(f'\x1b[H\x1b[J{text}', end='', flush=True)


if __name__ == '__main__':
    sys.exit(main())
