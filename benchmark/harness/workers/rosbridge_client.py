# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A client of rosbridge that sends each JointState it receives back as a command.

It is to rosbridge what the room is to our bridges, and does as little as possible.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
import json
import sys
from typing import Any

import websockets

from .protocol import reply

__all__ = ['command_of', 'first_messages']

SUBSCRIBED, ADVERTISED = '/leader/joint_states', '/follower/joint_commands'
_TYPE = 'sensor_msgs/msg/JointState'
_QOS = {'history': 'keep_last', 'depth': 1000, 'reliability': 'reliable', 'durability': 'volatile'}


def first_messages(*, keep_all: bool) -> Iterator[str]:
    """
    Return the messages that subscribe and advertise.

    :param keep_all: ask for deep and reliable queues instead of rosbridge's defaults.
    """
    qos = {'qos': _QOS} if keep_all else {}
    yield json.dumps({'op': 'subscribe', 'topic': SUBSCRIBED, 'type': _TYPE, **qos})
    yield json.dumps({'op': 'advertise', 'topic': ADVERTISED, 'type': _TYPE, **qos})


def command_of(text: str) -> str | None:
    """Return the command for a received text; None if it is not a message of the leader."""
    message = json.loads(text)
    if message.get('op') != 'publish' or message['topic'] != SUBSCRIBED:
        return None
    return json.dumps({'op': 'publish', 'topic': ADVERTISED, 'msg': message['msg']})


async def relay(socket: Any) -> None:
    """Send commands until the connection ends."""
    async for text in socket:
        if (command := command_of(text)) is not None:
            await socket.send(command)


async def run(options: argparse.Namespace) -> None:
    """Relay until the parent closes stdin."""
    async with websockets.connect(options.url) as socket:
        for text in first_messages(keep_all=options.keep_all):
            await socket.send(text)
        relaying = asyncio.create_task(relay(socket))
        reply(ready=True)
        while await asyncio.to_thread(sys.stdin.readline):
            pass
        relaying.cancel()


def main() -> None:
    """Relay as the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument('url')
    parser.add_argument('--keep-all', action='store_true', help='ask for deep, reliable queues')
    asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    main()
