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

Only updates that had an effect are sent, those of all drivers. Those of drivers without control
(shadows) are left out, and so are changes of control, because this program is the only driver of
the replay.

A recorded emergency stop is not sent, because it is over. The replay ends there, because the
updates after it were sent to robots that did not move. ``--past-stops`` continues. An emergency
stop in the room during the replay always ends it, and so does another driver that takes control.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from command_line import Failure, add_room, join, plain, positive, run
from recording import Recorded, hand_overs, read_recording, recording_path

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.control_messages import ControlState

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
    events, stop = before_stop(read_recording(args.file), args.past_stops)
    updates = [event for event in events if event.kind == 'update']
    if not updates:
        raise Failure(f'{args.file} has no updates' + (' before its stop' if stop else ''))
    halt: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def end(why: str) -> None:
        if not halt.done():
            halt.set_result(why)

    async with RoboticsProducer(args.server_url) as producer:

        def on_control(state: ControlState) -> None:
            # Updates without control move nothing; if it came back, the robot would be elsewhere.
            if state.holder != producer.participant_id:
                end(f'{state.holder or "nobody"} has control')

        producer.on_control(on_control)
        producer.on_emergency_stop(lambda s: end(f'emergency stop by {s.source}: {s.reason}'))
        producer.on_disconnected(lambda: end('the connection is lost'))
        if not await join(producer, args):
            return 1
        where = f'{args.workspace_id}/{args.room_id}'
        print(f'replaying {len(updates)} updates into {where}{left_out(events)}', flush=True)
        await send_in_time(producer, updates, args.speed, halt)
    print(f'{len(updates)} updates sent')
    if stop is not None:
        why = plain(f'{stop.source}: {stop.reason}')
        print(f'the recording has a stop at {stop.time_s:.1f} s, by {why}; ended before it')
    return 0


def before_stop(
    events: list[Recorded], is_past_stops: bool
) -> tuple[list[Recorded], Recorded | None]:
    """Return the messages until the recorded stop that ends the replay, and this stop, if any."""
    for number, event in enumerate(events):
        if event.kind == 'stop' and not is_past_stops:
            return events[:number], event
    return events, None


def left_out(events: list[Recorded]) -> str:
    """Return how many shadows and changes of control are not replayed; empty if there are none."""
    shadows = sum(event.kind == 'shadow' for event in events)
    changes = len(hand_overs(events))
    return (
        f', without {shadows} shadows and {changes} changes of control'
        if shadows or changes
        else ''
    )


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
