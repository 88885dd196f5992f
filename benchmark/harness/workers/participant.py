"""A cheap participant of one room: streams joints or presses the stop, and says when."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from ..light_client import CheapPeer, enter, text_frame
from .frame_sender import text_of
from .requests import Pace, answer

WORKSPACE = 'default-workspace'
STOP = text_frame(json.dumps({'type': 'emergency_stop', 'reason': 'measured'}))

GULP_BYTES = 64 * 1024
"""What it is sent means nothing to it, and waking for each text would take a core from others."""

QUIET_S = 0.03
"""How long nothing is said of a stop that was pressed, for the parent would wake meanwhile."""


def stream(peer: CheapPeer, rate_hz: float, count: int, before: int) -> list[tuple[int, float]]:
    """
    Send so many updates, and do nothing else.

    :param before: how many were sent in earlier runs.
    :returns: the number of each, and the moment in seconds of the steady clock.
    """
    sent = []
    pace = Pace(rate_hz)
    for number in range(before + 1, before + count + 1):
        frame = text_frame(text_of(number, 1))
        time.sleep(pace.wait_s())
        sent.append((number, time.monotonic()))
        peer.send(frame)
    return sent


async def run(url: str, room: str, role: str) -> None:
    """Join, and do what is ordered: joints where there is a rate, else a stop."""
    joining = json.dumps({'participant_id': role, 'role': role})
    peer = await enter(url, (WORKSPACE, room), joining, lambda _: None)
    peer.hear_in_gulps(GULP_BYTES)
    answer(ready=True)
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if 'rate_hz' in order:
            sent = stream(peer, order['rate_hz'], order['count'], number)
            number += len(sent)
            answer(sent=sent, lost=peer.lost)
        else:
            pressed = time.monotonic()
            peer.send(STOP)
            await asyncio.sleep(QUIET_S)
            answer(pressed=pressed, lost=peer.lost)


if __name__ == '__main__':
    asyncio.run(run(*sys.argv[1:4]))
