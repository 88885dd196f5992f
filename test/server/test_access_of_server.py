# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""S13: access to the server: tokens, pages of other origins, and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
import http.client
import json
import logging
from pathlib import Path
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from support.certificates import Authority
from support.frames import HANDSHAKE
from support.peers import ws_path
from support.server import rules_of, running_server

from lerobot_arena_ros.server.access.guesses import DELAY_S, FREE_ATTEMPTS
from lerobot_arena_ros.server.access.rules import (
    Denial,
    Rules,
    checked_token,
    is_host_name,
    is_origin,
    split_query,
)
from lerobot_arena_ros.server.access.tokens import FULL_ACCESS
from lerobot_arena_ros.server.http.access_middleware import AccessMiddleware
from lerobot_arena_ros.server.http.app import create_app
from lerobot_arena_ros.server.rooms.limits import Limits

TOKEN = 'zebra-7/+=.~'
ROOMS = '/robotics/workspaces/lab/rooms'
PATH = ws_path('lab', 'arm')
BEARER = {'Authorization': f'Bearer {TOKEN}'}
ESCAPED = httpx.QueryParams({'token': TOKEN})


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run a server that requires a token and allows the pages of one other origin."""
    with running_server(rules=rules_of(TOKEN, 'https://example.org')) as address:
        httpx.post(address + ROOMS, json={'room_id': 'arm'}, headers=BEARER)
        yield address


def code_of(answer: object) -> str:
    """Return the error code of a refusal."""
    assert isinstance(answer, Denial), answer
    return answer.code


def shake_hands(url: str, path: str, **headers: str) -> tuple[int, dict[str, Any], str | None]:
    """Send a WebSocket handshake; return the status, the body and WWW-Authenticate."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request('GET', path, headers={**HANDSHAKE, **headers})
    reply = connection.getresponse()
    body = json.loads(reply.read() or '{}') if reply.status != 101 else {}
    connection.close()
    return reply.status, body, reply.getheader('www-authenticate')


def test_the_token_gives_access_to_rest(url: str) -> None:
    """The token in the header is accepted, with the scheme in any case."""
    for scheme in ('Bearer', 'bearer', 'BEARER'):
        reply = httpx.get(url + ROOMS, headers={'Authorization': f'{scheme} {TOKEN}'})
        assert (reply.status_code, reply.json()['total']) == (200, 1)


@pytest.mark.parametrize(
    'header',
    [None, '', TOKEN, 'Bearer', 'Bearer wrong', f'Basic {TOKEN}', f'Bearer {TOKEN}x'],
)
def test_any_other_is_401(url: str, header: str | None) -> None:
    """Any other token is refused with 401 over REST and in the handshake."""
    headers = {} if header is None else {'Authorization': header}

    reply = httpx.get(url + ROOMS, headers=headers)
    shaken = shake_hands(url, PATH, **headers)

    detail = {'detail': 'this server requires a valid bearer token'}
    assert (reply.status_code, reply.json()) == (401, detail)
    assert reply.headers['www-authenticate'] == 'Bearer'
    assert shaken == (401, detail, 'Bearer')


def test_a_browser_puts_the_token_into_the_query_of_a_websocket(url: str) -> None:
    """The token in the query is accepted for a WebSocket, and ignored for REST."""
    assert shake_hands(url, f'{PATH}?{ESCAPED}')[0] == 101
    assert shake_hands(url, f'{PATH}?a=1&{ESCAPED}&b=2')[0] == 101
    assert shake_hands(url, f'{PATH}?token=wrong')[0] == 401
    assert shake_hands(url, PATH, **BEARER)[0] == 101
    assert httpx.get(f'{url}{ROOMS}?{ESCAPED}').status_code == 401


@pytest.mark.parametrize('path', ['/health', '/robotics/health', '/video/health', '/api/health'])
def test_health_is_open(url: str, path: str) -> None:
    """The health checks need no token."""
    assert httpx.get(url + path).status_code == 200


