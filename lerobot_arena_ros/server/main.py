"""The executable ``arena_server``: an arena of one's own, on this machine or for a whole lab."""

from __future__ import annotations

import sys

__all__ = ['main']


def main() -> None:
    """Serve until SIGINT or SIGTERM comes."""
    # A signal may come during this import, which is most of a start-up: executables.py sees to it.
    from .cli.program import run_server

    run_server(sys.argv[1:])


if __name__ == '__main__':
    main()
