# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Token, certificate authorities and proxy of a client, with real servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
import logging
from pathlib import Path

import pytest
from support.certificates import Authority
from support.server import rules_of, running_server
from support.waiting import wait_until

from lerobot_arena_ros import (
    RoboticsConsumer,
    RoboticsProducer,
    create_client,
    create_consumer_client,
    create_producer_client,
)
from lerobot_arena_ros.arena.access import INSECURE_VARIABLE, TOKEN_VARIABLE, Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.connection import open_connection
from lerobot_arena_ros.arena.errors import (
    AccessDenied,
    ConnectError,
    InvalidAccess,
    RequestRejected,
)
from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.reconnect import is_retryable
from lerobot_arena_ros.arena.rest_client import Rooms

pytestmark = pytest.mark.usefixtures('no_task_left')

TOKEN = 'zebra-7'
ELSEWHERE = Address.parse('http://arena.example')


@pytest.fixture(scope='module')
def guarded() -> Iterator[str]:
    """Run a server that requires the token."""
    with running_server(rules=rules_of(TOKEN)) as url:
        yield url


@pytest.fixture(scope='module')
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Create a certificate authority that is not trusted by default."""
    return Authority(tmp_path_factory.mktemp('authority'))


@pytest.fixture(scope='module')
def encrypted(authority: Authority) -> Iterator[str]:
    """Run a server that requires the token and uses TLS."""
    certificate = authority.certify_this_machine()
    with running_server(rules=rules_of(TOKEN), certificate=certificate) as url:
        yield url


@asynccontextmanager
async def eavesdropper(reply: bytes = b'') -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a fake server that records the received bytes; no token may be sent to it."""
    received: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(65536))
        writer.write(reply)
        writer.close()

    server = await asyncio.start_server(handle, '127.0.0.1', 0)
    async with server:
        yield f'127.0.0.1:{server.sockets[0].getsockname()[1]}', received


async def exchange(url: str, **options: str) -> list[dict[str, object]]:
    """Connect a producer and a consumer, send values, and return the received state."""
    arrived: list[list[dict[str, object]]] = []
    producer = await create_producer_client(url, 'lab', 'arm', **options)  # type: ignore[arg-type]
    consumer = await create_consumer_client('lab', 'arm', url, **options)  # type: ignore[arg-type]
    consumer.on_joint_update(arrived.append)
    async with producer, consumer:
        assert producer.is_connected() and consumer.is_connected()
        await producer.send_state_sync({'Jaw': 1.0})
        await wait_until(lambda: arrived, 'the update')
        await producer.send_state_sync({'Jaw': 0.0})
        return arrived[0]


async def test_the_token_opens_a_guarded_server(guarded: str) -> None:
    """A token argument gives access over REST and WebSocket."""
    assert await exchange(guarded, token=TOKEN) == [{'name': 'Jaw', 'value': 1.0}]


