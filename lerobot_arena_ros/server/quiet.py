"""What uvicorn must not log: secrets, the faults of peers, and a fault of its own."""

from __future__ import annotations

import asyncio
import logging

__all__ = ['hush_uvicorn']

_LOGGERS = ('uvicorn.error', 'uvicorn.access', 'uvicorn.asgi')

# What newer releases say of each handshake that was refused with a status of our own.
_FALSE_ALARM = 'ASGI callable returned without completing handshake.'

_NO_FAILURES = (
    UnicodeDecodeError,  # A peer's text that is no UTF-8; its connection is closed.
    asyncio.CancelledError,  # A request that was under way when the server was stopped.
)


def hush_uvicorn() -> None:
    """Filter uvicorn's log, for all servers of this process; doing it twice is fine."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_may_be_said)


def _may_be_said(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], _NO_FAILURES):
        return False
    text = record.getMessage()
    # At its lowest levels it writes down what a client sends.
    return text != _FALSE_ALARM and not any(
        secret in text.lower() for secret in ('token=', 'authorization')
    )
