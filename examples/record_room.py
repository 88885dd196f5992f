# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Record the messages of a room to CSV or MCAP, until Ctrl-C.

    record_room.py --room-id arm arm.csv
    record_room.py --room-id arm --shadows arm.csv

The program joins as a consumer and sends nothing, so it neither moves nor stops a robot, and
cannot get control. A room may have many consumers. With ``--shadows`` it also records the updates
of drivers without control, for example what a policy sends while a person drives. recording.py
describes the files.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from command_line import add_room, join, plain, run
from recorded import KINDS, Kind
from recording import Recorded, recording_path, writing

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.control_messages import ControlState
from lerobot_arena_ros.arena.messages import (
    EmergencyStop,
    JointUpdate,
    ShadowUpdate,
    StateSync,
)


def main() -> int:
    """Parse the command line and record."""
    parser = argparse.ArgumentParser(description='Record a room to CSV or MCAP until Ctrl-C.')
    parser.add_argument('file', type=recording_path, help='a new file, .csv or .mcap')
    add_room(parser)
    parser.add_argument(
        '--shadows', action='store_true', help='also record the updates of drivers without control'
    )
    return run(record(parser.parse_args()))


async def record(args: argparse.Namespace) -> int:
    """Write each message when it arrives; return 1 when the connection is lost."""
    received: asyncio.Queue[tuple[float, object] | None] = asyncio.Queue()

    def on_message(message: object) -> None:
        received.put_nowait((time.monotonic(), message))

    # A lane may lose an update that a newer one follows, and a recording has to be complete.
    async with RoboticsConsumer(args.server_url, fast_lane='never') as consumer:
        consumer.on_message(on_message)
        # on_message gets these messages too, but the server sends them only to those who ask.
        consumer.on_control(ignore)
        if args.shadows:
            consumer.on_shadow_update(ignore)
        consumer.on_disconnected(lambda: received.put_nowait(None))
        if not await join(consumer, args):
            return 1
        conversion = Conversion()
        counts: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        with writing(args.file) as write:
            # MCAP stores the time of day of this moment, so that recordings can be compared.
            began = time.monotonic()
            print(f'recording {args.workspace_id}/{args.room_id} to {args.file}', flush=True)
            try:
                while (arrival := await received.get()) is not None:
                    received_at, message = arrival
                    event = conversion.recorded(message, max(0.0, received_at - began))
                    if event is None:
                        continue
                    write(event)
                    counts[event.kind] += 1
                    if (line := line_of(event)) is not None:
                        print(plain(line), flush=True)
            finally:
                print(f'{summary(counts, args.shadows)}, {time.monotonic() - began:.1f} s')
        return 1  # The connection is lost; the reason is logged.


class Conversion:
    """Converts the messages of the client into recorded ones."""

    def __init__(self) -> None:
        self._change: int | None = None

    def recorded(self, message: object, time_s: float) -> Recorded | None:
        """Convert a message; return None if it is not recorded."""
        match message:
            case StateSync(joints):
                entries = tuple({'name': name, 'value': value} for name, value in joints.items())
                return Recorded(time_s, 'state', entries)
            case JointUpdate(entries, _, source):
                return Recorded(time_s, 'update', entries, source or '')
            case ShadowUpdate(entries, _, source):
                return Recorded(time_s, 'shadow', entries, source or '')
            case EmergencyStop(reason, source):
                return Recorded(time_s, 'stop', (), source or '', reason or '')
            case ControlState() if message.number != self._change:
                self._change = message.number
                change = '' if message.change is None else message.change.value
                return Recorded(
                    time_s, 'control', (), message.by or '', change, message.holder or ''
                )
        return None


def line_of(event: Recorded) -> str | None:
    """Return the line to print for a message; None if there is none."""
    if event.kind == 'stop':
        return f'emergency stop by {event.source}: {event.reason}'
    if event.kind == 'control':
        why = f' ({event.reason}, by {event.source})' if event.reason else ''
        return f'{event.holder or "nobody"} has control{why}'
    return None


def summary(counts: dict[Kind, int], is_with_shadows: bool) -> str:
    """Return how many messages were recorded, of the kinds that the server was asked for."""
    parts = [f'{counts["update"]} updates', f'{counts["stop"]} stops']
    if counts['control']:
        parts.append(f'{counts["control"] - 1} changes of control')
    if is_with_shadows:
        parts.append(f'{counts["shadow"]} shadows')
    return ', '.join(parts)


def ignore(*_: object) -> None:
    """Do nothing with what a callback receives."""


if __name__ == '__main__':
    sys.exit(main())
