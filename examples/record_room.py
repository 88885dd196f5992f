"""
Record what happens in a room, to CSV or to MCAP, until Ctrl-C.

    record_room.py --room-id arm arm.csv

It joins as a consumer, of which a room may have many, and never says a word: recording moves
nothing and stops nothing. What the files hold is told in recording.py.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from command_line import add_room, join, plain, run
from recording import Recorded, recording_path, writing

from lerobot_arena_ros import RoboticsConsumer
from lerobot_arena_ros.arena.messages import EmergencyStop, JointUpdate, StateSync


def main() -> int:
    """Read the command line and record."""
    parser = argparse.ArgumentParser(description='Record a room to CSV or MCAP until Ctrl-C.')
    parser.add_argument('file', type=recording_path, help='a new file, .csv or .mcap')
    add_room(parser)
    return run(record(parser.parse_args()))


async def record(args: argparse.Namespace) -> int:
    """Write each message as it comes; ends with 1 when the connection is lost."""
    heard: asyncio.Queue[tuple[float, object] | None] = asyncio.Queue()

    def on_message(message: object) -> None:
        heard.put_nowait((time.monotonic(), message))

    async with RoboticsConsumer(args.server_url) as consumer:
        consumer.on_message(on_message)
        consumer.on_disconnected(lambda: heard.put_nowait(None))
        if not await join(consumer, args):
            return 1
        counts = {'update': 0, 'stop': 0, 'state': 0}
        with writing(args.file) as write:
            # An MCAP has the time of day of this moment, so that it lies beside other recordings.
            began = time.monotonic()
            print(f'recording {args.workspace_id}/{args.room_id} to {args.file}', flush=True)
            try:
                while (news := await heard.get()) is not None:
                    heard_at, message = news
                    event = recorded(message, max(0.0, heard_at - began))
                    if event is None:
                        continue
                    write(event)
                    counts[event.kind] += 1
                    if event.kind == 'stop':
                        print(
                            plain(f'emergency stop by {event.source}: {event.reason}'), flush=True
                        )
            finally:
                seconds = time.monotonic() - began
                print(f'{counts["update"]} updates, {counts["stop"]} stops, {seconds:.1f} s')
        return 1  # The connection is lost, as the log tells.


def recorded(message: object, time_s: float) -> Recorded | None:
    """Turn what the client tells into what is recorded; None for what is not."""
    match message:
        case StateSync(joints):
            entries = tuple({'name': name, 'value': value} for name, value in joints.items())
            return Recorded(time_s, 'state', entries)
        case JointUpdate(entries, _, source):
            return Recorded(time_s, 'update', entries, source or '')
        case EmergencyStop(reason, source):
            return Recorded(time_s, 'stop', (), source or '', reason or '')
    return None


if __name__ == '__main__':
    sys.exit(main())
