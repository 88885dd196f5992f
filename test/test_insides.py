"""The undocumented names of other libraries that the package uses are there, or that is told."""

from __future__ import annotations

from pathlib import Path
import subprocess
import sys

import pytest
from websockets.frames import Frame

from lerobot_arena_ros.server.insides import FITTING, USED, missing_insides

ROOT = Path(__file__).resolve().parents[1]

WITHOUT = """
import sys
import uvicorn.protocols.http.h11_impl as h11_impl
del h11_impl.H11Protocol.timeout_keep_alive_handler
from lerobot_arena_ros.executables import arena_server
sys.exit(arena_server())
"""


async def test_uvicorn_has_what_the_server_uses() -> None:
    """Each name of each class; this fails first where a new release of uvicorn does not fit."""
    assert missing_insides() == []


def test_a_server_says_that_its_uvicorn_does_not_fit() -> None:
    """In one line, at the start, and not when a client joins."""
    done = subprocess.run(
        [sys.executable, '-c', WITHOUT, '--port', '0'], capture_output=True, text=True, timeout=20
    )

    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr.count('\n') == 1
    assert 'has no H11Protocol.timeout_keep_alive_handler: pip install' in done.stderr


def test_the_names_are_those_that_the_files_use() -> None:
    """A name that is used no more is to be forgotten."""
    texts = [
        (ROOT / 'lerobot_arena_ros' / 'server' / name).read_text(encoding='utf-8')
        for name in ('door.py', 'line.py')
    ]

    for text, names in zip(texts, USED.values(), strict=True):
        assert [name for name in names if name not in text and name != 'shutdown'] == []


def test_the_bounds_are_those_that_are_installed() -> None:
    """What the server advises is what pip is told."""
    lines = (ROOT / 'requirements' / 'newest.txt').read_text(encoding='utf-8').splitlines()

    assert FITTING in lines
    assert any(line.startswith('websockets>=') and '<' in line for line in lines)


def test_websockets_has_what_the_client_uses() -> None:
    """Each name; this fails first where a new release of websockets does not fit."""
    assert callable(Frame.serialize)
    client = pytest.importorskip(
        'websockets.asyncio.client', reason='websockets before 13 is used without these'
    )
    for name in ('process_event', 'recv'):
        assert callable(getattr(client.ClientConnection, name)), name
