"""S13: who may talk to the server: the token, web pages of other hosts, TLS."""

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
from support.peers import ws_path
from support.server import rules_of, running_server

from lerobot_arena_ros.server.access.guesses import DELAY_S, FREE
from lerobot_arena_ros.server.access.rules import (
    Denial,
    Rules,
    checked_token,
    is_host_name,
    is_origin,
    split_query,
)
from lerobot_arena_ros.server.access.tokens import EVERYTHING
from lerobot_arena_ros.server.http.access_middleware import AccessMiddleware
from lerobot_arena_ros.server.http.app import create_app
from lerobot_arena_ros.server.rooms.limits import Limits

TOKEN = 'zebra-7/+=.~'
ROOMS = '/robotics/workspaces/lab/rooms'
PATH = ws_path('lab', 'arm')
HANDSHAKE = {
    'Connection': 'Upgrade',
    'Upgrade': 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
}
BEARER = {'Authorization': f'Bearer {TOKEN}'}
ESCAPED = httpx.QueryParams({'token': TOKEN})


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run a server that wants a token, and lets the pages of one other host in."""
    with running_server(rules=rules_of(TOKEN, 'https://example.org')) as address:
        httpx.post(address + ROOMS, json={'room_id': 'arm'}, headers=BEARER)
        yield address


def code_of(answer: object) -> str:
    """Return the reason of a refusal."""
    assert isinstance(answer, Denial), answer
    return answer.code


def shake_hands(url: str, path: str, **headers: str) -> tuple[int, dict[str, Any], str | None]:
    """Ask for a WebSocket; return the status, a refusal's body, and what authentication is due."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request('GET', path, headers={**HANDSHAKE, **headers})
    reply = connection.getresponse()
    body = json.loads(reply.read() or '{}') if reply.status != 101 else {}
    connection.close()
    return reply.status, body, reply.getheader('www-authenticate')


def test_the_token_opens_rest(url: str) -> None:
    """In the header, whatever the case of its scheme."""
    for scheme in ('Bearer', 'bearer', 'BEARER'):
        reply = httpx.get(url + ROOMS, headers={'Authorization': f'{scheme} {TOKEN}'})
        assert (reply.status_code, reply.json()['total']) == (200, 1)


@pytest.mark.parametrize(
    'header',
    [None, '', TOKEN, 'Bearer', 'Bearer wrong', f'Basic {TOKEN}', f'Bearer {TOKEN}x'],
)
def test_any_other_is_401(url: str, header: str | None) -> None:
    """With what is due, and without what came, over REST and in the handshake."""
    headers = {} if header is None else {'Authorization': header}

    reply = httpx.get(url + ROOMS, headers=headers)
    shaken = shake_hands(url, PATH, **headers)

    detail = {'detail': 'this server wants a bearer token, and the right one'}
    assert (reply.status_code, reply.json()) == (401, detail)
    assert reply.headers['www-authenticate'] == 'Bearer'
    assert shaken == (401, detail, 'Bearer')


def test_a_browser_puts_the_token_into_the_query_of_a_websocket(url: str) -> None:
    """It can set no header there; over REST it can, so there a query is not looked at."""
    assert shake_hands(url, f'{PATH}?{ESCAPED}')[0] == 101
    assert shake_hands(url, f'{PATH}?a=1&{ESCAPED}&b=2')[0] == 101
    assert shake_hands(url, f'{PATH}?token=wrong')[0] == 401
    assert shake_hands(url, PATH, **BEARER)[0] == 101
    assert httpx.get(f'{url}{ROOMS}?{ESCAPED}').status_code == 401


@pytest.mark.parametrize('path', ['/health', '/robotics/health', '/api/health'])
def test_health_is_open(url: str, path: str) -> None:
    """For whoever watches over the server."""
    assert httpx.get(url + path).status_code == 200


def test_a_preflight_needs_no_token(url: str) -> None:
    """A browser sends none with it; that the request itself needs one, a page can read."""
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


def test_pages_of_other_hosts_stay_outside(url: str) -> None:
    """Even with the token, over REST or for a WebSocket, and whatever they ask."""
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


def test_own_pages_and_those_of_listed_hosts_come_in(url: str) -> None:
    """A program that is no browser names no origin, and comes in, too."""
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
    """A page is one of ours if its name and port are those that the server was asked by."""
    rules = Rules(hosts=frozenset({'arena'}))
    answer = rules.admit(ROOMS, {'origin': origin, 'host': host})

    assert answer == EVERYTHING if is_same else code_of(answer) == 'bad_origin'


@pytest.mark.parametrize(
    ('origin', 'scheme', 'is_same'),
    [
        ('http://arena', 'http', True),
        ('https://arena', 'https', True),
        ('https://arena', 'http', True),
        ('http://arena', 'https', False),
    ],
)
def test_a_page_without_tls_is_none_of_a_server_with_tls(
    origin: str, scheme: str, is_same: bool
) -> None:
    """The other way round it is, because a proxy in front of the server may have the TLS."""
    rules = Rules(hosts=frozenset({'arena'}))
    answer = rules.admit(ROOMS, {'origin': origin, 'host': 'arena'}, scheme=scheme)

    assert answer == EVERYTHING if is_same else code_of(answer) == 'bad_origin'


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
    """A web page can make its own host name resolve to this machine, and would be let in."""
    rules = Rules(hosts=frozenset({'arena.example.org'}))
    answer = rules.admit(ROOMS, {'host': host})

    assert answer == EVERYTHING if is_known else code_of(answer) == 'bad_host'


