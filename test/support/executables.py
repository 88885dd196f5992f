"""The executables of the package, read from setup.py."""

from __future__ import annotations

from pathlib import Path
import re

__all__ = ['EXECUTABLES']

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = 'lerobot_arena_ros'


def _read() -> dict[str, str]:
    text = (ROOT / 'setup.py').read_text(encoding='utf-8')
    found = re.findall(r"f'(\w+) = \{name\}\.([\w.]+:\w+)'", text)
    return {name: f'{PACKAGE}.{place}' for name, place in found}


EXECUTABLES = _read()
"""The ``module:function`` of each executable, by name."""