def test_a_preflight_needs_no_token(url: str) -> None:
    """A preflight needs no token, and the page can read the 401 of the request itself."""
    origin = {'Origin': 'https://example.org'}
    asked = {
        **origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization',
    }

    preflight = httpx.options(url + ROOMS, headers=asked)
    reply = httpx.get(url + ROOMS, headers=origin)

    assert preflight.status_code == 200
    assert 'authorization' in preflight.headers['access-control-allow-headers']
    assert reply.status_code == 401
    assert reply.headers['access-control-allow-origin'] == 'https://example.org'


def test_pages_of_other_origins_are_refused(url: str) -> None:
    """Pages of other origins are refused over REST and WebSocket, even with the token."""
    foreign = {'Origin': 'https://evil.example', **BEARER}
    body = {'joints': [{'name': 'a', 'value': 1}]}

    replies = [
        httpx.get(url + ROOMS, headers=foreign),
        httpx.post(f'{url}{ROOMS}/arm/command', headers=foreign, json=body),
    ]

    for reply in replies:
        assert reply.status_code == 403
        assert '--allow-origin' in reply.json()['detail']
        assert 'access-control-allow-origin' not in reply.headers
    status, refused, _ = shake_hands(url, PATH, **foreign)
    assert status == 403
    assert '--allow-origin' in refused['detail']


def test_own_pages_and_allowed_origins_are_accepted(url: str) -> None:
    """Pages of the server and of allowed origins, and clients without origin, are accepted."""
    for origin in ({'Origin': url}, {'Origin': 'https://example.org'}, {}):
        assert httpx.get(url + ROOMS, headers={**origin, **BEARER}).status_code == 200
        assert shake_hands(url, PATH, **origin, **BEARER)[0] == 101


@pytest.mark.parametrize(
    ('origin', 'host', 'is_same'),
    [
        ('http://arena:8000', 'arena:8000', True),
        ('http://ARENA:8000', 'arena:8000', True),
        ('http://arena', 'arena', True),
        ('http://arena', 'arena:80', True),
        ('https://arena', 'arena:443', True),
        ('https://arena', 'arena', True),
        ('http://[::1]:8000', '[::1]:8000', True),
        ('http://arena:8001', 'arena:8000', False),
        ('http://arena.evil', 'arena', False),
        ('http://evil', 'arena', False),
        ('http://localhost', 'arena', False),
        ('ftp://arena', 'arena', False),
        ('null', 'arena', False),
        ('', 'arena', False),
        ('http://arena:port', 'arena', False),
        ('http://arena/', 'arena', False),
        ('http://[', 'arena', False),
    ],
)
def test_the_own_origin_is_that_of_the_host_header(origin: str, host: str, is_same: bool) -> None:
    """A page is of this server if its host and port are those of the Host header."""
    rules = Rules(hosts=frozenset({'arena'}))
    answer = rules.admit(ROOMS, {'origin': origin, 'host': host})

    assert answer == FULL_ACCESS if is_same else code_of(answer) == 'bad_origin'


@pytest.mark.parametrize(
    ('origin', 'scheme', 'is_same'),
    [
        ('http://arena', 'http', True),
        ('https://arena', 'https', True),
        ('https://arena', 'http', True),
        ('http://arena', 'https', False),
    ],
)
def test_a_page_without_tls_is_refused_by_a_server_with_tls(
    origin: str, scheme: str, is_same: bool
) -> None:
    """A page with TLS is accepted without TLS here, because a proxy may terminate TLS."""
    rules = Rules(hosts=frozenset({'arena'}))
    answer = rules.admit(ROOMS, {'origin': origin, 'host': 'arena'}, scheme=scheme)

    assert answer == FULL_ACCESS if is_same else code_of(answer) == 'bad_origin'


