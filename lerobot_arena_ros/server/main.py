"""The executable ``arena_server``: a room server for one machine or a whole lab."""

from __future__ import annotations

import sys

__all__ = ['main']


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    # executables.py handles signals during this import, which takes most of the start-up time.
    from .cli.program import run_server

    run_server(sys.argv[1:])


if __name__ == '__main__':
    main()
