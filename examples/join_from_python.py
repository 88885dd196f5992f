# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Join a room from plain Python, without ROS: produce a wave, or print the messages.

    join_from_python.py produce --room-id arm --create-room
    join_from_python.py consume --room-id arm

The example is complete in this file, so that you can copy from it. The wave moves a joint called
``example``, which no robot has. To move a joint of your robot, name it with ``--joint``.
"""

import argparse
import asyncio
import logging
import math
import sys

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError, ConnectionLost, RoomNotFound


async def produce(args: argparse.Namespace) -> int:
    """Send ten values per second, and continue after a lost connection is restored."""
    async with RoboticsProducer(args.server_url, reconnect=True) as producer:
        producer.on_connected(lambda: print('joined', flush=True))
        producer.on_disconnected(lambda: print('left', flush=True))
        producer.on_emergency_stop(lambda stop: print('stop', stop.reason, flush=True))
        if not await join(producer, args):
            return 1
        while True:
            value = 10.0 * math.sin(asyncio.get_running_loop().time())
            try:
                if producer.is_connected():
                    await producer.send_joint_update([{'name': args.joint, 'value': value}])
            except ConnectionLost:
                pass  # The client reconnects.
            await asyncio.sleep(0.1)


async def consume(args: argparse.Namespace) -> int:
    """Print the pose that the room remembers, then each change."""
    async with RoboticsConsumer(args.server_url, reconnect=True) as consumer:
        consumer.on_state_sync(lambda joints: print('remembered', joints, flush=True))
        consumer.on_joint_update(lambda joints: print('update', joints, flush=True))
        consumer.on_emergency_stop(lambda stop: print('stop', stop.reason, flush=True))
        if not await join(consumer, args):
            return 1
        await asyncio.Event().wait()  # Until Ctrl-C.
        return 0


async def join(client: RoboticsProducer | RoboticsConsumer, args: argparse.Namespace) -> bool:
    """Join the room, and create it first if requested; the reason for a failure is logged."""
    if args.create_room:
        try:
            await client.get_room_info(args.workspace_id, args.room_id)
        except RoomNotFound:
            await client.create_room(args.workspace_id, args.room_id)
    return await client.connect(args.workspace_id, args.room_id)


def main() -> int:
    """Parse the command line and join."""
    parser = argparse.ArgumentParser(description='Join a room from plain Python, without ROS.')
    parser.add_argument('role', choices=('produce', 'consume'))
    parser.add_argument('--server-url', default='http://localhost:8000', help='%(default)s')
    parser.add_argument('--workspace-id', default='default-workspace', help='%(default)s')
    parser.add_argument('--room-id', required=True, help='the room (required)')
    parser.add_argument(
        '--create-room', action='store_true', help='create the room if it is missing'
    )
    parser.add_argument(
        '--joint', default='example', help='joint that produce moves (default: %(default)s)'
    )
    args = parser.parse_args()
    logging.basicConfig(format='join_from_python: %(message)s')
    logging.getLogger('lerobot_arena_ros').setLevel(logging.INFO)  # Logs each new attempt.
    try:
        return asyncio.run(produce(args) if args.role == 'produce' else consume(args))
    except KeyboardInterrupt:
        return 0
    except ArenaError as exc:
        print(f'join_from_python: {exc}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