@pytest.mark.parametrize(
    ('host', 'is_known'),
    [
        ('localhost', True),
        ('LocalHost:8000', True),
        ('localhost.', True),
        ('127.0.0.1:8000', True),
        ('[::1]:8000', True),
        ('192.168.1.7', True),
        ('arena.example.org', True),
        ('arena.example.org:443', True),
        ('evil.example', False),
        ('localhost.evil.example', False),
        ('x.localhost', False),
        ('127.0.0.1.evil.example', False),
        ('evil@localhost', False),
        ('localhost/', False),
        ('localhost:port', False),
        ('[', False),
        ('', False),
    ],
)
def test_only_names_of_this_server_are_answered(host: str, is_known: bool) -> None:
    """Other host names are refused, because of DNS rebinding."""
    rules = Rules(hosts=frozenset({'arena.example.org'}))
    answer = rules.admit(ROOMS, {'host': host})

    assert answer == FULL_ACCESS if is_known else code_of(answer) == 'bad_host'


def test_a_page_behind_a_rebound_name_stays_outside(url: str) -> None:
    """Another host name gets 421 and an explanation, over REST and in the handshake."""
    rebound = {'Host': 'evil.example:8000', 'Origin': 'http://evil.example:8000', **BEARER}

    reply = httpx.get(url + ROOMS, headers=rebound)
    status, refused, _ = shake_hands(url, PATH, **rebound)

    assert reply.status_code == status == 421
    assert reply.json() == refused
    assert '--server-name' in refused['detail']


def test_a_star_allows_all_pages() -> None:
    """With ``*`` all pages are accepted, but only under a name of this server."""
    rules = Rules(origins=('*',))

    assert rules.admit(ROOMS, {'origin': 'https://evil.example', 'host': '[::1]'}) == FULL_ACCESS
    rebound = rules.admit(ROOMS, {'origin': 'https://evil.example', 'host': 'evil.example'})
    assert code_of(rebound) == 'bad_host'


def test_no_page_of_another_host_moves_a_robot_at_a_server_without_a_token() -> None:
    """A default server refuses pages of other origins, and accepts programs."""
    with running_server() as url:
        httpx.post(url + ROOMS, json={'room_id': 'arm'}).raise_for_status()
        page = {'Origin': 'https://evil.example', 'Content-Type': 'text/plain'}
        body = json.dumps({'joints': [{'name': 'a', 'value': 1}]})

        by_page = httpx.post(f'{url}{ROOMS}/arm/command', content=body, headers=page)
        shaken = shake_hands(url, PATH, Origin='https://evil.example')
        state = httpx.get(f'{url}{ROOMS}/arm/state').json()['state']
        by_program = httpx.post(f'{url}{ROOMS}/arm/command', content=body)

        assert by_page.status_code == shaken[0] == 403
        assert state['joints'] == {}
        assert by_program.json()['joints_updated'] == 1


def test_replies_are_not_kept_and_are_what_they_say(url: str) -> None:
    """Responses have no-store and nosniff; files of the console have their own headers."""
    for path in ('/health', ROOMS, '/nowhere'):
        for headers in ({}, BEARER):
            reply = httpx.get(url + path, headers=headers)
            assert reply.headers['cache-control'] == 'no-store', path
            assert reply.headers['x-content-type-options'] == 'nosniff'
    assert httpx.get(url).headers['cache-control'] == 'no-cache'


def test_a_redirect_names_no_host(url: str) -> None:
    """A redirect is relative, because the Host header comes from the client."""
    reply = httpx.get(f'{url}{ROOMS}/', headers={**BEARER, 'Host': 'localhost:1'})

    assert (reply.status_code, reply.headers['location']) == (307, ROOMS)


@pytest.mark.parametrize('text', ['*', 'null', 'http://a', 'https://a.b:8', 'https://[::1]:8'])
def test_an_origin_is_a_scheme_and_a_host(text: str) -> None:
    """An origin has a scheme, a host and optionally a port."""
    assert is_origin(text)


@pytest.mark.parametrize('text', ['', 'a', 'http://', 'http://a/', 'http://a:b', 'a b', '/'])
def test_anything_else_is_no_origin(text: str) -> None:
    """Any other text is not an origin."""
    assert not is_origin(text)


