"""
Run a program as if libraries that make it faster were not installed.

``python -m benchmark.harness.optional_dependencies uvloop,orjson MODULE ARGUMENTS``
"""

from __future__ import annotations

from importlib.util import find_spec
import runpy
import sys

__all__ = ['ACCELERATORS', 'variants']

ACCELERATORS = ('uvloop', 'orjson')


def variants() -> list[tuple[str, ...]]:
    """Return the sets of libraries to hide: each that is installed, then all of them."""
    found = tuple(name for name in ACCELERATORS if find_spec(name) is not None)
    return list(dict.fromkeys([*((name,) for name in found), *([found] if found else [])]))


if __name__ == '__main__':
    for name in sys.argv[1].split(','):
        sys.modules[name] = None  # type: ignore[assignment]
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
