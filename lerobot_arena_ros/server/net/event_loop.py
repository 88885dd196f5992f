"""
The event loop of the server: uvloop if it is installed, otherwise asyncio.

uvloop needs less CPU for reads, writes and timers. The behaviour is the same with both.
"""

from __future__ import annotations

try:
    from uvloop import new_event_loop, run
except ImportError:
    from asyncio import new_event_loop, run  # type: ignore[assignment]

__all__ = ['new_event_loop', 'run']
