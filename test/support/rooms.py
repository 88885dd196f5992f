"""Who REST says is in a room, awaited: the public server lists who left for a moment longer."""

from __future__ import annotations

from collections.abc import Sequence
import time

from lerobot_arena_ros import RoboticsClientCore

__all__ = ['wait_for_participants']

TIMEOUT_S = 10.0


async def wait_for_participants(
    client: RoboticsClientCore,
    room: tuple[str, str],
    *,
    producer: str | None = None,
    consumers: Sequence[str | None] = (),
) -> None:
    """
    Ask again and again until a room has just these participants; nobody, unless said.

    :raises AssertionError: it did not come so in time.
    """
    expected = {
        'producer': producer,
        'consumers': list(consumers),
        'total': len(consumers) + (producer is not None),
    }
    deadline = time.monotonic() + TIMEOUT_S
    while (seen := (await client.get_room_info(*room))['participants']) != expected:
        assert time.monotonic() < deadline, f'after {TIMEOUT_S:g} s: {seen}, not {expected}'
