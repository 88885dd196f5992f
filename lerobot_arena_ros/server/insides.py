"""What the server uses of uvicorn that uvicorn does not document, and whether it is there."""

from __future__ import annotations

import asyncio

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .line import UvicornProtocol

__all__ = ['FITTING', 'USED', 'missing_insides']

FITTING = 'uvicorn>=0.27,<0.55'
"""The releases that were tested, as pip has to be told."""

_CALLBACKS = (
    'connection_made',
    'connection_lost',
    'data_received',
    'pause_writing',
    'resume_writing',
    'shutdown',
)
_OF_THE_NEWER = ('conn', 'handle_ping', 'queue', 'send_receive_event_to_app')

USED: dict[type, tuple[str, ...]] = {
    H11Protocol: (
        *_CALLBACKS,
        'app_state',
        'config',
        'conn',
        'connections',
        'cycle',
        'timeout_keep_alive_handler',
        'transport',
    ),
    UvicornProtocol: (
        *_CALLBACKS,
        'app_state',
        'config',
        *(_OF_THE_NEWER if UvicornProtocol.__name__ == 'WebSocketsSansIOProtocol' else ()),
    ),
}
"""The names that ``door.py`` and ``line.py`` use, by the class that has them."""


def missing_insides() -> list[str]:
    """
    List the names in :data:`USED` that the installed uvicorn does not have; in an event loop.

    A release of uvicorn may change any of them.
    """
    config = uvicorn.Config(_nothing, ws=UvicornProtocol, interface='asgi3', log_config=None)
    loop = asyncio.get_running_loop()
    return [
        f'{kind.__name__}.{name}'
        for kind, names in USED.items()
        for protocol in [kind(config, ServerState(), {}, loop)]
        for name in names
        if not hasattr(protocol, name)
    ]


async def _nothing(_scope: object, _receive: object, _send: object) -> None:
    """Answer nothing, because nothing is asked."""