@pytest.mark.parametrize('text', ['arena', 'arena.example.org', 'ARENA'])
def test_a_host_name_is_only_a_name(text: str) -> None:
    """A host name has no scheme, port or path."""
    assert is_host_name(text)
    for wrong in (f'http://{text}', f'{text}:8000', f'{text}/', f'a@{text}', ''):
        assert not is_host_name(wrong)


@pytest.mark.parametrize(('text', 'why'), [('', 'empty'), ('\n', 'empty'), ('se cret', 'visible')])
def test_the_error_of_an_invalid_token_does_not_contain_it(text: str, why: str) -> None:
    """The error does not contain the token; white space around a token is removed."""
    assert checked_token(' secret\n') == 'secret'
    with pytest.raises(ValueError, match=why) as caught:
        checked_token(text)

    assert 'cret' not in str(caught.value)


def test_a_client_that_guesses_tokens_has_to_wait() -> None:
    """After wrong tokens each token of an address is delayed, even the right one."""

    def timed(token: str, path: str = ROOMS) -> tuple[int, float]:
        started = time.monotonic()
        reply = httpx.get(address + path, headers={'Authorization': f'Bearer {token}'})
        return reply.status_code, time.monotonic() - started

    with running_server(rules=rules_of(TOKEN)) as address:
        for number in range(FREE_ATTEMPTS):
            status, took_s = timed(f'guess-{number}')
            assert (status, took_s < DELAY_S) == (401, True)
        for _ in range(FREE_ATTEMPTS):
            assert httpx.get(address + ROOMS).status_code == 401  # No token, so not a guess.
        with ThreadPoolExecutor(2) as pool:
            late = pool.submit(timed, 'another-guess'), pool.submit(timed, TOKEN)
            unasked = timed(TOKEN, '/health')

    assert [each.result()[0] for each in late] == [401, 200]
    assert min(each.result()[1] for each in late) >= DELAY_S
    assert (unasked[0], unasked[1] < DELAY_S) == (200, True)


def test_guesses_behind_a_proxy_delay_no_client() -> None:
    """Without a limit per address there is no delay, because a proxy has one address."""
    with running_server(limits=Limits(per_address=0), rules=rules_of(TOKEN)) as address:
        with httpx.Client(base_url=address) as http:
            for number in range(FREE_ATTEMPTS + 1):
                started = time.monotonic()
                reply = http.get(ROOMS, headers={'Authorization': f'Bearer {number}'})
                assert reply.status_code == 401
        # No attempt before the last one can have been delayed.
        assert time.monotonic() - started < DELAY_S


@pytest.mark.parametrize(
    'path', ['/health', '/robotics/health', '/video/health', '/console/main.js', '/']
)
def test_an_open_path_does_not_reveal_whether_a_token_is_right(path: str) -> None:
    """A path without access control ignores tokens, and promotes no connection."""
    with running_server(rules=rules_of(TOKEN)) as address:
        for token in (TOKEN, 'wrong'):
            with httpx.Client(headers={'Authorization': f'Bearer {token}'}) as http:
                assert http.get(address + path).status_code == 200
                metrics = httpx.get(f'{address}/metrics', headers=BEARER).text
                assert 'lerobot_arena_connections{kind="belonging"} 1.0' in metrics


@pytest.mark.parametrize(
    ('query', 'left', 'token'),
    [
        ('', '', None),
        ('a=1', 'a=1', None),
        ('token=x', '', 'x'),
        ('token=', '', ''),
        ('a=1&token=x%2B&b=2', 'a=1&b=2', 'x+'),
        ('tokens=1', 'tokens=1', None),
    ],
)
def test_the_token_is_removed_from_the_query(query: str, left: str, token: str | None) -> None:
    """The token is removed, so that it cannot be logged with the query."""
    assert split_query(query) == (left, token)


