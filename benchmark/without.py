"""
Runs a program of ours as it would where libraries that make it faster are not installed.

``python -m benchmark.without uvloop,orjson lerobot_arena_ros.server.main --port 0``
"""

from __future__ import annotations

from importlib.util import find_spec
import runpy
import sys

__all__ = ['ACCELERATORS', 'installed']

ACCELERATORS = ('uvloop', 'orjson')


def installed() -> list[str]:
    """List those that are used here, and so can be done without."""
    return [name for name in ACCELERATORS if find_spec(name) is not None]


if __name__ == '__main__':
    for name in sys.argv[1].split(','):
        sys.modules[name] = None  # type: ignore[assignment]
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
