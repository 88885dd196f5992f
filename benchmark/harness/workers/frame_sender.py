"""Sends joint updates over a WebSocket at a rate, and says when each was sent."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import websockets

from .requests import Pace, answer, positions_of


def text_of(number: int, joints: int) -> str:
    """Write an update as the bridge would."""
    entries = [
        {'name': f'j{joint}', 'value': position}
        for joint, position in enumerate(positions_of(number, joints), 1)
    ]
    return json.dumps({'type': 'joint_update', 'data': entries})


async def send(socket: Any, joints: int) -> None:
    """Send what is ordered, counted on from the last run."""
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        sent: dict[int, float] = {}
        pace = Pace(order['rate_hz'])
        for _ in range(order['count']):
            number += 1
            text = text_of(number, joints)
            await asyncio.sleep(pace.wait_s())
            sent[number] = time.monotonic()
            await socket.send(text)
        answer(sent=list(sent.items()))


async def run(options: argparse.Namespace) -> None:
    """Connect, join where that is wanted, and send."""
    compression = 'deflate' if options.deflate else None
    async with websockets.connect(options.url, compression=compression) as socket:
        if options.join:
            await socket.send(json.dumps({'participant_id': 'sender', 'role': 'producer'}))
            await socket.recv()
        answer(ready=True)
        await send(socket, options.joints)


def main() -> None:
    """Send until the parent has enough."""
    parser = argparse.ArgumentParser()
    parser.add_argument('url')
    parser.add_argument('joints', type=int)
    parser.add_argument('--join', action='store_true', help='join a room as its producer')
    parser.add_argument('--deflate', action='store_true', help="with the library's compression")
    asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    main()
