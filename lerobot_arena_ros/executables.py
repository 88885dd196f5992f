"""
The executables, as setup.py names them.

Signals are handled before anything else is imported, because imports are most of a start-up, and
until the process is gone, because Ctrl-C is often pressed twice and ``ros2 launch`` repeats it.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys

TYPE_CHECKING = False  # typing has the same, and takes some milliseconds of each start.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    'arena_bridge',
    'arena_consumer',
    'arena_demo',
    'arena_demo_arm',
    'arena_fleet',
    'arena_producer',
    'arena_server',
    'arena_stop',
    'demo',
    'demo_arm',
    'sim_arm',
    'sim_demo',
]


def arena_bridge() -> int:
    """Run both sides of a bridge, each where its room is named."""
    return _run('arena_bridge', 'nodes.bridge.main')


def arena_producer() -> int:
    """Run the produce side of a bridge."""
    return _run('arena_producer', 'nodes.bridge.main', 'main_producer')


def arena_consumer() -> int:
    """Run the consume side of a bridge."""
    return _run('arena_consumer', 'nodes.bridge.main', 'main_consumer')


def arena_fleet() -> int:
    """Run the bridges of many robots."""
    return _run('arena_fleet', 'nodes.fleet.main')


def arena_stop() -> int:
    """Stop every bridge; interrupted, it has not."""
    return _run('arena_stop', 'nodes.stop.main', interrupted=130)


def arena_server() -> int:
    """Run an arena."""
    return _run('arena_server', 'server.main')


def arena_demo() -> int:
    """Run the demo."""
    return _run('arena_demo', 'nodes.demo.main')


def arena_demo_arm() -> int:
    """Run an arm without physics."""
    return _run('arena_demo_arm', 'nodes.demo.arm')


def sim_arm() -> int:
    """Run an arm with physics."""
    return _run('sim_arm', 'sim.main')


def sim_demo() -> int:
    """Run the arm with physics, an arena and a bridge; what ``make sim`` does."""
    return _run('sim_demo', 'nodes.demo.sim_demo')


def demo() -> int:
    """Run ``arena_demo`` under its old name."""
    _say_deprecated('demo', 'arena_demo')
    return arena_demo()


def demo_arm() -> int:
    """Run ``arena_demo_arm`` under its old name."""
    _say_deprecated('demo_arm', 'arena_demo_arm')
    return arena_demo_arm()


def _run(name: str, module: str, function: str = 'main', *, interrupted: int = 0) -> int:
    """
    Import a program and run it.

    :param interrupted: the exit code after a signal that comes before the program handles it.
    :returns: the exit code; 2 where a library is missing, which is told in one line.
    """
    # Nothing is begun that has to be ended, and an exception could be lost in an import.
    _handle_signals(lambda *_: os._exit(interrupted))
    # Python takes its handlers away before it is gone, and the next signal would be the exit code.
    atexit.register(_handle_signals, signal.SIG_IGN)
    try:
        code = _program(name, module, function)
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 0
    _handle_signals(lambda *_: os._exit(code))
    return code


def _program(name: str, module: str, function: str) -> int:
    from importlib import import_module

    try:
        main = getattr(import_module(f'lerobot_arena_ros.{module}'), function)
        code: int | None = main()
    except ImportError as exc:
        from lerobot_arena_ros.missing import advice

        text = advice(exc)
        if text is None:
            raise
        sys.stderr.write(f'{name}: {text}\n')
        return 2
    return code or 0


def _handle_signals(handler: Callable[[int, Any], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _say_deprecated(old: str, new: str) -> None:
    sys.stderr.write(f'{old}: deprecated, the next version has only the new name: {new}\n')
