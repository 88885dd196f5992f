"""
Middleware before every request: the access rules, a limit to its size and time, safe headers.

Each reply says that it is not to be kept and that its type is what it says, unless it says
otherwise itself. A redirect names a path alone, because the host is the client's word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .access import NO_TOKEN, Actor, Denial, Rules, split_query
from .guesses import Guesses
from .hub import Hub
from .request_head import ambiguity_of

__all__ = ['Guard']

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

DRAIN_FACTOR = 16
"""A body so many times too large is still read to its end: who is hung up on hears no reason."""

_HTTP = {'http': 'http', 'https': 'https', 'ws': 'http', 'wss': 'https'}

_SAFE_HEADERS = (
    (b'cache-control', b'no-store'),
    (b'x-content-type-options', b'nosniff'),
)

_FULL = Denial(503, 'connections_full', 'this server has as many connections as it takes')


class _Refused(Exception):
    """A request ends here."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.detail)
        self.denial = denial


class Guard:
    """
    ASGI middleware that lets in whom the rules let in.

    :param hub: has the limits, and counts and logs what is refused.
    """

    def __init__(self, app: App, *, hub: Hub, rules: Rules) -> None:
        self._app = app
        self._hub = hub
        self._rules = rules
        self._guesses = Guesses()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        try:
            self._admit(scope)
            if scope['type'] == 'http':
                receive = _replay(await self._read_in_time(receive), receive)
                self._check_valid(scope['state']['actor'])
        except _Refused as exc:
            self._report(scope, exc.denial)
            if exc.denial.is_guess:
                now_s = time.monotonic()
                await asyncio.sleep(self._guesses.delay_s(_address_of(scope), now_s))
            await _deny(scope, send, exc.denial)
        else:
            await self._app(scope, receive, _safe(send) if scope['type'] == 'http' else send)

    def _admit(self, scope: Scope) -> None:
        ambiguity = ambiguity_of(scope['headers'])
        if ambiguity is not None:
            raise _Refused(Denial(400, 'ambiguous_request', ambiguity))
        headers = {
            name.decode('latin-1').lower(): value.decode('latin-1')
            for name, value in scope['headers']
        }
        query, given = split_query(scope['query_string'].decode('latin-1'))
        # Whoever logs the request later, uvicorn included, must not come by the token.
        scope['query_string'] = query.encode('latin-1')
        scope['headers'] = [item for item in scope['headers'] if item[0] != b'authorization']
        is_websocket = scope['type'] == 'websocket'
        answer = self._rules.admit(
            scope['path'],
            headers,
            scheme=_HTTP[scope['scheme']],
            query_token=given if is_websocket else None,
        )
        if isinstance(answer, Denial):
            raise _Refused(answer)
        scope['state']['actor'] = Actor(_address_of(scope), answer)
        self._find_place(scope, has_token=bool(self._rules.tokens) and answer is not None)
        if answer is not None:
            self._hub.tally.requests[answer.name] += 1

    def _check_valid(self, actor: Actor) -> None:
        """Refuse a request whose token was taken away before the whole request had come."""
        if actor.grant is not None and actor.grant not in self._rules.tokens:
            raise _Refused(NO_TOKEN)

    def _find_place(self, scope: Scope, *, has_token: bool) -> None:
        """Give a connection with a token a place that lasts, if there is one."""
        admission = self._hub.admission
        is_placed = has_token and admission.promote(scope['state']['entry'])
        # A REST request needs its place for a moment only, so it is served from a waiting place.
        if not is_placed and admission.is_full and scope['type'] == 'websocket':
            raise _Refused(_FULL)

    async def _read_in_time(self, receive: Receive) -> bytes:
        timeout_s = self._hub.timing.join_s
        try:
            return await asyncio.wait_for(self._read(receive), timeout_s)
        except asyncio.TimeoutError:
            detail = f'the whole request must come within {timeout_s:g} s'
            raise _Refused(Denial(408, 'request_timeout', detail)) from None

    async def _read(self, receive: Receive) -> bytes:
        most = self._hub.limits.body_bytes
        kept: list[bytes] = []
        size, more = 0, True
        while more and size <= DRAIN_FACTOR * most:
            message = await receive()
            if message['type'] == 'http.disconnect':
                raise _Refused(Denial(400, 'request_aborted', 'the request ended too early'))
            chunk: bytes = message.get('body', b'')
            size += len(chunk)
            if size <= most:
                kept.append(chunk)
            more = message.get('more_body', False)
        if size > most:
            raise _Refused(Denial(413, 'body_too_large', f'a body has at most {most} bytes'))
        return b''.join(kept)

    def _report(self, scope: Scope, denial: Denial) -> None:
        self._hub.tally.refused[denial.code] += 1
        journal = self._hub.journal
        # Whoever runs the server can do something about who is kept out, not about clumsy clients.
        say = journal.warn if denial.status in (401, 403, 503) else journal.note
        say(denial.code, peer=_address_of(scope), path=scope['path'])
        journal.sample('refused', code=denial.code, peer=_address_of(scope))


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that has been read to whoever wants to read it."""
    pending: list[Message] = [{'type': 'http.request', 'body': body, 'more_body': False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again


def _address_of(scope: Scope) -> str:
    client = scope.get('client')
    return str(client[0]) if client else 'unknown'


def _safe(send: Send) -> Send:
    """Complete the headers of a reply."""

    async def send_safely(message: Message) -> None:
        if message['type'] == 'http.response.start':
            headers = [
                (name, _path_of(value) if name == b'location' else value)
                for name, value in message['headers']
            ]
            names = {name for name, _ in headers}
            headers += [item for item in _SAFE_HEADERS if item[0] not in names]
            message = {**message, 'headers': headers}
        await send(message)

    return send_safely


def _path_of(location: bytes) -> bytes:
    parts = urlsplit(location.decode('latin-1'))
    return urlunsplit(('', '', *parts[2:])).encode('latin-1')


async def _deny(scope: Scope, send: Send, denial: Denial) -> None:
    kind = 'http.response'
    if scope['type'] == 'websocket':
        kind = 'websocket.http.response'
    # Words of our own, none of them with a quote in it.
    body = f'{{"detail":"{denial.detail}"}}'.encode()
    headers = [
        (b'content-type', b'application/json'),
        (b'content-length', str(len(body)).encode()),
        *_SAFE_HEADERS,
    ]
    if denial.status == 401:
        headers.append((b'www-authenticate', b'Bearer'))
    if denial.status in (400, 408, 413, 503):
        headers.append((b'connection', b'close'))
    await send({'type': f'{kind}.start', 'status': denial.status, 'headers': headers})
    await send({'type': f'{kind}.body', 'body': body})
