# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An arena that requires a token and has one room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from .arena_server import Server, arena_server
from .certificates import Authority

__all__ = ['BEARER', 'ROOMS', 'TOKEN', 'guarded']

TOKEN = 'zebra-0123456789abcdef'
BEARER = {'Authorization': f'Bearer {TOKEN}'}
ROOMS = '/robotics/workspaces/lab/rooms'


@contextmanager
def guarded(folder: Path, *, has_tls: bool = False) -> Iterator[Server]:
    """
    Run a server with the token :data:`TOKEN` and the room ``lab/arm``.

    :param folder: the folder for the certificate.
    """
    options: list[str] = []
    if has_tls:
        made = Authority(folder).certify_this_machine()
        options = ['--certfile', made.certfile, '--keyfile', made.keyfile or '']
    with arena_server(*options, LEROBOT_ARENA_TOKEN=TOKEN) as server:
        room = {'room_id': 'arm'}
        httpx.post(server.url + ROOMS, json=room, headers=BEARER, verify=False).raise_for_status()
        yield server
