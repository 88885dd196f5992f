"""The executable arena_stop: stop or reset every bridge on the ROS graph."""

from __future__ import annotations

import sys

from ..runtime.shutdown_signal import ShutdownSignal

__all__ = ['main']


def main(args: list[str] | None = None) -> int:
    """Stop or reset every bridge that is found, and return the exit code."""
    shutdown = ShutdownSignal()
    # Import this afterwards, because Ctrl-C during an import would otherwise print a traceback.
    from .program import run

    return run(sys.argv[1:] if args is None else args, shutdown)
