"""The demo: a whole loop on one machine, to look at or to run unattended."""

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
"""Between two pictures."""

LINE_S = 2.0
"""Between two lines of the unattended demo."""

ROOM = 'default-workspace/demo'


def main(args: list[str] | None = None) -> int:
    """Run the demo; gives the exit code, 0 where everything was as it should be."""
    seconds = read_seconds(
        'arena_demo',
        args,
        description='A leader arm, an arena, and a follower, all on this machine.',
        epilog='Exit code: 0 after q or Ctrl-C; with --seconds, 0 where the follower followed and '
        'stopped, 1 where not. 1 also where a part of it did not start, 2 for wrong usage. '
        'Where stdout is no terminal, and with TERM=dumb or NO_COLOR, a line now and then says '
        'how it goes.',
        unattended='run unattended for so long (at least 5), raise an emergency stop half-way, '
        'and judge; without it, show everything live',
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
    # Before anything is drawn over it: a terminal's own history has it, too.
    print(f'console: {url}', flush=True)
    watch = DemoWatch()
    executor = SingleThreadedExecutor()
    executor.add_node(watch)

    def look() -> None:
        executor.spin_once(timeout_sec=0.05)
        processes.check()

    try:
        if seconds is not None:
            return _judge(DemoCheck(watch, seconds), look)
        if can_draw():
            return _show(watch, look, url)
        return _tell(watch, look)
    finally:
        executor.shutdown()
        watch.destroy_node()


def _show(watch: DemoWatch, look: Callable[[], None], url: str) -> int:
    """Draw until a person quits."""
    keys = {'e': watch.press_stop, 'r': watch.press_reset}
    terminal = Screen()
    drawn_at = 0.0
    try:
        with reading_keys():
            while (key := pressed_key()) != 'q':
                look()
                if key in keys:
                    keys[key]()
                if time.monotonic() - drawn_at >= FRAME_S:
                    drawn_at = time.monotonic()
                    size = terminal.size
                    lines = screen(watch, url, *size, has_keys=has_keys())
                    terminal.draw(lines, size)
    finally:
        print()  # What is printed next does not stand behind the last line.
    return 0


def _tell(watch: DemoWatch, look: Callable[[], None]) -> int:
    """Print a line now and then until a signal comes, which ``look`` raises."""
    lines = _Lines(watch)
    while True:
        look()
        lines.tell()


def _judge(check: DemoCheck, look: Callable[[], None]) -> int:
    """Run the script, a line now and then, and print what it found."""
    print(f'demo: {check.seconds:g} s, with an emergency stop half-way', flush=True)
    lines = _Lines(check.watch)
    while not check.step(time.monotonic()):
        look()
        lines.tell()
    print(check.summary())
    print('demo: ' + ('FAILED' if check.faults else 'passed'))
    return 1 if check.faults else 0


class _Lines:
    """A line every :data:`LINE_S` that says how it goes."""

    def __init__(self, watch: DemoWatch) -> None:
        self._watch = watch
        self._told_at = time.monotonic() - LINE_S

    def tell(self) -> None:
        """Print one if it is due."""
        if time.monotonic() - self._told_at >= LINE_S:
            self._told_at = time.monotonic()
            print(f'  {status_line(self._watch)}', flush=True)


if __name__ == '__main__':
    sys.exit(main())
