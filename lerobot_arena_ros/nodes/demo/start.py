"""How a demo begins: what its command line may contain, on which graph it is, and what ends it."""

from __future__ import annotations

import argparse
import os
import signal

from lerobot_arena_ros.release import version

from ..runtime.shutdown_signal import ShutdownSignal

__all__ = ['begin', 'read_seconds']

SHORTEST_S, LONGEST_S = 5.0, 3600.0


def read_seconds(
    prog: str, args: list[str] | None, *, description: str, epilog: str, unattended: str
) -> float | None:
    """
    Read the command line; ends the process with 2 for wrong usage.

    :param prog: name of the executable.
    :param args: without the name; None = those of the process.
    :param unattended: what ``--seconds`` does.
    :returns: for how long to run unattended; None = until a person ends it.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description=description, epilog=epilog, allow_abbrev=False
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {version()}')
    parser.add_argument('--seconds', type=_seconds, help=unattended)
    seconds: float | None = parser.parse_args(args).seconds
    return seconds


def begin() -> ShutdownSignal:
    """Keep to this machine, and note signals, also that the terminal was closed."""
    # The arms would move on the graphs of other machines otherwise.
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    return ShutdownSignal(signal.SIGHUP)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise argparse.ArgumentTypeError(f'{text}: expected {SHORTEST_S:g} to {LONGEST_S:g}')
    return seconds
