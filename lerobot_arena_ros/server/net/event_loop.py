"""
The event loop of the server: that of uvloop where it is installed.

Reading, writing and timers take it less of the CPU. All else is the same on both.
"""

from __future__ import annotations

try:
    from uvloop import new_event_loop, run
except ImportError:
    from asyncio import new_event_loop, run  # type: ignore[assignment]

__all__ = ['new_event_loop', 'run']
