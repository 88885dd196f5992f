# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The demo: a leader, an arena and a follower on one machine, interactive or unattended."""

from __future__ import annotations

from collections.abc import Callable
import sys
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from .check import DemoCheck
from .processes import DemoError, Interrupted, Processes, demo_processes
from .screen import Screen, can_draw, has_keys, pressed_key, reading_keys
from .start import begin, read_seconds
from .text import screen, status_line
from .watch import DemoWatch

__all__ = ['main']

FRAME_S = 0.2
"""Time between two redraws of the screen."""

LINE_S = 2.0
"""Time between two status lines."""

ROOM = 'default-workspace/demo'


def main(args: list[str] | None = None) -> int:
    """Run the demo, and return the exit code; 0 means success."""
    seconds = read_seconds(
        'arena_demo',
        args,
        description='A leader arm, an arena, and a follower, all on this machine.',
        epilog='Exit code: 0 after q or Ctrl-C; with --seconds, 0 if the follower followed and '
        'stopped, otherwise 1; 1 also if a part of the demo did not start; 2 for wrong usage. '
        'If stdout is not a terminal, and with TERM=dumb or NO_COLOR, the demo prints a status '
        f'line every {LINE_S:g} seconds.',
        unattended='run unattended for this many seconds (at least 5), trigger an emergency stop '
        'half-way, and check the motion; without it, show everything live',
    )
    interruption = begin()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        with demo_processes(interruption) as (processes, url):
            return _run(processes, f'{url}/#{ROOM}', seconds)
    except DemoError as exc:
        sys.stderr.write(f'arena_demo: {exc}\n')
        return 1
    except Interrupted:
        return 0
    finally:
        rclpy.try_shutdown()


def _run(processes: Processes, url: str, seconds: float | None) -> int:
    # Print the URL before the screen is drawn, so that it stays in the terminal's history.
    print(f'console: {url}', flush=True)
    watch = DemoWatch()
    executor = SingleThreadedExecutor()
    executor.add_node(watch)

    def update() -> None:
        executor.spin_once(timeout_sec=0.05)
        processes.check()

    try:
        if seconds is not None:
            return _run_unattended(DemoCheck(watch, seconds), update)
        if can_draw():
            return _show(watch, update, url)
        return _print_status(watch, update)
    finally:
        executor.shutdown()
        watch.destroy_node()


def _show(watch: DemoWatch, update: Callable[[], None], url: str) -> int:
    """Draw the screen until the user quits."""
    keys = {'e': watch.call_stop, 'r': watch.call_reset}
    terminal = Screen()
    drawn_at = 0.0
    try:
        with reading_keys():
            while (key := pressed_key()) != 'q':
                update()
                if key in keys:
                    keys[key]()
                if time.monotonic() - drawn_at >= FRAME_S:
                    drawn_at = time.monotonic()
                    size = terminal.size
                    lines = screen(watch, url, *size, has_keys=has_keys())
                    terminal.draw(lines, size)
    finally:
        print()  # End the last line of the screen.
    return 0


def _print_status(watch: DemoWatch, update: Callable[[], None]) -> int:
    """Print status lines until a signal arrives, for which ``update`` raises an exception."""
    lines = _StatusLines(watch)
    while True:
        update()
        lines.print_if_due()


def _run_unattended(check: DemoCheck, update: Callable[[], None]) -> int:
    """Run the unattended demo, and print status lines and the results."""
    print(f'demo: {check.seconds:g} s, with an emergency stop half-way', flush=True)
    lines = _StatusLines(check.watch)
    while not check.step(time.monotonic()):
        update()
        lines.print_if_due()
    print(check.summary())
    print('demo: ' + ('FAILED' if check.faults else 'passed'))
    return 1 if check.faults else 0


class _StatusLines:
    """Print a status line every :data:`LINE_S` seconds."""

    def __init__(self, watch: DemoWatch) -> None:
        self._watch = watch
        self._printed_at = time.monotonic() - LINE_S

    def print_if_due(self) -> None:
        """Print a status line if it is due."""
        if time.monotonic() - self._printed_at >= LINE_S:
            self._printed_at = time.monotonic()
            print(f'  {status_line(self._watch)}', flush=True)
