"""Listens on an address and serves an arena there until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import functools
import ipaddress
import socket
import ssl

from fastapi import FastAPI
import uvicorn

from .admission import Entry
from .door import Door
from .hub import Hub
from .line import LineProtocol
from .listener import Listener
from .quiet import hush_uvicorn
from .sips import Sips

__all__ = [
    'Certificate',
    'console_url_of',
    'is_for_this_machine_alone',
    'listen',
    'serve',
    'url_of',
]

BACKLOG = 2048
"""
Connections that may wait to be accepted.

The system drops what comes while so many wait, and a client tries again after a second only.
"""

SEND_BUFFER_BYTES = 64 * 1024
"""What the kernel holds for a slow peer: what is in there is neither merged nor overtaken."""

GRACE_S = 1
"""How long connections have to end when the server stops, in seconds."""


@dataclass(frozen=True)
class Certificate:
    """
    What the server shows to those who want TLS: two files in PEM format.

    :param certfile: the certificate, followed by those that it rests on.
    :param keyfile: its private key, not encrypted; None where it is in the same file.
    """

    certfile: str
    keyfile: str | None = None

    def check(self) -> None:
        """
        See whether both can be used.

        :raises OSError: a file cannot be read, or does not hold what it should.
        :raises ValueError: the key is encrypted.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certfile, self.keyfile, _no_password)


def _no_password() -> str:
    # Without this, OpenSSL would ask whoever sits at the terminal.
    raise ValueError('the key is encrypted')


class _Server(uvicorn.Server):
    """
    Uvicorn with a listener of ours, which counts connections before TLS.

    It leaves the signals alone, because uvicorn would raise them again.
    """

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], on_started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        hub: Hub = config.app.state.hub  # type: ignore[union-attr]
        self._hub = hub
        self._sockets = sockets
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so; uvicorn itself listens on nothing."""
        await super().startup([])
        self._listener = Listener(
            self._sockets,
            self._protocol,
            self._hub.admission,
            tls=self.config.ssl,
            handshake_s=self._hub.timing.join_s,
            report=self._report,
        )
        self._listener.open()
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, then end what is open."""
        self._listener.close()
        await super().shutdown([])

    def _protocol(self, entry: Entry) -> Sips:
        """Make what serves a connection; a WebSocket takes the door's place in it."""
        state = {**self.lifespan.state, 'entry': entry}
        door = Door(config=self.config, server_state=self.server_state, app_state=state)
        return Sips(door, functools.partial(self._hub.admission.leave, entry))

    def _report(self, code: str, address: str) -> None:
        self._hub.tally.refused[code] += 1
        self._hub.journal.warn(code, peer=address)
        self._hub.journal.sample('refused', code=code, peer=address)

    def install_signal_handlers(self) -> None:
        """Do nothing; called by older releases."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing; called by newer releases."""
        yield


def listen(host: str, port: int) -> list[socket.socket]:
    """
    Open a listening socket on each address of a host.

    :param port: 0 for a free one, the same on all addresses.
    :raises OSError: the host does not resolve, or the port is taken or not ours to use.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses_of(host, port):
            sockets.append(_listening(family, (address, port)))
            port = sockets[0].getsockname()[1]
    except OSError:
        for opened in sockets:
            opened.close()
        raise
    return sockets


def url_of(host: str, sockets: list[socket.socket], *, is_encrypted: bool = False) -> str:
    """Say how the arena behind these sockets is reached, the real port included."""
    shown = f'[{host}]' if ':' in host else host
    return f'http{"s" * is_encrypted}://{shown}:{sockets[0].getsockname()[1]}'


def console_url_of(url: str) -> str:
    """Say where a browser on this machine finds the console of the arena at an address."""
    scheme, _, rest = url.partition('://')
    host, _, port = rest.rpartition(':')
    # Nobody can go to "every network".
    return f'{scheme}://{"localhost" if host in ("0.0.0.0", "[::]") else host}:{port}/'


def is_for_this_machine_alone(sockets: list[socket.socket]) -> bool:
    """Say whether nobody on another machine can reach these sockets."""
    return all(ipaddress.ip_address(each.getsockname()[0]).is_loopback for each in sockets)


def _addresses_of(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    flags = socket.AI_PASSIVE
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _listening(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket:
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that name it.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(address)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


async def serve(
    app: FastAPI,
    sockets: list[socket.socket],
    *,
    stop: asyncio.Event,
    ready: Callable[[], None],
    certificate: Certificate | None = None,
) -> None:
    """
    Serve an arena until the event is set; its participants are then closed with 1012.

    :param sockets: as :func:`listen` opened them; closed on return.
    :param ready: called once connections are accepted.
    :param certificate: for TLS; None for none.
    """
    hush_uvicorn()
    server = _Server(_config(app, certificate), sockets, ready)
    stopping = asyncio.create_task(_stop_on(stop, server), name='stop')
    try:
        await server.serve([])
    finally:
        stopping.cancel()


async def _stop_on(stop: asyncio.Event, server: _Server) -> None:
    await stop.wait()
    server.should_exit = True


def _config(app: FastAPI, certificate: Certificate | None) -> uvicorn.Config:
    hub: Hub = app.state.hub
    return uvicorn.Config(
        app,
        http=Door,
        ws=LineProtocol,
        ws_max_size=hub.limits.frame_bytes,
        ssl_certfile=certificate.certfile if certificate else None,
        ssl_keyfile=certificate.keyfile if certificate else None,
        # Ours: uvicorn's does not hang up on a peer that does not read.
        ws_ping_interval=None,
        # A frame is made once for all; deflating it would cost each recipient its own.
        ws_per_message_deflate=False,
        lifespan='on',
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