async def test_the_token_comes_from_the_environment(
    guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is read from the environment variable, without surrounding white space."""
    monkeypatch.setenv(TOKEN_VARIABLE, f'{TOKEN}\n')

    assert await exchange(guarded) == [{'name': 'Jaw', 'value': 1.0}]


@pytest.mark.parametrize('token', [None, 'wrong'])
async def test_a_wrong_token_is_access_denied(
    guarded: str, token: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong token is a final AccessDenied, and no text about it contains the token."""
    address, access = Address.parse(guarded), Access(token)
    with pytest.raises(
        AccessDenied, match='HTTP 401: access denied: the token is missing or wrong'
    ) as rest:
        await Rooms(address, access=access).list('lab')
    with pytest.raises(
        AccessDenied, match='HTTP 401: access denied: the token is missing or wrong'
    ) as socket:
        await open_connection(address, 'lab', 'arm', Role.CONSUMER, access=access)
    async with RoboticsConsumer(guarded, token=token) as consumer:
        assert await consumer.connect('lab', 'arm') is False

    assert 'HTTP 401' in caplog.text
    assert not is_retryable(rest.value) and not is_retryable(socket.value)
    assert 'wrong' not in caplog.text.replace('missing or wrong', '')


@pytest.mark.parametrize('token', ['', 'se cret', 'secret\n', 'sécret', 'secret\x00'])
def test_a_token_that_is_no_valid_header_is_refused(token: str) -> None:
    """A token that is not a valid header value is refused; the error does not contain it."""
    with pytest.raises(InvalidAccess, match='visible ASCII') as caught:
        Access(token)

    assert 'cret' not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_no_representation_contains_the_token() -> None:
    """The ``repr`` of an Access, and of objects that hold one, does not contain the token."""
    access = Access('secret', 'ca.pem')
    client = RoboticsProducer('http://localhost:1', token='secret')

    shown = f'{access} {access!r} {client!r} {client.get_connection_info()} {vars(client)}'
    assert 'secret' not in shown
    assert 'ca.pem' in shown


@pytest.mark.parametrize(
    'url',
    [
        'http://localhost:8000',
        'http://127.0.0.1:8000/api',
        'http://127.1.2.3',
        'http://[::1]:8000',
        'https://arena.example',
    ],
)
def test_where_a_token_may_go(url: str) -> None:
    """A token may be sent to this machine, or to any server with TLS."""
    assert Access('secret').headers(Address.parse(url)) == {'Authorization': 'Bearer secret'}


@pytest.mark.parametrize(
    'url',
    [
        'http://arena.example',
        'http://10.0.0.1',
        'http://localhost.me',
        'http://sub.localhost',
        'http://localhost.',
        'http://LocalHost.:8000',
    ],
)
def test_where_a_token_must_not_go(url: str) -> None:
    """A token for another machine without TLS is refused; the error has the remedy."""
    with pytest.raises(InvalidAccess, match='unencrypted') as caught:
        RoboticsProducer(url, token='secret')

    text = str(caught.value)
    assert url in text and 'https://' in text and f'{INSECURE_VARIABLE}=1' in text
    assert 'secret' not in text and '\n' not in text
    assert not is_retryable(caught.value)


async def test_no_request_is_made_where_the_token_must_not_go() -> None:
    """The layers below the public client also refuse to send the token unencrypted."""
    access = Access('secret')
    with pytest.raises(InvalidAccess):
        await Rooms(ELSEWHERE, access=access).list('lab')
    with pytest.raises(InvalidAccess):
        await open_connection(ELSEWHERE, 'lab', 'arm', Role.CONSUMER, access=access)


def test_a_user_may_allow_insecure_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument, or the environment variable set to 1, allows an unencrypted token."""
    RoboticsProducer('http://arena.example', token='secret', allow_insecure=True)
    create_client('producer', 'http://arena.example', token='secret', allow_insecure=True)
    monkeypatch.setenv(INSECURE_VARIABLE, '0')
    with pytest.raises(InvalidAccess):
        RoboticsProducer('http://arena.example', token='secret')
    monkeypatch.setenv(INSECURE_VARIABLE, '1')
    RoboticsProducer('http://arena.example', token='secret')


def test_without_a_token_any_server_is_allowed() -> None:
    """Without a token, a plain http server on another machine is allowed."""
    assert Access().headers(ELSEWHERE) == {}


async def test_a_redirect_does_not_receive_the_token() -> None:
    """A redirect is an error over REST and in the handshake; its target does not get the token."""
    async with eavesdropper() as (elsewhere, received):
        moved = f'HTTP/1.1 307 Moved\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n'
        async with eavesdropper(moved.encode()) as (here, asked):
            address, access = Address.parse(f'http://{here}'), Access('secret')
            with pytest.raises(RequestRejected, match='307'):
                await Rooms(address, access=access).list('lab')
            with pytest.raises(ConnectError, match='307|redirected'):
                await open_connection(address, 'lab', 'arm', Role.CONSUMER, access=access)

    assert [b'Bearer secret' in request for request in asked] == [True, True]
    assert received == []


async def test_a_proxy_does_not_read_the_token(
    guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unencrypted token is sent directly to this machine and never through a proxy."""
    async with eavesdropper() as (proxy, received):
        for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY', 'ws_proxy'):
            monkeypatch.setenv(name, f'http://{proxy}')
        for name in ('no_proxy', 'NO_PROXY'):
            monkeypatch.delenv(name, raising=False)

        assert await exchange(guarded, token=TOKEN) == [{'name': 'Jaw', 'value': 1.0}]
    assert received == []


async def test_the_token_is_in_no_log(guarded: str, caplog: pytest.LogCaptureFixture) -> None:
    """No library logs the token, even at the DEBUG level."""
    caplog.set_level(1)
    for name in ('websockets', 'websockets.client', 'httpx', 'httpcore', 'asyncio'):
        logging.getLogger(name).setLevel(1)
    try:
        await exchange(guarded, token=TOKEN)
    finally:
        for name in ('websockets', 'websockets.client', 'httpx', 'httpcore', 'asyncio'):
            logging.getLogger(name).setLevel(logging.NOTSET)

    assert 'HTTP/1.1' in caplog.text
    assert TOKEN not in caplog.text


async def test_https_and_wss_with_an_authority_of_ones_own(
    encrypted: str, authority: Authority
) -> None:
    """HTTPS and WSS accept a server certificate that the ``ca_file`` argument trusts."""
    arrived = await exchange(encrypted, token=TOKEN, ca_file=authority.file)

    assert encrypted.startswith('https://')
    assert arrived == [{'name': 'Jaw', 'value': 1.0}]


async def test_https_and_wss_with_an_authority_of_the_environment(
    encrypted: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTPS and WSS accept a server certificate that ``SSL_CERT_FILE`` trusts."""
    monkeypatch.setenv('SSL_CERT_FILE', authority.file)

    assert await exchange(encrypted, token=TOKEN) == [{'name': 'Jaw', 'value': 1.0}]


async def test_an_untrusted_server_gets_no_token(encrypted: str) -> None:
    """A server without a trusted certificate is not sent the token; the error contains a hint."""
    address, access = Address.parse(encrypted), Access(TOKEN)
    with pytest.raises(ConnectError, match='CERTIFICATE_VERIFY_FAILED.*ca_file'):
        await Rooms(address, access=access).list('lab')
    with pytest.raises(ConnectError, match='CERTIFICATE_VERIFY_FAILED.*ca_file'):
        await open_connection(address, 'lab', 'arm', Role.CONSUMER, access=access)


@pytest.mark.parametrize('text', [None, '', 'nonsense'])
def test_an_invalid_ca_file_is_refused(tmp_path: Path, text: str | None) -> None:
    """An invalid CA file is reported at construction, before the first request."""
    file = tmp_path / 'ca.pem'
    if text is not None:
        file.write_text(text)

    with pytest.raises(InvalidAccess, match=r'CA file .*ca\.pem.*expected a PEM file'):
        RoboticsProducer('https://arena.example', ca_file=str(file))


async def test_a_server_without_tls_needs_no_certificates(guarded: str, tmp_path: Path) -> None:
    """Certificates are not read for plain http, because reading takes longer than a request."""
    access = Access(TOKEN, str(tmp_path / 'nowhere.pem'))

    assert await Rooms(Address.parse(guarded), access=access).list('empty') == []
