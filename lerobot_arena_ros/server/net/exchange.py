# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One HTTP request and its response, in the form of ASGI messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.utils import formatdate
import logging

from .asgi import App, Headers, Message, Scope

__all__ = ['Exchange', 'missing_headers']

MAX_BUFFERED_BYTES = 64 * 1024
"""Bytes of a request body that are buffered for the application."""

_WITHOUT_BODY = (204, 304)

_SAFE_HEADERS = (
    (b'cache-control', b'no-store'),
    (b'x-content-type-options', b'nosniff'),
)
"""Added to each response that does not set them: do not cache, do not guess the type."""

_log = logging.getLogger('lerobot_arena_ros.server')


class Exchange:
    """
    A request whose body is received in pieces, and its complete response.

    Also handles a request for a WebSocket until the application accepts it.

    :ivar is_over: whether the response was sent or is no longer wanted.
    :param respond: called once with the status, the headers and the body of the response.
    :param want_more: called when the application waits for more of the request body.
    """

    def __init__(
        self,
        scope: Scope,
        respond: Callable[[int, Headers, bytes], None],
        want_more: Callable[[], None],
    ) -> None:
        self.is_over = False
        self._scope = scope
        self._respond = respond
        self._want_more = want_more
        self._body = bytearray()
        self._is_whole = False
        self._is_read = False
        self._changed = asyncio.Event()
        self._head: Message = {}
        self._response_body = b''

    async def run(self, app: App) -> None:
        """Run the application; respond with 500 if it fails or sends no response."""
        try:
            await app(self._scope, self._receive, self._send)
        except Exception:
            _log.exception('event=request_broke path=%r', self._scope['path'])
        self._send_response(500, [(b'content-type', b'text/plain')], b'Internal Server Error')

    def feed(self, data: bytes) -> bool:
        """Buffer a piece of the body; return False if the caller must pause reading."""
        if self.is_over:
            return True
        self._body += data
        self._changed.set()
        return len(self._body) < MAX_BUFFERED_BYTES

    def feed_end(self) -> None:
        """Mark the body as complete."""
        self._is_whole = True
        self._changed.set()

    def end(self) -> None:
        """Discard the response, because the client is gone or got another response."""
        self.is_over = True
        self._changed.set()

    async def _receive(self) -> Message:
        while not (self._body or self.is_over or (self._is_whole and not self._is_read)):
            self._changed.clear()
            if not self._is_whole:
                self._want_more()
            await self._changed.wait()
        if self.is_over:
            return {'type': 'http.disconnect'}
        body = bytes(self._body)
        self._body.clear()
        self._is_read = self._is_whole
        return {'type': 'http.request', 'body': body, 'more_body': not self._is_whole}

    async def _send(self, message: Message) -> None:
        kind = message['type'].removeprefix('websocket.')
        if kind == 'http.response.start':
            self._head = message
        elif kind == 'http.response.body':
            self._response_body += message.get('body', b'')
            if not message.get('more_body'):
                self._send_response(
                    self._head['status'], [*self._head['headers']], self._response_body
                )
        elif kind == 'close':
            self._send_response(403, [], b'')

    def _send_response(self, status: int, headers: Headers, body: bytes) -> None:
        if self.is_over:
            return
        self.is_over = True
        if status in _WITHOUT_BODY:
            body = b''
        headers += missing_headers(headers, None if status in _WITHOUT_BODY else len(body))
        self._respond(status, headers, b'' if self._scope['method'] == 'HEAD' else body)


def missing_headers(headers: Headers, length: int | None) -> Headers:
    """
    Return the standard headers that a response does not have yet.

    :param length: bytes of its body; None if the status allows no body.
    """
    names = {name.lower() for name, _ in headers}
    wanted = [(b'date', formatdate(usegmt=True).encode('ascii')), *_SAFE_HEADERS]
    if length is not None:
        wanted.append((b'content-length', b'%d' % length))
    return [(name, value) for name, value in wanted if name not in names]
