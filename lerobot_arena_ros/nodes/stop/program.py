# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The command line, the output and the exit codes of arena_stop."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import os
import sys
import time

from lerobot_arena_ros.release import version

from ..runtime.cli_help import split_arguments
from ..runtime.shutdown_signal import ShutdownSignal
from .progress import RESET, STOP, Progress

__all__ = ['run']

_INTERRUPTED = 130


def run(args: Sequence[str], shutdown: ShutdownSignal) -> int:
    """
    Stop or reset every bridge that is found.

    :param args: command line.
    :returns: exit code.
    """
    options = _options(args)
    from .calls import call_bridges

    progress = Progress(
        RESET if options.reset else STOP,
        time.monotonic(),
        timeout_s=options.timeout,
        expected=options.expect,
    )
    try:
        graph = call_bridges(progress, _print_line, shutdown)
    except RuntimeError as exc:
        # The rest of the line is a location in the source of rcl.
        reason = str(exc).partition(', at /')[0]
        sys.stderr.write(f'arena_stop: cannot join the ROS graph: {reason}\n')
        return 2
    return _conclude(progress, graph, shutdown)


def _conclude(progress: Progress, graph: str, shutdown: ShutdownSignal) -> int:
    now = time.monotonic()
    if progress.bridges:
        for line in [*progress.new_lines(now), *progress.summary(now)]:
            _print_line(line)
    elif not shutdown.received:
        sys.stderr.write(
            'arena_stop: no bridge found, nothing was '
            f'{progress.request.done}: check that the bridges run, and that they have the same '
            f'{graph}\n'
        )
    if shutdown.received:
        return _INTERRUPTED
    return 0 if progress.has_succeeded(now) else 1


def _print_line(line: str) -> None:
    """Print a line at once; a closed stdout must not prevent the stop of the other robots."""
    try:
        print(line, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='arena_stop',
        description='Stop every bridge on the ROS graph as soon as it is found, and print which '
        'of them confirmed it. A bridge whose process is frozen cannot be found: compare the '
        'lines with the robots, or give the number of bridges (--expect).',
        epilog='Exit code: 0 if every bridge confirmed; 1 if a bridge did not confirm, or none '
        'was found; 2 for wrong usage or without ROS 2; 130 after SIGINT (Ctrl-C) or SIGTERM.',
        allow_abbrev=False,
    )
    parser.add_argument(
        '--version', action='store_true', help="show program's version number and exit"
    )
    parser.add_argument(
        '--reset', action='store_true', help='reset the bridges instead, after a stop'
    )
    parser.add_argument(
        '--timeout',
        type=_seconds,
        default=5.0,
        metavar='S',
        help='timeout in seconds for finding bridges and for their confirmations (default: 5)',
    )
    parser.add_argument(
        '--expect',
        type=_count,
        default=0,
        metavar='N',
        help='number of bridges: end as soon as N have confirmed, and fail if fewer are found',
    )
    options = parser.parse_args(split_arguments(args)[0])
    if options.version:
        print(f'{parser.prog} {version()}')
        parser.exit()
    return options


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = float('nan')
    if not 0.0 < seconds <= 600.0:
        raise argparse.ArgumentTypeError(f'{text}: expected more than 0 and at most 600 seconds')
    return seconds


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text}: expected 1 or more bridges')
    return int(text)
