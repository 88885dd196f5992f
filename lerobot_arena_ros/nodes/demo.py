"""The demo: a whole loop on one machine, to look at or to run unattended."""

from __future__ import annotations

import sys
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from .demo_check import DemoCheck
from .demo_processes import DemoError, Processes, demo_processes
from .demo_screen import draw, pressed_key, reading_keys
from .demo_start import begin, read_seconds
from .demo_watch import DemoWatch

__all__ = ['main']

FRAME_S = 0.2
"""Between two pictures."""

_HOME, _CLEAR_LINE, _CLEAR_SCREEN = '\x1b[H', '\x1b[K', '\x1b[2J'


def main(args: list[str] | None = None) -> int:
    """Run the demo; gives the exit code, 0 where everything was as it should be."""
    seconds = read_seconds(
        'demo',
        args,
        description='A leader arm, an arena, and a follower, all on this machine.',
        epilog='Exit code: 0 after q or Ctrl-C; with --seconds, 0 where the follower followed and '
        'stopped, 1 where not. 1 also where a part of it did not start, 2 for wrong usage.',
        unattended='run unattended for so long (at least 5), raise an emergency stop half-way, '
        'and judge; without it, show everything live',
    )
    begin()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    try:
        with demo_processes() as processes:
            return _run(processes, seconds)
    except DemoError as exc:
        sys.stderr.write(f'demo: {exc}\n')
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        rclpy.try_shutdown()


def _run(processes: Processes, seconds: float | None) -> int:
    watch = DemoWatch()
    executor = SingleThreadedExecutor()
    executor.add_node(watch)
    try:
        if seconds is None:
            return _show(watch, executor, processes)
        return _judge(DemoCheck(watch, seconds), executor, processes)
    finally:
        executor.shutdown()
        watch.destroy_node()


def _show(watch: DemoWatch, executor: SingleThreadedExecutor, processes: Processes) -> int:
    """Draw until somebody quits."""
    keys = {'e': watch.press_stop, 'r': watch.press_reset}
    drawn_at = 0.0
    sys.stdout.write(_CLEAR_SCREEN)
    with reading_keys():
        while True:
            executor.spin_once(timeout_sec=0.05)
            key = pressed_key()
            if key == 'q':
                return 0
            if key in keys:
                keys[key]()
            if time.monotonic() - drawn_at >= FRAME_S:
                drawn_at = time.monotonic()
                processes.check()
                lines = draw(watch).splitlines()
                sys.stdout.write(_HOME + ''.join(f'{line}{_CLEAR_LINE}\n' for line in lines))
                sys.stdout.flush()


def _judge(check: DemoCheck, executor: SingleThreadedExecutor, processes: Processes) -> int:
    """Run the script, a line now and then, and print what it found."""
    print(f'demo: {check.seconds:g} s, with an emergency stop half-way', flush=True)
    said_at = time.monotonic()
    while not check.step(time.monotonic()):
        executor.spin_once(timeout_sec=0.05)
        if time.monotonic() - said_at >= 2.0:
            said_at = time.monotonic()
            processes.check()
            watch = check.watch
            stop = ', STOPPED' if watch.stopped else ''
            print(
                f'  {watch.rate_hz:.0f} commands/s, error {watch.error_rad:.3f} rad{stop}',
                flush=True,
            )
    print(check.summary())
    print('demo: ' + ('FAILED' if check.faults else 'passed'))
    return 1 if check.faults else 0


if __name__ == '__main__':
    sys.exit(main())
