# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Replay a recording into a room, with the recorded timing.

    replay_room.py --room-id arm arm.csv
    replay_room.py --room-id arm --speed 2 arm.csv

A robot in the room moves. The program sends the recorded updates with their joints. It does not
send the pose that the room remembered at the start of the recording. The first update moves the
robot from its current position, and its bridge limits the velocity.

A recorded emergency stop is not sent, because it is over. The replay ends there, because the
updates after it were sent to robots that did not move. ``--past-stops`` continues. An emergency
stop in the room during the replay always ends it.
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
"""A greater delay means that the program was suspended; catching up would make a robot jump."""


def main() -> int:
    """Parse the command line and replay."""
    parser = argparse.ArgumentParser(
        description='Replay a recording into a room. A robot in the room moves.'
    )
    parser.add_argument('file', type=recording_path, help='a recording, .csv or .mcap')
    add_room(parser)
    parser.add_argument('--speed', type=positive, default=1.0, help='2: twice as fast')
    parser.add_argument(
        '--past-stops', action='store_true', help='continue after a recorded emergency stop'
    )
    return run(replay(parser.parse_args()))


async def replay(args: argparse.Namespace) -> int:
    """Send the updates of a recording."""
    # Read the whole file before the robot moves, because an error must not appear half-way.
    updates, stop = updates_of(read_recording(args.file), args.past_stops)
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


def updates_of(
    events: list[Recorded], is_past_stops: bool
) -> tuple[list[Recorded], Recorded | None]:
    """Return the updates to replay, and the recorded stop that ends them, if any."""
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
    Send each update at its time after the first one, so that delays do not add up.

    :param halt: future that gets a result when the replay must end.
    :raises Failure: the future has a result, or an update is too late.
    """
    began = time.monotonic() - updates[0].time_s / speed
    for update in updates:
        due = began + update.time_s / speed
        await asyncio.wait([halt], timeout=due - time.monotonic())
        if halt.done():
            raise Failure(f'{halt.result()}; the rest is not replayed')
        if (late_s := time.monotonic() - due) > MOST_LATE_S:
            raise Failure(f'{late_s:.1f} s behind: not catching up, because the robot would jump')
        await producer.send_joint_update(update.joints)


if __name__ == '__main__':
    sys.exit(main())
