"""
A client of rosbridge that sends each JointState it hears back as a command.

It is to rosbridge what the room is to our bridges, and does as little as one can.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator
import json
import sys
from typing import Any

import websockets

from .requests import answer

__all__ = ['command_of', 'greetings']

HEARS, SAYS = '/leader/joint_states', '/follower/joint_commands'
_TYPE = 'sensor_msgs/msg/JointState'
_QOS = {'history': 'keep_last', 'depth': 1000, 'reliability': 'reliable', 'durability': 'volatile'}


def greetings(*, keeps_all: bool) -> Iterator[str]:
    """
    Give what is to be said first: what is heard, and what will be said.

    :param keeps_all: ask for deep and reliable queues, where it would be rosbridge's defaults.
    """
    qos = {'qos': _QOS} if keeps_all else {}
    yield json.dumps({'op': 'subscribe', 'topic': HEARS, 'type': _TYPE, **qos})
    yield json.dumps({'op': 'advertise', 'topic': SAYS, 'type': _TYPE, **qos})


def command_of(text: str) -> str | None:
    """Make what was heard a command; None for what is no message of the leader."""
    message = json.loads(text)
    if message.get('op') != 'publish' or message['topic'] != HEARS:
        return None
    return json.dumps({'op': 'publish', 'topic': SAYS, 'msg': message['msg']})


async def relay(socket: Any) -> None:
    """Answer until the connection ends."""
    async for text in socket:
        if (command := command_of(text)) is not None:
            await socket.send(command)


async def run(options: argparse.Namespace) -> None:
    """Relay until the parent has seen enough."""
    async with websockets.connect(options.url) as socket:
        for text in greetings(keeps_all=options.keep_all):
            await socket.send(text)
        relaying = asyncio.create_task(relay(socket))
        answer(ready=True)
        while await asyncio.to_thread(sys.stdin.readline):
            pass
        relaying.cancel()


def main() -> None:
    """Relay as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument('url')
    parser.add_argument('--keep-all', action='store_true', help='ask for deep, reliable queues')
    asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    main()
