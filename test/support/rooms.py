"""Waits for the participants of a room, because the public server removes them late."""

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
    Poll until a room has exactly these participants; by default, none.

    :raises AssertionError: the deadline has passed.
    """
    expected = {
        'producer': producer,
        'consumers': list(consumers),
        'total': len(consumers) + (producer is not None),
    }
    deadline = time.monotonic() + TIMEOUT_S
    while (seen := (await client.get_room_info(*room))['participants']) != expected:
        assert time.monotonic() < deadline, f'after {TIMEOUT_S:g} s: {seen}, not {expected}'
