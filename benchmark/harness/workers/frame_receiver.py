"""Hears joint updates as a bare WebSocket server, and says when each arrived."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import websockets

from .requests import answer, number_of


async def run() -> None:
    """Listen on a free port, and hear until the parent has heard enough."""
    arrived: list[tuple[float, Any]] = []

    async def hear(socket: Any) -> None:
        async for text in socket:
            # Read later: the hop ends here.
            arrived.append((time.monotonic(), text))

    async with websockets.serve(hear, '127.0.0.1', 0, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        answer(url=f'ws://127.0.0.1:{port}')
        while await asyncio.to_thread(sys.stdin.readline):
            taken, arrived[:] = list(arrived), []
            updates = [(at, json.loads(text)) for at, text in taken]
            answer(arrived=[(number_of(u['data'][0]['value']), at) for at, u in updates])


if __name__ == '__main__':
    asyncio.run(run())
