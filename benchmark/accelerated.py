"""
Runs a program of ours with a faster library under it, put there from outside, to see what it buys.

``python -m benchmark.accelerated uvloop lerobot_arena_ros.server.main --port 0``
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
import runpy
import sys
from types import SimpleNamespace
from typing import Any

from lerobot_arena_ros.arena import messages

__all__ = ['ACCELERATORS', 'installed']

ACCELERATORS = ('uvloop', 'orjson')


def installed() -> list[str]:
    """List those that can be tried."""
    return [name for name in ACCELERATORS if find_spec(name) is not None]


def _use(name: str) -> None:
    library: Any = import_module(name)
    if name == 'uvloop':
        asyncio.set_event_loop_policy(library.EventLoopPolicy())
        return

    def dumps(value: object, **_: object) -> str:
        text: str = library.dumps(value).decode()
        return text

    # Well-formed messages alone: it knows neither our rule for NaN nor that for half a surrogate.
    fast = SimpleNamespace(
        loads=library.loads, dumps=dumps, JSONDecodeError=library.JSONDecodeError
    )
    setattr(messages, 'json', fast)  # noqa: B010


if __name__ == '__main__':
    _use(sys.argv[1])
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
