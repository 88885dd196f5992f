"""
Replay a recording into a room, in the time in which it happened.

    replay_room.py --room-id arm arm.csv
    replay_room.py --room-id arm --speed 2 arm.csv

A robot in the room moves. What is sent are the recorded updates, each with the joints that it had;
not the pose that the room remembered when the recording began. The first of them asks the robot to
come from wherever it is: its bridge limits how fast.

An emergency stop that was recorded is not sent, for a stop means now. The replay ends there: what
came after it was said to robots that stood still. ``--past-stops`` goes on. A stop that is heard
in the room while replaying ends it in any case.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from command_line import Failure, add_room, join, plain, positive, run
from recording import Recorded, read_recording, recording_path

from lerobot_arena_ros import RoboticsProducer

MOST_LATE_S = 1.0
"""Who is later than this was suspended: catching up would make a robot jump."""


def main() -> int:
    """Read the command line and replay."""
    parser = argparse.ArgumentParser(
        description='Replay a recording into a room. A robot in the room moves.'
    )
    parser.add_argument('file', type=recording_path, help='a recording, .csv or .mcap')
    add_room(parser)
    parser.add_argument('--speed', type=positive, default=1.0, help='2: twice as fast')
    parser.add_argument('--past-stops', action='store_true', help='go on where a stop is recorded')
    return run(replay(parser.parse_args()))


async def replay(args: argparse.Namespace) -> int:
    """Send the updates of a recording."""
    # All of it before anything moves: a flaw in the file is not to be found half-way.
    updates, stop = chosen(read_recording(args.file), args.past_stops)
    if not updates:
        raise Failure(f'{args.file} has no updates' + (' before its stop' if stop else ''))
    halt: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(why: str) -> None:
        if not halt.done():
            halt.set_result(why)

    async with RoboticsProducer(args.server_url) as producer:
        producer.on_emergency_stop(lambda s: end(f'emergency stop by {s.source}: {s.reason}'))
        producer.on_disconnected(lambda: end('the connection is lost'))
        if not await join(producer, args):
            return 1
        where = f'{args.workspace_id}/{args.room_id}'
        print(f'replaying {len(updates)} updates into {where}', flush=True)
        await send_in_time(producer, updates, args.speed, halt)
    print(f'{len(updates)} updates sent')
    if stop is not None:
        why = plain(f'{stop.source}: {stop.reason}')
        print(f'the recording has a stop at {stop.time_s:.1f} s, by {why}; ended before it')
    return 0


def chosen(events: list[Recorded], is_past_stops: bool) -> tuple[list[Recorded], Recorded | None]:
    """Give the updates that are to be replayed, and the recorded stop that ends them, if any."""
    updates: list[Recorded] = []
    for event in events:
        if event.kind == 'stop' and not is_past_stops:
            return updates, event
        if event.kind == 'update':
            updates.append(event)
    return updates, None


async def send_in_time(
    producer: RoboticsProducer, updates: list[Recorded], speed: float, halt: asyncio.Future[str]
) -> None:
    """
    Send each update at its own time after the first; pauses that add up would drift.

    :param halt: has a result once nothing more is to be sent.
    :raises Failure: it has, or too late has it become.
    """
    began = time.monotonic() - updates[0].time_s / speed
    for update in updates:
        due = began + update.time_s / speed
        await asyncio.wait([halt], timeout=due - time.monotonic())
        if halt.done():
            raise Failure(f'{halt.result()}; the rest is not replayed')
        if (late_s := time.monotonic() - due) > MOST_LATE_S:
            raise Failure(f'{late_s:.1f} s behind: not catching up, for that would be a jump')
        await producer.send_joint_update(update.joints)


if __name__ == '__main__':
    sys.exit(main())
