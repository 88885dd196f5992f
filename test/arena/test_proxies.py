# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The choice of a proxy from the environment variables, and connections through real proxies."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority
from support.fake_arena import answering
from support.forward_proxy import forward_proxy
from support.server import rules_of, running_server
from support.socks_proxy import socks_proxy

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena import proxies
from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import open_connection
from lerobot_arena_ros.arena.errors import (
    ArenaError,
    ConnectError,
    InvalidAccess,
    InvalidProxy,
    TransportError,
)
from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.proxies import ENVIRONMENT_NAMES, Environment
from lerobot_arena_ros.arena.reconnect import is_retryable
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.server.access.rules import Rules

PROXY = 'http://proxy:3128'
ARENA = 'http://arena.example:8000'


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all proxy variables from the environment."""
    for name in ENVIRONMENT_NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def all_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the libraries for all kinds of proxies are installed."""
    monkeypatch.setattr(proxies, '_check_libraries', lambda _: None)


def proxy_shown(url: str, **values: str) -> str | None:
    """Return the proxy for a server, without user and password; None = connect directly."""
    proxy = Environment(values).proxy_for(Address.parse(url))
    return None if proxy is None else proxy.shown


@pytest.mark.usefixtures('all_libraries')
@pytest.mark.parametrize(
    ('url', 'values', 'expected'),
    [
        (ARENA, {}, None),
        (ARENA, {'http_proxy': PROXY}, PROXY),
        (ARENA, {'HTTP_PROXY': PROXY}, PROXY),
        (ARENA, {'http_proxy': 'http://a:1', 'HTTP_PROXY': 'http://b:2'}, 'http://a:1'),
        (ARENA, {'http_proxy': '', 'HTTP_PROXY': PROXY}, None),
        (ARENA, {'http_proxy': PROXY, 'ALL_PROXY': 'socks://desktop:1'}, PROXY),
        (ARENA, {'all_proxy': PROXY}, PROXY),
        (ARENA, {'https_proxy': PROXY}, None),
        ('https://arena.example', {'https_proxy': PROXY}, PROXY),
        ('https://arena.example', {'http_proxy': PROXY}, None),
        (ARENA, {'http_proxy': 'proxy'}, 'http://proxy:80'),
        (ARENA, {'http_proxy': ' proxy:3128/ '}, PROXY),
        (ARENA, {'http_proxy': 'HTTPS://PROXY'}, 'https://proxy:443'),
        (ARENA, {'http_proxy': 'http://[fd00::1]:3128'}, 'http://[fd00::1]:3128'),
        (ARENA, {'http_proxy': 'http://me:pass@proxy:3128'}, PROXY),
        (ARENA, {'http_proxy': 'socks5://proxy'}, 'socks5://proxy:1080'),
        (ARENA, {'ALL_PROXY': 'socks5h://proxy:9050'}, 'socks5h://proxy:9050'),
        (ARENA, {'SOCKS_PROXY': 'proxy:9050'}, 'socks5h://proxy:9050'),
    ],
    ids=repr,
)
def test_the_proxy_of_a_server(url: str, values: dict[str, str], expected: str | None) -> None:
    """The variable of the URL's scheme takes precedence, and lower case over upper case."""
    assert proxy_shown(url, **values) == expected


LOOPBACK = [
    'http://localhost:8000',
    'http://LOCALHOST:8000',
    'http://127.0.0.1:8000',
    'https://127.1.2.3',
    'http://[::1]:8000',
    'http://[::ffff:127.0.0.1]:8000',
    'http://0.0.0.0:8000',
    'http://[::]:8000',
]


@pytest.mark.parametrize('url', LOOPBACK)
def test_this_machine_is_never_behind_a_proxy(url: str) -> None:
    """A server on this machine is connected directly, even if a variable is invalid."""
    odd = {'http_proxy': 'nonsense://', 'HTTPS_PROXY': PROXY, 'ALL_PROXY': 'socks://x:1'}

    assert proxy_shown(url, **odd, no_proxy='fd00::/999') is None


EXCEPTIONS = {
    '*': [ARENA],
    'arena.example': [ARENA, 'http://a.arena.example', 'http://ARENA.example.'],
    '.example': [ARENA],
    'other.org, arena.example': [ARENA],
    'other.org\tarena.example': [ARENA],
    ' ,, arena.example ,': [ARENA],
    'ARENA.Example': [ARENA],
    '*.example': [ARENA],
    '*.local': ['http://arm1.local:8000'],
    'arena.example:8000': [ARENA],
    'bücher.example': ['http://xn--bcher-kva.example'],
    '192.168.0.0/16': ['http://192.168.7.9:8000'],
    '192.168.7.0/16': ['http://192.168.200.9'],
    '192.168.*': ['http://192.168.7.9'],
    '10.0.0.7': ['http://10.0.0.7:8000', 'http://[::ffff:10.0.0.7]'],
    '10.0.0.7:8000': ['http://10.0.0.7:8000'],
    'fd00::/8': ['http://[fd12:3456::1]:8000'],
    '[fd00::]/8': ['http://[fd12:3456::1]:8000'],
    'fd00::1': ['http://[fd00::1]:8000'],
    '[fd00::1]': ['http://[fd00::1]:8000', 'http://[FD00:0::1]'],
    '[fd00::1]:8000': ['http://[fd00::1]:8000'],
    'fe80::/10': ['http://[fe80::1%25eth0]:8000'],
}