def test_the_token_is_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No logger writes the token at any level, for accepted and refused requests."""
    caplog.set_level(logging.DEBUG)
    for name in ('websockets', 'lerobot_arena_ros.websockets'):
        caplog.set_level(5, name)
    with running_server(rules=rules_of(TOKEN)) as url:
        for path in (PATH, '/nowhere', ROOMS):
            shake_hands(url, f'{path}?{ESCAPED}')
            shake_hands(url, f'{path}?{ESCAPED}x')
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        for header in (f'Bearer {TOKEN}', f'Bearer {TOKEN}x'):
            for path in (ROOMS, '/nowhere', f'{ROOMS}?{ESCAPED}'):
                connection.request('GET', path, headers={'Authorization': header})
                connection.getresponse().read()
        connection.close()

    assert 'event=access_denied' in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert TOKEN not in caplog.text
    assert str(ESCAPED) not in caplog.text
    assert TOKEN not in repr(rules_of(TOKEN))


@pytest.mark.parametrize('kind', ['http', 'websocket'])
async def test_what_serves_a_request_does_not_see_the_token(kind: str) -> None:
    """The application gets the query and the headers without the token."""
    seen: list[Any] = []

    async def record(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope)

    async def receive() -> dict[str, Any]:
        return {'type': 'http.request', 'body': b'', 'more_body': False}

    async def send(message: Any) -> None:
        pytest.fail(f'it was refused: {message}')

    manager = create_app().state.manager
    entry, _ = manager.admission.arrive('127.0.0.1', lambda: None, 0.0)
    scope = {
        'type': kind,
        'scheme': {'http': 'http', 'websocket': 'ws'}[kind],
        'path': ROOMS,
        'client': ('127.0.0.1', 1),
        'query_string': f'a=b&{ESCAPED}'.encode(),
        'headers': [(b'host', b'localhost'), (b'authorization', f'Bearer {TOKEN}'.encode())],
        'state': {'entry': entry},
    }
    await AccessMiddleware(record, manager=manager, rules=rules_of(TOKEN))(scope, receive, send)

    (passed,) = seen
    assert passed['query_string'] == b'a=b'
    assert passed['headers'] == [(b'host', b'localhost')]
    assert TOKEN not in repr(passed) and str(ESCAPED) not in repr(passed)


@pytest.mark.parametrize('token', ['', TOKEN], ids=['no tokens', 'with a token'])
async def test_the_connection_of_a_request_that_is_served_is_kept(token: str) -> None:
    """No other connection takes its place before the answer, and one may do so afterwards."""
    manager = create_app(limits=Limits(per_address=1)).state.manager
    entry, _ = manager.admission.arrive('127.0.0.1', lambda: None, 0.0)
    scope = {
        'type': 'http',
        'scheme': 'http',
        'path': ROOMS,
        'client': ('127.0.0.1', 1),
        'query_string': b'',
        'headers': [(b'host', b'localhost'), (b'authorization', f'Bearer {token}'.encode())],
        'state': {'entry': entry},
    }

    async def serve(_scope: Any, _receive: Any, _send: Any) -> None:
        assert manager.admission.arrive('127.0.0.1', lambda: None, 1.0) == (None, None)

    async def receive() -> dict[str, Any]:
        return {'type': 'http.request', 'body': b'', 'more_body': False}

    async def send(message: Any) -> None:
        pytest.fail(f'it was refused: {message}')

    rules = rules_of(token) if token else Rules()
    await AccessMiddleware(serve, manager=manager, rules=rules)(scope, receive, send)

    assert manager.admission.arrive('127.0.0.1', lambda: None, 2.0)[1] is entry


def test_tls_is_what_the_certificate_makes_it(tmp_path: Path) -> None:
    """A client that trusts the authority can connect; without TLS no client can."""
    authority = Authority(tmp_path)
    with running_server(certificate=authority.certify_this_machine()) as url:
        with pytest.raises(httpx.ConnectError, match='CERTIFICATE_VERIFY_FAILED'):
            httpx.get(f'{url}/health')
        context = ssl.create_default_context(cafile=authority.file)
        assert url.startswith('https://')
        assert httpx.get(f'{url}/health', verify=context).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f'http{url.removeprefix("https")}/health')
