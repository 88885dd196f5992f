# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Middleware for all requests: access rules, connection limits, body size and timeout."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import urlsplit, urlunsplit

from ..access.guesses import Guesses
from ..access.rules import NO_TOKEN, Actor, Denial, Rules, bearer, is_open, split_query
from ..access.tokens import Access, Grant
from ..net.asgi import App, Message, Receive, Scope, Send
from ..net.request_head import ambiguity_of
from ..participants.connection_manager import ConnectionManager
from ..rooms.limits import MAX_BODY_BYTES

__all__ = ['AccessMiddleware']

DRAIN_FACTOR = 16
"""A body up to this factor too large is read to its end, so that the client gets the error."""

_HTTP = {'http': 'http', 'https': 'https', 'ws': 'http', 'wss': 'https'}

_FULL = Denial(503, 'connections_full', 'this server has reached its limit of connections')


class _Refused(Exception):
    """Ends a request with a refusal."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.detail)
        self.denial = denial


class AccessMiddleware:
    """
    ASGI middleware that applies the access rules.

    :param manager: provides the limits, the counters and the log.
    """

    def __init__(self, app: App, *, manager: ConnectionManager, rules: Rules) -> None:
        self._app = app
        self._manager = manager
        self._rules = rules
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a request to the application, or refuse it."""
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        try:
            await self._admit(scope)
            if scope['type'] == 'http':
                receive = _replay(await self._read_in_time(receive), receive)
                self._check_valid(scope['state']['actor'])
        except _Refused as exc:
            self._report(scope, exc.denial)
            await _deny(scope, send, exc.denial)
        else:
            await self._pass_on(scope, receive, send)
        finally:
            if scope['type'] == 'http':
                # The next request must send a token again.
                self._release_place(scope)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'websocket':
            await self._app(scope, receive, send)
            return
        entry = scope['state']['entry']
        entry.is_serving = True
        try:
            await self._app(scope, receive, _with_relative_redirects(send))
        finally:
            entry.is_serving = False

    async def _admit(self, scope: Scope) -> None:
        is_websocket = scope['type'] == 'websocket'
        ambiguity = ambiguity_of(scope['headers'], is_websocket=is_websocket)
        if ambiguity is not None:
            raise _Refused(Denial(400, 'ambiguous_request', ambiguity))
        headers = {
            name.decode('latin-1').lower(): value.decode('latin-1')
            for name, value in scope['headers']
        }
        query, given = split_query(scope['query_string'].decode('latin-1'))
        # Remove the token, so that it cannot be logged later.
        scope['query_string'] = query.encode('latin-1')
        scope['headers'] = [item for item in scope['headers'] if item[0] != b'authorization']
        query_token = given if is_websocket else None
        if (bearer(headers) or query_token) and not is_open(scope['path']):
            await self._wait_if_guessed(_address_of(scope))
        scheme = _HTTP[scope['scheme']]
        answer = self._rules.admit(scope['path'], headers, scheme=scheme, query_token=query_token)
        if isinstance(answer, Denial):
            if answer.is_guess:
                self._guesses.count(_address_of(scope), time.monotonic())
            raise _Refused(answer)
        scope['state']['actor'] = Actor(_address_of(scope), answer)
        self._assign_place(scope, answer if self._rules.tokens else None)
        if answer is not None:
            self._manager.counters.requests[answer.name] += 1

    def _check_valid(self, actor: Actor) -> None:
        """Refuse a request whose token was revoked before the request was complete."""
        if actor.grant is not None and actor.grant not in self._rules.tokens:
            raise _Refused(NO_TOKEN)

    async def _wait_if_guessed(self, address: str) -> None:
        # Behind a proxy all clients have one address, so the limit per address is off there.
        if self._manager.limits.per_address:
            delay_s = self._guesses.delay_s(address, time.monotonic())
            if delay_s:
                await asyncio.sleep(delay_s)

    def _assign_place(self, scope: Scope, grant: Grant | None) -> None:
        """Mark a connection with a token as authorized; refuse a WebSocket if no place is left."""
        admission, entry = self._manager.admission, scope['state']['entry']
        may_drive = grant is not None and grant.access >= Access.DRIVE
        is_placed = grant is not None and admission.promote(entry, may_drive=may_drive)
        # A REST request is short, so it can be served on a waiting place.
        if scope['type'] == 'websocket' and not is_placed and (grant or admission.is_full):
            raise _Refused(_FULL)

    def _release_place(self, scope: Scope) -> None:
        victim = self._manager.admission.demote(scope['state']['entry'], time.monotonic())
        if victim is not None:
            victim.end()

    async def _read_in_time(self, receive: Receive) -> bytes:
        timeout_s = self._manager.timing.join_s
        try:
            return await asyncio.wait_for(self._read(receive), timeout_s)
        except asyncio.TimeoutError:
            detail = f'the request was not complete within {timeout_s:g} s'
            raise _Refused(Denial(408, 'request_timeout', detail)) from None

    async def _read(self, receive: Receive) -> bytes:
        kept: list[bytes] = []
        size, more = 0, True
        while more and size <= DRAIN_FACTOR * MAX_BODY_BYTES:
            message = await receive()
            if message['type'] == 'http.disconnect':
                raise _Refused(Denial(400, 'request_aborted', 'the request was cut off'))
            chunk: bytes = message.get('body', b'')
            size += len(chunk)
            if size <= MAX_BODY_BYTES:
                kept.append(chunk)
            more = message.get('more_body', False)
        if size > MAX_BODY_BYTES:
            detail = f'a body has at most {MAX_BODY_BYTES} bytes'
            raise _Refused(Denial(413, 'body_too_large', detail))
        return b''.join(kept)

    def _report(self, scope: Scope, denial: Denial) -> None:
        self._manager.counters.refused[denial.code] += 1
        log = self._manager.log
        # Warn about refusals that the operator can fix; others are mistakes of the client.
        write = log.warn if denial.status in (401, 403, 503) else log.note
        write(denial.code, peer=_address_of(scope), path=scope['path'])
        log.sample('refused', code=denial.code, peer=_address_of(scope))


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive function that first returns a body that has been read already."""
    pending: list[Message] = [{'type': 'http.request', 'body': body, 'more_body': False}]

    async def receive_replayed() -> Message:
        return pending.pop() if pending else await receive()

    return receive_replayed


def _address_of(scope: Scope) -> str:
    client = scope.get('client')
    return str(client[0]) if client else 'unknown'


def _with_relative_redirects(send: Send) -> Send:
    """Make redirects relative, because their host comes from the client's ``Host`` header."""

    async def send_relative(message: Message) -> None:
        if message['type'] == 'http.response.start':
            headers = [
                (name, _path_of(value) if name == b'location' else value)
                for name, value in message['headers']
            ]
            message = {**message, 'headers': headers}
        await send(message)

    return send_relative


def _path_of(location: bytes) -> bytes:
    parts = urlsplit(location.decode('latin-1'))
    return urlunsplit(('', '', *parts[2:])).encode('latin-1')


async def _deny(scope: Scope, send: Send, denial: Denial) -> None:
    kind = 'http.response'
    if scope['type'] == 'websocket':
        kind = 'websocket.http.response'
    # The detail never contains a quote, so it needs no escaping.
    body = f'{{"detail":"{denial.detail}"}}'.encode()
    headers = [
        (b'content-type', b'application/json'),
        (b'content-length', str(len(body)).encode()),
    ]
    if denial.status == 401:
        headers.append((b'www-authenticate', b'Bearer'))
    if denial.status in (400, 408, 413, 503):
        headers.append((b'connection', b'close'))
    await send({'type': f'{kind}.start', 'status': denial.status, 'headers': headers})
    await send({'type': f'{kind}.body', 'body': body})
