"""Which proxy is between a client and a server: the environment's rules, and the real ways."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Authority
from support.forward_proxy import forward_proxy
from support.server import rules_of, running_server
from support.socks_proxy import socks_proxy

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer
from lerobot_arena_ros.arena import proxies
from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import is_retryable, open_connection
from lerobot_arena_ros.arena.errors import (
    ArenaError,
    ConnectError,
    InvalidAccess,
    InvalidProxy,
    TransportError,
)
from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.proxies import ENVIRONMENT_NAMES, Environment
from lerobot_arena_ros.arena.rest_client import Rooms
from lerobot_arena_ros.server.access.rules import Rules

PROXY = 'http://proxy:3128'
ARENA = 'http://arena.example:8000'


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with an environment that says nothing."""
    for name in ENVIRONMENT_NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def all_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decide as if the libraries of this machine could use every proxy."""
    monkeypatch.setattr(proxies, '_check_libraries', lambda _: None)


def way(url: str, **values: str) -> str | None:
    """Return the proxy to a server, without its login; None = the way is direct."""
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
    """The variable of the URL's scheme comes first, lower case before upper case."""
    assert way(url, **values) == expected


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
    """So a variable that cannot be used is no obstacle there, either."""
    odd = {'http_proxy': 'nonsense://', 'HTTPS_PROXY': PROXY, 'ALL_PROXY': 'socks://x:1'}

    assert way(url, **odd, no_proxy='fd00::/999') is None


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
    """Names with all below them, addresses and networks, each perhaps with a port."""
    assert way(url, http_proxy=PROXY, NO_PROXY=text) is None


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
def test_what_is_no_exception_goes_through_the_proxy(text: str, url: str) -> None:
    """An exception for others changes nothing, and breaks nothing."""
    assert way(url, http_proxy=PROXY, NO_PROXY=text) == PROXY


@pytest.mark.parametrize(
    ('entry', 'url'),
    [
        ('http://arena.example', ARENA),
        ('arena.example:x', ARENA),
        ('192.168.', 'http://192.168.1.7:8000'),
    ],
)
def test_an_odd_exception_that_may_mean_the_server_is_refused(entry: str, url: str) -> None:
    """It is not ignored, because what it was to keep from the proxy would go through it."""
    with pytest.raises(InvalidProxy) as caught:
        way(url, http_proxy=PROXY, no_proxy=f'example.org, {entry}')
    assert f'variable no_proxy has the invalid entry {entry!r}' in str(caught.value)
    assert '\n' not in str(caught.value)

    assert way(ARENA, http_proxy=PROXY, no_proxy=f'arena.example, {entry}') is None
    assert way(ARENA, no_proxy=entry) is None


