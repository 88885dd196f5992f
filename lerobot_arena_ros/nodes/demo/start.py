# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The start of a demo: its command line, its ROS discovery range and its signals."""

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
    Parse the command line; for wrong usage, end the process with exit code 2.

    :param prog: name of the executable.
    :param args: arguments without the name; None: those of the process.
    :param unattended: help text of ``--seconds``.
    :returns: duration of the unattended demo; None: run until the user ends it.
    """
    parser = argparse.ArgumentParser(
        prog=prog, description=description, epilog=epilog, allow_abbrev=False
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {version()}')
    parser.add_argument('--seconds', type=_seconds, help=unattended)
    seconds: float | None = parser.parse_args(args).seconds
    return seconds


def begin() -> ShutdownSignal:
    """Limit ROS discovery to this machine, and record signals, including SIGHUP."""
    # Otherwise, arms on other machines could receive the commands of the demo.
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    return ShutdownSignal(signal.SIGHUP)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise argparse.ArgumentTypeError(f'{text}: expected {SHORTEST_S:g} to {LONGEST_S:g}')
    return seconds
