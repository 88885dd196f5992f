"""Leads many rooms at a steady rate each, as cheaply as it can, until the parent has enough."""

from __future__ import annotations

import asyncio
import json
import sys

from ..light_client import CheapPeer, enter, text_frame
from .frame_sender import text_of
from .requests import Pace, answer

WORKSPACE = 'default-workspace'


async def lead(peers: list[CheapPeer], rate_hz: float, joints: int) -> None:
    """Send one update into each room in each period, one room after the other."""
    pace = Pace(rate_hz * len(peers))
    number = 0
    while True:
        number += 1
        frame = text_frame(text_of(number, joints))
        for peer in peers:
            peer.send(frame)
            await asyncio.sleep(pace.wait_s())


async def run(url: str, joints: int, rooms: list[str]) -> None:
    """Join all rooms; each order is a rate in Hz, 0 for a pause."""
    join = json.dumps({'participant_id': 'leader', 'role': 'producer'})
    peers = [await enter(url, (WORKSPACE, room), join, lambda _: None) for room in rooms]
    answer(ready=True)
    leading: asyncio.Task[None] | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        if leading is not None:
            leading.cancel()
            leading = None
        if rate_hz := json.loads(line)['rate_hz']:
            leading = asyncio.create_task(lead(peers, rate_hz, joints))
        answer(leading=leading is not None, lost=[peer.lost for peer in peers if peer.lost])


if __name__ == '__main__':
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
