"""
Join a room from plain Python, without ROS: produce a wave, or print what comes.

    join_from_python.py produce --room-id arm --create-room
    join_from_python.py consume --room-id arm

All of it is in this file, to be copied from. The wave is that of a joint called ``example``, which
no robot has: name one of yours with ``--joint``, and it moves.
"""

import argparse
import asyncio
import logging
import math
import sys

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError, ConnectionLost, RoomNotFound


async def produce(args: argparse.Namespace) -> int:
    """Send ten values a second, and go on after the connection was lost and is there again."""
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
                pass  # It is being joined again.
            await asyncio.sleep(0.1)


async def consume(args: argparse.Namespace) -> int:
    """Print the pose that the room remembers, then what changes."""
    async with RoboticsConsumer(args.server_url, reconnect=True) as consumer:
        consumer.on_state_sync(lambda joints: print('remembered', joints, flush=True))
        consumer.on_joint_update(lambda joints: print('update', joints, flush=True))
        consumer.on_emergency_stop(lambda stop: print('stop', stop.reason, flush=True))
        if not await join(consumer, args):
            return 1
        await asyncio.Event().wait()  # Until Ctrl-C.
        return 0


async def join(client: RoboticsProducer | RoboticsConsumer, args: argparse.Namespace) -> bool:
    """Join the room, made before where it is wanted and missing; why not is in the log."""
    if args.create_room:
        try:
            await client.get_room_info(args.workspace_id, args.room_id)
        except RoomNotFound:
            await client.create_room(args.workspace_id, args.room_id)
    return await client.connect(args.workspace_id, args.room_id)


def main() -> int:
    """Read the command line and join."""
    parser = argparse.ArgumentParser(description='Join a room from plain Python, without ROS.')
    parser.add_argument('role', choices=('produce', 'consume'))
    parser.add_argument('--server-url', default='http://localhost:8000', help='%(default)s')
    parser.add_argument('--workspace-id', default='default-workspace', help='%(default)s')
    parser.add_argument('--room-id', required=True, help='the room, which has to be named')
    parser.add_argument(
        '--create-room', action='store_true', help='make the room if it is missing'
    )
    parser.add_argument('--joint', default='example', help='what produce moves: %(default)s')
    args = parser.parse_args()
    logging.basicConfig(format='join_from_python: %(message)s')
    logging.getLogger('lerobot_arena_ros').setLevel(logging.INFO)  # Tells of each new attempt.
    try:
        return asyncio.run(produce(args) if args.role == 'produce' else consume(args))
    except KeyboardInterrupt:
        return 0
    except ArenaError as exc:
        print(f'join_from_python: {exc}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
