# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The arena as an ASGI application, served by :func:`..serving.serve`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from ...arena.errors import ProtocolError, RequestRejected
from ..access.rules import Actor, Rules
from ..error_codes import code_of
from ..log.rate_limited_log import RateLimitedLog
from ..participants.connection_manager import LIVENESS_CHECKS, ConnectionManager
from ..participants.websocket_endpoint import participate
from ..rooms.limits import Limits, Policy, Timing
from ..rooms.registry import Place
from . import metrics, video_rest
from .access_middleware import AccessMiddleware
from .pages import console_routes
from .rest import router

__all__ = ['background_tasks', 'create_app']

WS_PATH = '/workspaces/{workspace_id}/rooms/{room_id}/ws'
PREFIXES = ('', '/api')
"""The path prefixes of all routes: clients use arena addresses with either of them."""


def create_app(
    limits: Limits | None = None,
    timing: Timing | None = None,
    *,
    policy: Policy | None = None,
    rules: Rules | None = None,
    audit: Callable[[str], object] | None = None,
) -> FastAPI:
    """
    Create an arena; a process can have any number of them.

    :param limits: size and rate limits.
    :param timing: timeouts and periods.
    :param policy: optional behaviour.
    :param rules: the access rules; None for a server without tokens.
    :param audit: called with each line of the audit log; None for no audit log.
    """
    rules = rules or Rules()
    manager = ConnectionManager(
        limits or Limits(),
        timing or Timing(),
        policy or Policy(),
        RateLimitedLog(audit),
        rules.tokens,
    )
    app = FastAPI(
        title='LeRobot Arena Server',
        version='2.0.0',
        # These pages would load scripts from another host; see docs/reference/server.md instead.
        docs_url=None,
        redoc_url=None,
        # Some clients send JSON without a content type. Older FastAPI releases ignore the option.
        strict_content_type=False,
    )
    app.state.manager = manager
    app.state.rules = rules
    app.add_middleware(AccessMiddleware, manager=manager, rules=rules)
    # Added last, so it runs first: preflights have no token, and refusals need CORS headers.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=rules.origins,
        allow_methods=['*'],
        allow_headers=['*'],
    )
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(OverflowError, _on_overflow)
    app.add_exception_handler(RequestRejected, _on_rejected)
    app.add_exception_handler(ProtocolError, _on_protocol_error)
    for prefix in PREFIXES:
        app.include_router(router, prefix=prefix, include_in_schema=not prefix)
        app.include_router(metrics.router, prefix=prefix, include_in_schema=not prefix)
        app.include_router(video_rest.router, prefix=prefix, include_in_schema=not prefix)
        app.add_api_websocket_route(f'{prefix}/robotics{WS_PATH}', _participate)
        app.add_api_websocket_route(f'{prefix}/video{WS_PATH}', _participate_in_video)
        app.router.routes.extend(console_routes(prefix))
    return app


async def _participate(websocket: WebSocket, workspace_id: str, room_id: str) -> None:
    manager: ConnectionManager = websocket.app.state.manager
    await _serve(websocket, Place(manager.registry, workspace_id, room_id), manager)


async def _participate_in_video(websocket: WebSocket, workspace_id: str, room_id: str) -> None:
    manager: ConnectionManager = websocket.app.state.manager
    await _serve(websocket, Place(manager.video, workspace_id, room_id), manager)


async def _serve(websocket: WebSocket, place: Place, manager: ConnectionManager) -> None:
    here = websocket.state
    await participate(here.socket, here.actor, here.entry, place, manager)


@asynccontextmanager
async def background_tasks(manager: ConnectionManager) -> AsyncIterator[None]:
    """Run the periodic tasks of the server within this context."""
    tasks = [
        asyncio.create_task(_every(manager.timing.sweep_s, manager.sweep_all), name='sweep'),
        asyncio.create_task(
            _every(manager.timing.keepalive_s, manager.keep_alive), name='keepalive'
        ),
        asyncio.create_task(
            _every(manager.timing.liveness_s / LIVENESS_CHECKS, manager.check_liveness),
            name='liveness',
        ),
        asyncio.create_task(_every(manager.timing.log_s, manager.log.end_period), name='log'),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        manager.log.end_period()


async def _every(period_s: float, action: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(period_s)
        action()


async def _on_invalid(request: Request, exc: Exception) -> JSONResponse:
    """Respond with the validation errors without the input, which JSON may not allow (NaN)."""
    assert isinstance(exc, RequestValidationError)
    _count(request, 'invalid_request')
    kept = ('type', 'loc', 'msg')
    return _unprocessable(*({key: error[key] for key in kept} for error in exc.errors()))


async def _on_overflow(request: Request, _exc: Exception) -> JSONResponse:
    """Refuse an integer that is too large for a float, which Pydantic 1 does not catch."""
    _count(request, 'invalid_request')
    return _unprocessable({'type': 'float_type', 'loc': ('body',), 'msg': 'a number is too large'})


async def _on_protocol_error(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, ProtocolError)
    _count(request, code_of(exc))
    return _unprocessable({'type': 'value_error', 'loc': ('body',), 'msg': str(exc)})


async def _on_rejected(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestRejected)
    _count(request, code_of(exc))
    if exc.status in (403, 429):
        _audit(request, code_of(exc))
    if exc.status == 422:
        return _unprocessable({'type': 'value_error', 'loc': ('path',), 'msg': str(exc)})
    return JSONResponse({'detail': str(exc)}, status_code=exc.status or 400)


def _count(request: Request, code: str) -> None:
    manager: ConnectionManager = request.app.state.manager
    manager.counters.refused[code] += 1
    manager.log.note('request_failed', code=code, path=request.url.path)


def _audit(request: Request, code: str) -> None:
    manager: ConnectionManager = request.app.state.manager
    actor: Actor = request.state.actor
    what = f'{request.method} {request.url.path}'
    manager.log.sample('refused', code=code, **actor.log_fields, what=what)


def _unprocessable(*errors: dict[str, object]) -> JSONResponse:
    return JSONResponse({'detail': errors}, status_code=422)
