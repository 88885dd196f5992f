"""The clocks of the server."""

from __future__ import annotations

from datetime import datetime, timezone
import time

from ..rooms.base_room import Now

__all__ = ['now']


def now() -> Now:
    """Return the current time of both clocks."""
    return Now(time.monotonic(), datetime.now(timezone.utc).isoformat())
