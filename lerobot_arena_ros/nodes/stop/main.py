"""The executable arena_stop: stops or resets every bridge on the ROS graph."""

from __future__ import annotations

import sys

from ..runtime.shutdown_signal import StopSignal

__all__ = ['main']


def main(args: list[str] | None = None) -> int:
    """Stop or reset every bridge that is found; returns the exit code."""
    stop = StopSignal()
    # Ctrl-C during these imports would be a traceback without it.
    from .program import run

    return run(sys.argv[1:] if args is None else args, stop)


if __name__ == '__main__':
    sys.exit(main())
