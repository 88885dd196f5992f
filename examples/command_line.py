# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Functions that the examples share: options, the end with Ctrl-C, and one-line errors."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Coroutine
import contextlib
import logging
import math
from pathlib import Path
import signal
import sys
from typing import Any
import uuid

import early_signals  # noqa: F401

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena.errors import ArenaError, RoomNotFound

__all__ = ['Failure', 'add_room', 'join', 'plain', 'positive', 'run']

NAME = Path(sys.argv[0]).stem


class Failure(Exception):
    """An error that ends an example with exit code 1; its text is one line for the user."""


def add_room(parser: argparse.ArgumentParser) -> None:
    """Add the options that select a room; the token comes from LEROBOT_ARENA_TOKEN."""
    parser.add_argument('--server-url', default='http://localhost:8000', help='%(default)s')
    parser.add_argument('--workspace-id', default='default-workspace', help='%(default)s')
    parser.add_argument('--room-id', required=True, help='the room (required)')
    parser.add_argument(
        '--create-room', action='store_true', help='create the room if it is missing'
    )


async def join(client: RoboticsProducer | RoboticsConsumer, args: argparse.Namespace) -> bool:
    """
    Join the room that the options select, with a participant id that names this program.

    :returns: whether it succeeded; the reason for a failure is logged, and :func:`run` shows it.
    :raises ArenaError: with ``--create-room``, if the server was not reached or rejected the
        request.
    """
    room = (args.workspace_id, args.room_id)
    if args.create_room:
        try:
            await client.get_room_info(*room)
        except RoomNotFound:
            await client.create_room(*room)
    return await client.connect(*room, f'{NAME}_{uuid.uuid4().hex[:8]}')


def run(work: Coroutine[Any, Any, int]) -> int:
    """
    Run an example to its end, or until SIGINT, SIGTERM or SIGHUP cancels it.

    :returns: exit code: the result of ``work``; 0 if it was cancelled, 1 if it failed.
    """
    logging.basicConfig(format=f'{NAME}: %(message)s')
    try:
        return asyncio.run(_until_signalled(work))
    except OSError as exc:
        return _fail(f'{exc.filename}: {exc.strerror}' if exc.filename else str(exc))
    except (ArenaError, Failure) as exc:
        return _fail(str(exc))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def positive(text: str) -> float:
    """Parse a number above zero; a type of argparse."""
    with contextlib.suppress(ValueError):
        if 0.0 < (number := float(text)) < math.inf:
            return number
    raise argparse.ArgumentTypeError(f'{text!r} is not a number above 0')


def plain(text: str) -> str:
    """Replace control characters for a terminal, because any participant can choose names."""
    return ''.join(char if char.isprintable() else '?' for char in text)


async def _until_signalled(work: Coroutine[Any, Any, int]) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup has set SIGHUP to be ignored, and it stays so.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            # Handlers of the loop would end with the loop, before the process ends.
            signal.signal(number, lambda *_: _cancel(loop, task))
    try:
        return await task
    except asyncio.CancelledError:
        return 0


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Future[int]) -> None:
    with contextlib.suppress(RuntimeError):  # The loop is closed, and with it the task.
        loop.call_soon_threadsafe(task.cancel)


def _fail(message: str) -> int:
    print(f'{NAME}: {plain(message)}', file=sys.stderr)
    return 1