def test_a_page_behind_a_rebound_name_stays_outside(url: str) -> None:
    """Over REST and in the handshake, with 421 and what to do about it."""
    rebound = {'Host': 'evil.example:8000', 'Origin': 'http://evil.example:8000', **BEARER}

    reply = httpx.get(url + ROOMS, headers=rebound)
    status, refused, _ = shake_hands(url, PATH, **rebound)

    assert reply.status_code == status == 421
    assert reply.json() == refused
    assert '--server-name' in refused['detail']


def test_a_star_lets_all_pages_in() -> None:
    """A page of any host may then use the server, but by a name of this server only."""
    rules = Rules(origins=('*',))

    assert rules.admit(ROOMS, {'origin': 'https://evil.example', 'host': '[::1]'}) == EVERYTHING
    rebound = rules.admit(ROOMS, {'origin': 'https://evil.example', 'host': 'evil.example'})
    assert code_of(rebound) == 'bad_host'


def test_no_page_of_another_host_moves_a_robot_at_a_server_without_a_token() -> None:
    """The default server on this machine: pages are refused, programs are not."""
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
    """What concerns robots stays out of caches; files of the console say so themselves."""
    for path in ('/health', ROOMS, '/nowhere'):
        for headers in ({}, BEARER):
            reply = httpx.get(url + path, headers=headers)
            assert reply.headers['cache-control'] == 'no-store', path
            assert reply.headers['x-content-type-options'] == 'nosniff'
    assert httpx.get(url).headers['cache-control'] == 'no-cache'


def test_a_redirect_names_no_host(url: str) -> None:
    """The host is what the client says that it is."""
    reply = httpx.get(f'{url}{ROOMS}/', headers={**BEARER, 'Host': 'localhost:1'})

    assert (reply.status_code, reply.headers['location']) == (307, ROOMS)


@pytest.mark.parametrize('text', ['*', 'null', 'http://a', 'https://a.b:8', 'https://[::1]:8'])
def test_an_origin_is_a_scheme_and_a_host(text: str) -> None:
    """And perhaps a port, as browsers write it."""
    assert is_origin(text)


@pytest.mark.parametrize('text', ['', 'a', 'http://', 'http://a/', 'http://a:b', 'a b', '/'])
def test_anything_else_is_no_origin(text: str) -> None:
    """No page would ever come from there, so it must be a mistake."""
    assert not is_origin(text)


@pytest.mark.parametrize('text', ['arena', 'arena.example.org', 'ARENA'])
def test_a_host_name_is_a_name_alone(text: str) -> None:
    """It has no scheme, port or path."""
    assert is_host_name(text)
    for wrong in (f'http://{text}', f'{text}:8000', f'{text}/', f'a@{text}', ''):
        assert not is_host_name(wrong)


@pytest.mark.parametrize(('text', 'why'), [('', 'empty'), ('\n', 'empty'), ('se cret', 'visible')])
def test_a_bad_token_is_said_without_telling_it(text: str, why: str) -> None:
    """The white space around a token, as at the end of a file, does not belong to it."""
    assert checked_token(' secret\n') == 'secret'
    with pytest.raises(ValueError, match=why) as caught:
        checked_token(text)

    assert 'cret' not in str(caught.value)


def test_who_guesses_tokens_has_to_wait() -> None:
    """For a right one too, because its answer would otherwise come before that of a wrong one."""

    def timed(token: str, path: str = ROOMS) -> tuple[int, float]:
        started = time.monotonic()
        reply = httpx.get(address + path, headers={'Authorization': f'Bearer {token}'})
        return reply.status_code, time.monotonic() - started

    with running_server(rules=rules_of(TOKEN)) as address:
        for number in range(FREE):
            status, took_s = timed(f'guess-{number}')
            assert (status, took_s < DELAY_S) == (401, True)
        for _ in range(FREE):
            assert httpx.get(address + ROOMS).status_code == 401  # No token is no guess.
        with ThreadPoolExecutor(2) as pool:
            late = pool.submit(timed, 'another-guess'), pool.submit(timed, TOKEN)
            unasked = timed(TOKEN, '/health')

    assert [each.result()[0] for each in late] == [401, 200]
    assert min(each.result()[1] for each in late) >= DELAY_S
    assert (unasked[0], unasked[1] < DELAY_S) == (200, True)


def test_who_guesses_behind_a_proxy_makes_nobody_wait() -> None:
    """All clients have the address of the proxy, where there is no limit per address."""
    with running_server(limits=Limits(per_address=0), rules=rules_of(TOKEN)) as address:
        started = time.monotonic()
        for number in range(FREE + 1):
            reply = httpx.get(address + ROOMS, headers={'Authorization': f'Bearer {number}'})
            assert reply.status_code == 401
        assert time.monotonic() - started < DELAY_S


@pytest.mark.parametrize('path', ['/health', '/robotics/health', '/console/main.js', '/'])
def test_an_open_path_does_not_tell_whether_a_token_is_right(path: str) -> None:
    """It looks at none, and gives no place among those who belong."""
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
def test_the_token_is_taken_out_of_the_query(query: str, left: str, token: str | None) -> None:
    """So that whoever logs the query later does not log the token."""
    assert split_query(query) == (left, token)


def test_the_token_is_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not even at the lowest level, by whatever library, let in or not."""
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
    """So it can neither log it nor answer with it; the rest of the query and the headers stay."""
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


def test_tls_is_what_the_certificate_makes_it(tmp_path: Path) -> None:
    """Who trusts its authority talks to the server; without TLS nobody does."""
    authority = Authority(tmp_path)
    with running_server(certificate=authority.certify_this_machine()) as url:
        with pytest.raises(httpx.ConnectError, match='CERTIFICATE_VERIFY_FAILED'):
            httpx.get(f'{url}/health')
        context = ssl.create_default_context(cafile=authority.file)
        assert url.startswith('https://')
        assert httpx.get(f'{url}/health', verify=context).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f'http{url.removeprefix("https")}/health')
