"""The arena as an ASGI application, to be served by :func:`.serving.serve`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from ..arena.errors import ProtocolError, RequestRejected
from .hub import Hub, Timing
from .participant import participate
from .rest import router
from .room import Limits

__all__ = ['create_app']

WS_PATH = '/robotics/workspaces/{workspace_id}/rooms/{room_id}/ws'
PREFIXES = ('', '/api')
"""Where everything is served: either is in use as the path of an arena's address."""


def create_app(limits: Limits | None = None, timing: Timing | None = None) -> FastAPI:
    """
    Make an arena of its own; any number of them can be in one process.

    :param limits: how much it takes.
    :param timing: how patient it is.
    """
    hub = Hub(limits or Limits(), timing or Timing())
    app = FastAPI(
        title='LeRobot Arena Server',
        version='2.0.0',
        lifespan=_lifespan,
        # Clients post without saying that it is JSON. Releases without the option ignore it.
        strict_content_type=False,
    )
    app.state.hub = hub
    app.add_middleware(
        CORSMiddleware, allow_origins=['*'], allow_methods=['*'], allow_headers=['*']
    )
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(RequestRejected, _on_rejected)
    app.add_exception_handler(ProtocolError, _on_protocol_error)
    for prefix in PREFIXES:
        app.include_router(router, prefix=prefix, include_in_schema=not prefix)
        app.add_api_websocket_route(prefix + WS_PATH, _participate)
    return app


async def _participate(websocket: WebSocket, workspace_id: str, room_id: str) -> None:
    await participate(websocket, workspace_id, room_id, websocket.app.state.hub)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    hub: Hub = app.state.hub
    chores = [
        asyncio.create_task(_every(hub.timing.sweep_s, hub.sweep), name='sweep'),
        asyncio.create_task(_every(hub.timing.keepalive_s, hub.keep_alive), name='keepalive'),
    ]
    try:
        yield
    finally:
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)


async def _every(period_s: float, action: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(period_s)
        action()


async def _on_invalid(_request: Request, exc: Exception) -> JSONResponse:
    """Say what is wrong without repeating what came: NaN, say, could not be written back."""
    assert isinstance(exc, RequestValidationError)
    kept = ('type', 'loc', 'msg')
    return _unprocessable(*({key: error[key] for key in kept} for error in exc.errors()))


async def _on_protocol_error(_request: Request, exc: Exception) -> JSONResponse:
    return _unprocessable({'type': 'value_error', 'loc': ('body',), 'msg': str(exc)})


async def _on_rejected(_request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestRejected)
    if exc.status == 422:
        return _unprocessable({'type': 'value_error', 'loc': ('path',), 'msg': str(exc)})
    return JSONResponse({'detail': str(exc)}, status_code=exc.status or 400)


def _unprocessable(*errors: dict[str, object]) -> JSONResponse:
    return JSONResponse({'detail': errors}, status_code=422)