@pytest.mark.parametrize(
    ('text', 'url'), [(text, url) for text, urls in EXCEPTIONS.items() for url in urls]
)
def test_an_exception_is_connected_to_directly(text: str, url: str) -> None:
    """NO_PROXY accepts names with subdomains, addresses and networks, optionally with a port."""
    assert proxy_shown(url, http_proxy=PROXY, NO_PROXY=text) is None


@pytest.mark.usefixtures('all_libraries')
@pytest.mark.parametrize(
    ('text', 'url'),
    [
        ('', ARENA),
        ('example.org', ARENA),
        ('rena.example', ARENA),
        ('a.arena.example', ARENA),
        ('arena.example:80', ARENA),
        ('*.local', ARENA),
        ('10.0.0.0/8', 'http://192.168.7.9'),
        ('10.0.0.7:80', 'http://10.0.0.7:8000'),
        ('10.0.0.7', 'http://10.0.0.70'),
        ('fd00::/8', 'http://[fe80::1]:8000'),
        ('[::1]', ARENA),
        ('[fd00::1]:80', 'http://[fd00::1]:8000'),
    ],
)
def test_without_a_matching_exception_the_proxy_is_used(text: str, url: str) -> None:
    """A NO_PROXY entry for other servers has no effect."""
    assert proxy_shown(url, http_proxy=PROXY, NO_PROXY=text) == PROXY


@pytest.mark.parametrize(
    ('entry', 'url'),
    [
        ('http://arena.example', ARENA),
        ('arena.example:x', ARENA),
        ('arena.example/*', ARENA),
        ('192.168.', 'http://192.168.1.7:8000'),
    ],
)
def test_an_invalid_exception_that_may_mean_the_server_is_refused(entry: str, url: str) -> None:
    """It is not ignored, because traffic that it should exclude would go through the proxy."""
    with pytest.raises(InvalidProxy) as caught:
        proxy_shown(url, http_proxy=PROXY, no_proxy=f'example.org, {entry}')
    assert f'variable no_proxy has the invalid entry {entry!r}' in str(caught.value)
    assert '\n' not in str(caught.value)

    assert proxy_shown(ARENA, http_proxy=PROXY, no_proxy=f'arena.example, {entry}') is None
    assert proxy_shown(ARENA, no_proxy=entry) is None


