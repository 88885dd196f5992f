# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Our arena server in this process, on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
import threading
from typing import Any, cast

from fastapi import FastAPI

from lerobot_arena_ros.server.access.rules import Rules
from lerobot_arena_ros.server.access.tokens import Grant, Tokens
from lerobot_arena_ros.server.http.app import create_app
from lerobot_arena_ros.server.net.event_loop import run
from lerobot_arena_ros.server.rooms.limits import Limits, Policy, Timing
from lerobot_arena_ros.server.serving import Certificate, listen, listen_udp, serve, url_of

__all__ = ['rules_of', 'running_server']

TIMEOUT_S = 10.0
HOST = '127.0.0.1'


def rules_of(token: str, *origins: str, hosts: Iterable[str] = ()) -> Rules:
    """Return the rules of a server with one token that allows everything."""
    return Rules(Tokens([Grant.of_token('token', token)]), origins, frozenset(hosts))


class Below:
    """An ASGI app that removes the first part of the path, like a reverse proxy."""

    def __init__(self, app: FastAPI, prefix: str) -> None:
        self.state = app.state
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Forward a request without the prefix."""
        if 'path' in scope:
            assert scope['path'].startswith(self._prefix), scope['path']
            scope = {**scope, 'path': scope['path'].removeprefix(self._prefix)}
        await self._app(scope, receive, send)


@contextmanager
def running_server(
    *,
    limits: Limits | None = None,
    timing: Timing | None = None,
    policy: Policy | None = None,
    rules: Rules | None = None,
    audit: Callable[[str], object] | None = None,
    certificate: Certificate | None = None,
    port: int = 0,
    below: str = '',
    lanes: bool = False,
    told_port: int | None = None,
) -> Iterator[str]:
    """
    Serve an arena in a thread; yield its URL, without a final slash.

    :param port: the port; 0 = a free one.
    :param lanes: offer fast lanes, on the UDP port with the number of the TCP port.
    :param told_port: the port that clients are told instead, for example that of a proxy.
    :param below: the path of the arena behind a reverse proxy.
    """
    sockets = listen(HOST, port)
    app = create_app(limits, timing, policy=policy, rules=rules, audit=audit)
    if below:
        app = cast(FastAPI, Below(app, below))
    ready = threading.Event()
    stop = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []
    udp = listen_udp(sockets, sockets[0].getsockname()[1], everywhere=False) if lanes else []

    def on_ready() -> None:
        if told_port is not None:
            lanes_of_server = app.state.manager.lanes
            lanes_of_server.place = replace(lanes_of_server.place, port=told_port)
        loops.append(asyncio.get_running_loop())
        ready.set()

    serving = serve(app, sockets, shutdown=stop, ready=on_ready, certificate=certificate, udp=udp)
    # As the program does; in the end it cancels what still runs.
    thread = threading.Thread(target=run, args=(serving,), name='arena server')
    thread.start()
    try:
        assert ready.wait(TIMEOUT_S), f'the server did not start within {TIMEOUT_S:g} s'
        yield url_of(HOST, sockets, is_encrypted=certificate is not None) + below
    finally:
        for loop in loops:
            loop.call_soon_threadsafe(stop.set)
        thread.join(TIMEOUT_S)
        assert not thread.is_alive(), f'the server did not end within {TIMEOUT_S:g} s'