@pytest.mark.usefixtures('all_libraries')
@pytest.mark.parametrize(
    'entry', ['a/b', '10.0.0.0/99', '192.168.', '<local>', '/var/run/docker.sock', 'fd00::/x']
)
def test_an_odd_exception_for_others_is_warned_of(
    entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Other programs read it in other ways; it ends no bridge."""
    assert way(ARENA, http_proxy=PROXY, no_proxy=f'{entry}, example.org') == PROXY
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
def test_a_variable_that_cannot_be_used_is_named(variable: str, value: str, shown: str) -> None:
    """One line has the variable, its value without a password, and what to do."""
    with pytest.raises(InvalidProxy) as caught:
        way(ARENA, **{variable: value})

    text = str(caught.value)
    assert f'environment variable {variable} = {shown!r}: expected ' in text
    assert 'unset the variable' in text and 'NO_PROXY' in text
    assert '\n' not in text and 'secret' not in text and 'cret@' not in text
    assert not is_retryable(caught.value)


@pytest.mark.parametrize('make', [RoboticsProducer, RoboticsConsumer])
def test_a_client_says_so_before_it_connects(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is made; nothing that goes wrong later is needed for it."""
    monkeypatch.setenv('ALL_PROXY', 'socks://127.0.0.1:1080')

    with pytest.raises(InvalidAccess, match='environment variable ALL_PROXY = '):
        make(ARENA)
    make('http://127.0.0.1:8000')


@pytest.mark.parametrize('missing', ['socksio', 'python_socks'])
def test_what_socks_needs_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each library needs a package of its own for it."""
    monkeypatch.setattr(proxies, 'find_spec', lambda name: None if name == missing else name)

    with pytest.raises(InvalidProxy) as caught:
        way(ARENA, ALL_PROXY='socks5://me:secret@proxy:1080')

    text = str(caught.value)
    assert 'the proxy socks5://proxy:1080 of ALL_PROXY needs packages' in text
    assert "pip install 'httpx[socks]' 'python-socks[asyncio]'" in text
    assert 'secret' not in text


def test_what_was_decided_once_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is replaced while a bridge runs does not end it."""
    monkeypatch.setattr(proxies, 'find_spec', lambda name: name)
    environment = Environment({'ALL_PROXY': 'socks5://proxy'})
    before = environment.proxy_for(Address.parse(ARENA))
    monkeypatch.setattr(proxies, 'find_spec', lambda _: None)

    assert environment.proxy_for(Address.parse(ARENA)) == before is not None


def test_no_representation_tells_the_password() -> None:
    """Neither that of the environment nor that of the proxy."""
    environment = Environment({'http_proxy': 'http://me:secret@proxy'})
    proxy = environment.proxy_for(Address.parse(ARENA))

    assert 'secret' not in f'{environment!r}{Access(environment=environment)!r}{proxy!r}{proxy}'


# ----- the real ways


@pytest.fixture(scope='module')
def url() -> Iterator[str]:
    """Run an arena."""
    with running_server(rules=Rules(hosts=frozenset({'arena.example'}))) as address:
        yield address


async def exchange(client_url: str, **options: Any) -> None:
    """Make a room, join it and leave it."""
    async with RoboticsConsumer(client_url, **options) as consumer:
        assert await consumer.connect(*await consumer.create_room())


@pytest.mark.parametrize('login', ['', 'me:p%40ss%23word@', 'me:p@ss#word@', 'me@'])
async def test_rest_and_websocket_go_through_one_proxy(
    url: str, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same user and password, whichever characters these have."""
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
    """It resolves the name, and both log in to it."""
    for module in ('python_socks', 'socksio'):
        pytest.importorskip(module, reason='apt does not have what SOCKS needs')
    async with socks_proxy(url) as proxy:
        monkeypatch.setenv('all_proxy', f'{scheme}://{login}{proxy.place}')
        await exchange(ARENA)

    assert proxy.targets == ['arena.example:8000'] * 2
    assert proxy.logins == ['me:p@ss' if login else ''] * 2


async def test_a_token_goes_through_a_proxy_where_tls_hides_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy passes on what it cannot read; without TLS the way is direct."""
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


async def test_the_way_to_a_proxy_may_be_encrypted(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is known by the authorities of the system, which the environment may name."""
    authority = Authority(tmp_path)
    monkeypatch.setenv('SSL_CERT_FILE', authority.file)
    async with forward_proxy(url, authority.certify_this_machine()) as proxy:
        monkeypatch.setenv('http_proxy', f'https://{proxy.place}')
        await exchange(ARENA)

    assert [method for method, _ in proxy.requests] == ['POST', 'CONNECT']


async def test_loopback_and_exceptions_do_not_meet_the_proxy(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else the variables say."""
    async with forward_proxy(url) as proxy:
        for name in ('http_proxy', 'https_proxy', 'all_proxy', 'ws_proxy', 'wss_proxy'):
            monkeypatch.setenv(name, f'http://{proxy.place}')
        monkeypatch.setenv('socks_proxy', f'socks5://{proxy.place}')
        monkeypatch.setenv('no_proxy', '[::1], fd00::/8')
        await exchange(url)

    assert proxy.requests == []


async def test_the_environment_is_read_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says later changes nothing for a client that there is."""
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
async def test_a_proxy_that_refuses_is_named_and_tried_again(url: str, refusal: str) -> None:
    """Its status is not taken for the arena's word."""
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


async def test_an_error_that_a_library_does_not_translate_is_still_one_of_ours(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is a failed attempt, over REST and WebSocket."""
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
