"""The executable ``arena_server``: an arena of one's own, on this machine or for a whole lab."""

from __future__ import annotations

import signal
import sys

__all__ = ['main']


def main() -> None:
    """Serve until SIGINT or SIGTERM comes, which may be while it starts."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # Most of a start-up is this import; Ctrl-C in the midst of it would be a traceback otherwise.
    from .program import run_server

    run_server(sys.argv[1:])


def _end(*_: object) -> None:
    raise SystemExit(0)


if __name__ == '__main__':
    main()
