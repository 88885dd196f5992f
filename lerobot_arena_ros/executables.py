# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The entry points of the executables that setup.py names.

Signal handlers are installed before any other import, because imports take most of the start-up
time. They stay installed until the process exits, because users often press Ctrl-C twice and
``ros2 launch`` repeats the signal.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys

TYPE_CHECKING = False  # Not imported from typing, because that adds milliseconds to each start.
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
    """Run the bridge: a producer, a consumer, or both, depending on which rooms are configured."""
    return _run('arena_bridge', 'nodes.bridge.main')


def arena_producer() -> int:
    """Run the bridge as a producer only."""
    return _run('arena_producer', 'nodes.bridge.main', 'main_producer')


def arena_consumer() -> int:
    """Run the bridge as a consumer only."""
    return _run('arena_consumer', 'nodes.bridge.main', 'main_consumer')


def arena_fleet() -> int:
    """Run the bridges of several robots."""
    return _run('arena_fleet', 'nodes.fleet.main')


def arena_stop() -> int:
    """Send an emergency stop to every bridge; exit with 130 if interrupted before that."""
    return _run('arena_stop', 'nodes.stop.main', interrupted=130)


def arena_server() -> int:
    """Run an arena server."""
    return _run('arena_server', 'server.main')


def arena_demo() -> int:
    """Run the demo."""
    return _run('arena_demo', 'nodes.demo.main')


def arena_demo_arm() -> int:
    """Run the demo arm, which has no physics."""
    return _run('arena_demo_arm', 'nodes.demo.arm')


def sim_arm() -> int:
    """Run the simulated arm, which has physics."""
    return _run('sim_arm', 'sim.main')


def sim_demo() -> int:
    """Run the simulated arm, an arena server and a bridge, as ``make sim`` does."""
    return _run('sim_demo', 'nodes.demo.sim_demo')


def demo() -> int:
    """Run ``arena_demo`` under its old name."""
    _warn_deprecated('demo', 'arena_demo')
    return arena_demo()


def demo_arm() -> int:
    """Run ``arena_demo_arm`` under its old name."""
    _warn_deprecated('demo_arm', 'arena_demo_arm')
    return arena_demo_arm()


def _run(name: str, module: str, function: str = 'main', *, interrupted: int = 0) -> int:
    """
    Import a program and run it.

    :param interrupted: the exit code if a signal arrives before the program installs a handler.
    :returns: the exit code; 2 if a library is missing, after one line on stderr.
    """
    # Exit at once: nothing needs cleanup yet, and an import could swallow an exception.
    _handle_signals(lambda *_: os._exit(interrupted))
    # Ignore signals at exit: Python removes its handlers first, so that another signal would
    # replace the exit code.
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
        from lerobot_arena_ros.missing import install_hint

        text = install_hint(exc)
        if text is None:
            raise
        sys.stderr.write(f'{name}: {text}\n')
        return 2
    return code or 0


def _handle_signals(handler: Callable[[int, Any], object] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _warn_deprecated(old: str, new: str) -> None:
    sys.stderr.write(f'{old} is deprecated and will be removed in the next version; use {new}\n')