@pytest.mark.usefixtures('all_libraries')
@pytest.mark.parametrize(
    'entry', ['a/b', '10.0.0.0/99', '192.168.', '<local>', '/var/run/docker.sock', 'fd00::/x']
)
def test_an_invalid_exception_for_other_servers_is_a_warning(
    entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not end a bridge, because other programs may accept such an entry."""
    assert proxy_shown(ARENA, http_proxy=PROXY, no_proxy=f'{entry}, example.org') == PROXY
    assert f'variable no_proxy has the invalid entry {entry!r}' in caplog.text


UNUSABLE = [
    ('ALL_PROXY', 'socks://127.0.0.1:1080', 'socks://127.0.0.1:1080'),
    ('http_proxy', 'ftp://proxy', 'ftp://proxy'),
    ('http_proxy', 'http://', 'http://'),
    ('http_proxy', '://proxy', '://proxy'),
    ('http_proxy', 'http://proxy:99999', 'http://proxy:99999'),
    ('http_proxy', 'http://proxy:0', 'http://proxy:0'),
    ('http_proxy', 'http://proxy:3128/path', 'http://proxy:3128/'),
    ('http_proxy', 'http://pro xy:3128', 'http://pro xy:3128'),
    ('http_proxy', 'http://xn--a:3128', 'http://xn--a:3128'),
    ('http_proxy', 'http://[::1:3128', 'http://[::1:3128'),
    ('HTTP_PROXY', 'http://me:secret@proxy:port', 'http://***@proxy:***'),
    ('HTTP_PROXY', 'ftp://me:se/#@cret@proxy:1', 'ftp://***@proxy:1'),
    ('HTTP_PROXY', 'http://me:secret', 'http://me:***'),
    ('HTTP_PROXY', 'me:secret@', '***@'),
]


@pytest.mark.parametrize(('variable', 'value', 'shown'), UNUSABLE)
def test_an_invalid_variable_is_named(variable: str, value: str, shown: str) -> None:
    """The error has the variable, its value without a password, and a remedy, in one line."""
    with pytest.raises(InvalidProxy) as caught:
        proxy_shown(ARENA, **{variable: value})

    text = str(caught.value)
    assert f'environment variable {variable} = {shown!r}: expected ' in text
    assert 'unset the variable' in text and 'NO_PROXY' in text
    assert '\n' not in text and 'secret' not in text and 'cret@' not in text
    assert not is_retryable(caught.value)


@pytest.mark.parametrize('make', [RoboticsProducer, RoboticsConsumer])
def test_a_client_refuses_an_invalid_proxy_at_construction(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invalid proxy raises before any connection."""
    monkeypatch.setenv('ALL_PROXY', 'socks://127.0.0.1:1080')

    with pytest.raises(InvalidAccess, match='environment variable ALL_PROXY = '):
        make(ARENA)
    make('http://127.0.0.1:8000')


@pytest.mark.parametrize('missing', ['socksio', 'python_socks'])
def test_missing_packages_for_socks_are_named(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the packages that SOCKS requires."""
    monkeypatch.setattr(proxies, 'find_spec', lambda name: None if name == missing else name)

    with pytest.raises(InvalidProxy) as caught:
        proxy_shown(ARENA, ALL_PROXY='socks5://me:secret@proxy:1080')

    text = str(caught.value)
    assert 'the proxy socks5://proxy:1080 of ALL_PROXY needs packages' in text
    assert "pip install 'httpx[socks]' 'python-socks[asyncio]'" in text
    assert 'secret' not in text


def test_a_decision_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that changes while a bridge runs does not end the bridge."""
    monkeypatch.setattr(proxies, 'find_spec', lambda name: name)
    environment = Environment({'ALL_PROXY': 'socks5://proxy'})
    before = environment.proxy_for(Address.parse(ARENA))
    monkeypatch.setattr(proxies, 'find_spec', lambda _: None)

    assert environment.proxy_for(Address.parse(ARENA)) == before is not None


def test_no_representation_contains_the_password() -> None:
    """The ``repr`` of the environment and of the proxy does not contain the password."""
    environment = Environment({'http_proxy': 'http://me:secret@proxy'})
    proxy = environment.proxy_for(Address.parse(ARENA))

    assert 'secret' not in f'{environment!r}{Access(environment=environment)!r}{proxy!r}{proxy}'


# ----- real proxies


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run an arena server."""
    with running_server(rules=Rules(hosts=frozenset({'arena.example'}))) as address:
        yield address


async def exchange(client_url: str, **options: Any) -> None:
    """Create a room, join it and leave it."""
    async with RoboticsConsumer(client_url, **options) as consumer:
        assert await consumer.connect(*await consumer.create_room())


@pytest.mark.parametrize('login', ['', 'me:p%40ss%23word@', 'me:p@ss#word@', 'me@'])
async def test_rest_and_websocket_go_through_one_proxy(
    url: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """REST and WebSocket use the same user and password, with any characters in them."""
    async with forward_proxy(url) as proxy:
        monkeypatch.setenv('http_proxy', f'http://{login}{proxy.place}')
        await exchange(ARENA)

    assert [method for method, _ in proxy.requests] == ['POST', 'CONNECT']
    assert all('arena.example:8000' in target for _, target in proxy.requests)
    password = 'p@ss#word' if ':' in login else ''
    expected = f'Basic {b64encode(f"me:{password}".encode()).decode()}' if login else ''
    assert proxy.logins == [expected, expected]


@pytest.mark.parametrize('login', ['', 'me:p%40ss@'], ids=['without a login', 'with a login'])
@pytest.mark.parametrize('scheme', ['socks5', 'socks5h'])
async def test_rest_and_websocket_go_through_one_socks_proxy(
    url: str, scheme: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy resolves the name, and both connections log in to it."""
    for module in ('python_socks', 'socksio'):
        pytest.importorskip(module, reason='apt does not have what SOCKS needs')
    async with socks_proxy(url) as proxy:
        monkeypatch.setenv('all_proxy', f'{scheme}://{login}{proxy.place}')
        await exchange(ARENA)

    assert proxy.targets == ['arena.example:8000'] * 2
    assert proxy.logins == ['me:p@ss' if login else ''] * 2


async def test_a_token_goes_through_a_proxy_only_with_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TLS the token is sent through the proxy; without TLS the connection is direct."""
    authority = Authority(tmp_path)
    certificate = authority.certify_this_machine()
    with running_server(
        rules=rules_of('secret', hosts=['arena.example']), certificate=certificate
    ) as address:
        async with forward_proxy(address) as proxy:
            monkeypatch.setenv('https_proxy', f'http://{proxy.place}')
            await exchange('https://arena.example', token='secret', ca_file=authority.file)

    assert proxy.requests == [('CONNECT', 'arena.example:443')] * 2
    plain = Access('secret', environment=Environment({'http_proxy': PROXY}))
    assert plain.proxy(Address.parse(ARENA)) is None


async def test_the_connection_to_a_proxy_may_be_encrypted(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy's certificate is checked with the system's authorities, or ``SSL_CERT_FILE``."""
    authority = Authority(tmp_path)
    monkeypatch.setenv('SSL_CERT_FILE', authority.file)
    async with forward_proxy(url, authority.certify_this_machine()) as proxy:
        monkeypatch.setenv('http_proxy', f'https://{proxy.place}')
        await exchange(ARENA)

    assert [method for method, _ in proxy.requests] == ['POST', 'CONNECT']


async def test_loopback_and_exceptions_do_not_use_the_proxy(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback servers and exceptions are connected directly, even if all variables are set."""
    async with forward_proxy(url) as proxy:
        for name in ('http_proxy', 'https_proxy', 'all_proxy', 'ws_proxy', 'wss_proxy'):
            monkeypatch.setenv(name, f'http://{proxy.place}')
        monkeypatch.setenv('socks_proxy', f'socks5://{proxy.place}')
        monkeypatch.setenv('no_proxy', '[::1], fd00::/8')
        await exchange(url)

    assert proxy.requests == []


async def test_the_environment_is_read_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later change of the environment has no effect on an existing client."""
    async with forward_proxy(url) as proxy:
        monkeypatch.setenv('http_proxy', f'http://{proxy.place}')
        async with RoboticsConsumer(ARENA) as through, RoboticsConsumer(url) as direct:
            monkeypatch.setenv('http_proxy', 'socks://nowhere:1')
            monkeypatch.setenv('ALL_PROXY', 'socks5h://nowhere:1')
            monkeypatch.setenv('no_proxy', 'arena.example, a/b')
            room = await through.create_room()
            assert await through.connect(*room)
            assert await direct.connect(*room)

    assert [method for method, _ in proxy.requests] == ['POST', 'CONNECT']


@pytest.mark.parametrize('refusal', ['407 Login', '403 Forbidden', '502 Bad', '401 Who'])
async def test_a_refusing_proxy_is_named_and_retryable(url: str, refusal: str) -> None:
    """The status of a proxy is not treated as a status of the arena."""
    async with forward_proxy(url) as proxy:
        proxy.refusal = refusal
        access = Access(environment=Environment({'http_proxy': f'http://a:secret@{proxy.place}'}))
        address = Address.parse(ARENA)
        with pytest.raises(ArenaError) as rest:
            await Rooms(address, access=access).list('lab')
        with pytest.raises(ConnectError) as socket:
            await open_connection(address, 'lab', 'arm', Role.CONSUMER, access=access)

    for caught in (rest, socket):
        assert f'(through the proxy http://{proxy.place} of http_proxy)' in str(caught.value)
        assert refusal[:3] in str(caught.value)
        assert 'secret' not in str(caught.value)
    assert is_retryable(socket.value)


@pytest.mark.parametrize(
    ('reply', 'text'),
    [
        pytest.param(b'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'invalid HTTP response', id='no HTTP'),
        pytest.param(b'', 'the proxy closed the connection', id='nothing'),
        pytest.param(b'HTTP/1.1 200', 'the proxy closed the connection', id='a part'),
        pytest.param(
            b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n', '403', id='informational'
        ),
    ],
)
async def test_a_proxy_that_sends_no_valid_response_is_named(reply: bytes, text: str) -> None:
    """Any reply of a proxy that is not a tunnel is a retryable error that names the proxy."""
    async with answering(reply) as url:
        access = Access(environment=Environment({'http_proxy': url}))
        with pytest.raises(ConnectError, match=text) as caught:
            await open_connection(Address.parse(ARENA), 'lab', 'arm', Role.CONSUMER, access=access)

    assert f'(through the proxy {url} of http_proxy)' in str(caught.value)
    assert is_retryable(caught.value)


async def test_an_untranslated_library_error_is_translated(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected library error is a retryable error, over REST and WebSocket."""
    address = Address.parse(url)

    def broken(*_: object, **__: object) -> None:
        raise ValueError('odd')

    monkeypatch.setattr('httpx.AsyncClient.stream', broken)
    with pytest.raises(TransportError, match='odd'):
        await Rooms(address).list('lab')
    monkeypatch.setattr('httpx.AsyncClient.__init__', broken)
    with pytest.raises(TransportError, match='odd'):
        await Rooms(address).list('lab')
    monkeypatch.setattr('lerobot_arena_ros.arena.client_socket.ClientSocket.__init__', broken)
    with pytest.raises(ConnectError, match='odd'):
        await open_connection(address, 'lab', 'arm', Role.CONSUMER)
