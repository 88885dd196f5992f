# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One HTTP/1.1 connection, parsed by the sans-I/O library h11.

An ASGI application handles the requests one after the other. While a request is handled, the next
request is not read. A request for a WebSocket has a :class:`.WebSocket` in
``scope['state']['socket']``, with which the application accepts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import http
from typing import Any
from urllib.parse import unquote

import h11

from ..rooms.limits import Timing
from .asgi import App, Headers, Scope
from .exchange import Exchange, missing_headers
from .fair_reader import FairReader
from .request_head import HeadCheck
from .web_socket import WebSocket

__all__ = ['HttpConnection']

KEEP_ALIVE_S = 5.0
"""How long an idle connection stays open, in seconds."""

MAX_HEAD_BYTES = 64 * 1024
"""Bytes of a request line and its headers."""


MakeSocket = Callable[[Headers, Callable[[WebSocket], None]], WebSocket]


class HttpConnection:
    """
    Handles the requests of one connection.

    :param app: the ASGI application.
    :param timing: the timeouts for sending a request and for reading its response.
    :param state: copied to ``scope['state']`` of each request.
    :param make_socket: creates the WebSocket for a request that asks for one. Its arguments are
        the headers, and a function that makes the WebSocket the handler of the connection.
    :param refuse: called with an error code when the connection is aborted because of it.
    """

    def __init__(
        self,
        app: App,
        timing: Timing,
        state: dict[str, Any],
        *,
        make_socket: MakeSocket,
        refuse: Callable[[str], object],
    ) -> None:
        self._app = app
        self._timing = timing
        self._state = state
        self._make_socket = make_socket
        self._refuse = refuse
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._head = HeadCheck()
        self._exchange: Exchange | None = None
        self._is_idle = False
        self._is_congested = False
        self._is_ending = False
        self._timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, reader: FairReader) -> None:
        """Start the timeout for the first request."""
        self._reader = reader
        self._transport = reader.transport
        self._start_timeout(self._timing.join_s)

    def data_received(self, data: bytes) -> None:
        """Parse received data."""
        if self._is_idle:
            self._is_idle = False
            self._start_timeout(self._timing.join_s)
        if self._exchange is None and not self._head.feed(data):
            self._abort('ambiguous_request')
            return
        self._http.receive_data(data)
        self._read_events()

    def connection_lost(self) -> None:
        """Cancel the timers and the current request."""
        self._cancel_timeout()
        self._cancel_stall_timer()
        if self._exchange is not None:
            self._exchange.end()

    def pause_writing(self) -> None:
        """Start the timeout for reading the response."""
        self._is_congested = True
        loop = asyncio.get_running_loop()
        self._stall_timer = loop.call_later(self._timing.stall_s, self._abort, 'too_slow')

    def resume_writing(self) -> None:
        """Cancel the timeout; handle the next request if the response is complete."""
        self._is_congested = False
        self._cancel_stall_timer()
        if self._exchange is not None and self._exchange.is_over:
            self._start_next_request()

    def shut_down(self) -> None:
        """Close the connection after the current request."""
        self._is_ending = True
        if self._exchange is None:
            self._close()

    def _read_events(self) -> None:
        while not self._transport.is_closing():
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                self._send_bad_request()
                return
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            self._handle_event(event)

    def _handle_event(self, event: object) -> None:
        exchange = self._exchange
        if isinstance(event, h11.Request):
            self._start_request(event)
        elif isinstance(event, h11.ConnectionClosed) or exchange is None:
            self._close()
        elif isinstance(event, h11.Data):
            if not exchange.feed(bytes(event.data)):
                self._reader.pause()
        elif exchange.is_over:
            self._start_next_request()
        else:
            self._reader.pause()
            exchange.feed_end()

    def _start_request(self, request: h11.Request) -> None:
        self._cancel_timeout()
        scope = self._scope(request)
        if scope['type'] == 'websocket':
            scope['state']['socket'] = self._make_socket(scope['headers'], self._upgrade)
        self._exchange = Exchange(scope, self._respond, self._want_more)
        # Keep a reference, because the event loop does not.
        self._task = asyncio.get_running_loop().create_task(self._exchange.run(self._app))

    def _scope(self, request: h11.Request) -> Scope:
        path, _, query = bytes(request.target).partition(b'?')
        headers = [(bytes(name), bytes(value)) for name, value in request.headers]
        is_current = request.http_version == b'1.1'
        is_websocket = is_current and request.method == b'GET' and _wants_websocket(headers)
        is_encrypted = self._transport.get_extra_info('sslcontext') is not None
        return {
            'type': 'websocket' if is_websocket else 'http',
            'asgi': {'version': '3.0', 'spec_version': '2.3'},
            'http_version': bytes(request.http_version).decode('ascii'),
            'method': bytes(request.method).decode('ascii'),
            'scheme': ('ws' if is_websocket else 'http') + 's' * is_encrypted,
            'path': unquote(path.decode('ascii')),
            'raw_path': path,
            'query_string': query,
            'root_path': '',
            'headers': headers,
            'client': _address(self._transport.get_extra_info('peername')),
            'server': _address(self._transport.get_extra_info('sockname')),
            'subprotocols': [],
            'extensions': {'websocket.http.response': {}} if is_websocket else {},
            'state': self._state.copy(),
        }

    def _want_more(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[], reason=b'Continue'))
        self._reader.resume()

    def _upgrade(self, socket: WebSocket) -> None:
        """Make a WebSocket the handler of the connection."""
        assert self._exchange is not None
        self._exchange.end()
        self._cancel_stall_timer()
        self._reader.handler = socket
        socket.connection_made(self._reader)
        self._reader.resume()
        data, _ = self._http.trailing_data
        if data:
            socket.data_received(bytes(data))

    def _respond(self, status: int, headers: Headers, body: bytes) -> None:
        if self._is_ending:
            headers.append((b'connection', b'close'))
        reason = http.HTTPStatus(status).phrase.encode('ascii')
        response = h11.Response(status_code=status, headers=headers, reason=reason)
        self._send(response, *([h11.Data(data=body)] if body else []), h11.EndOfMessage())
        self._start_next_request()

    def _send_bad_request(self) -> None:
        """Respond to a request that cannot be parsed, and close the connection."""
        if self._exchange is not None:
            self._exchange.end()
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = b'{"detail":"this is not a valid HTTP request"}'
            headers: Headers = [(b'content-type', b'application/json'), (b'connection', b'close')]
            headers += missing_headers(headers, len(body))
            response = h11.Response(status_code=400, headers=headers, reason=b'Bad Request')
            self._send(response, h11.Data(data=body), h11.EndOfMessage())
        self._close()

    def _send(self, *events: h11.Event) -> None:
        self._transport.write(b''.join(self._http.send(event) or b'' for event in events))

    def _start_next_request(self) -> None:
        """Read the next request, once this one is complete and its response has been read."""
        if self._is_ending or self._http.our_state is not h11.DONE:
            self._close()
            return
        if self._is_congested:
            return
        if self._http.their_state is not h11.DONE:
            self._start_timeout(self._timing.join_s)
            self._reader.resume()
            return
        self._exchange = None
        self._http.start_next_cycle()
        data, _ = self._http.trailing_data
        self._head.begin()
        if not self._head.feed(bytes(data)):
            self._abort('ambiguous_request')
            return
        self._is_idle = not data
        self._start_timeout(KEEP_ALIVE_S if self._is_idle else self._timing.join_s)
        self._reader.resume()
        self._read_events()

    def _abort(self, code: str) -> None:
        self._refuse(code)
        self._transport.abort()

    def _close(self) -> None:
        """Close the connection once all data is sent; abort it after ``stall_s``."""
        self._transport.close()
        self._cancel_timeout()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timing.stall_s, self._transport.abort)

    def _start_timeout(self, delay_s: float) -> None:
        self._cancel_timeout()
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._close)

    def _cancel_timeout(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cancel_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def _wants_websocket(headers: Headers) -> bool:
    return any(
        name == b'upgrade' and b'websocket' in [part.strip() for part in value.lower().split(b',')]
        for name, value in headers
    )


def _address(name: Any) -> tuple[str, int] | None:
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
