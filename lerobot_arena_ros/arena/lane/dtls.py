# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
One end of a DTLS 1.2 session, by pyOpenSSL. Sans I/O: datagrams in, messages and datagrams out.

Both ends have a self-signed certificate, and each accepts only a fingerprint that it knows. The
timer of the handshake is that of OpenSSL, which reads the time itself.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
from enum import Enum
import hashlib
import hmac
import secrets
from typing import ParamSpec, TypeVar

import OpenSSL
from OpenSSL import SSL, crypto

from .availability import too_old, version_of
from .certificate import Certificate
from .records import DATAGRAM_OCTETS, is_sound, pack

__all__ = ['DtlsServer', 'DtlsSession', 'DtlsState', 'client_session', 'identify']

if _reason := too_old(OpenSSL.__version__):
    raise ImportError(_reason, name='OpenSSL')

# DTLS1_2_VERSION of OpenSSL, for which pyOpenSSL has no name. It is the newest too, because the
# records of DTLS 1.3 have another header.
DTLS_1_2 = 0xFEFD
# Forward secrecy, and encryption that detects changes. Only AES-GCM, whose records have a known
# minimum length (records.py).
CIPHERS = b'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384'
OPTIONS = SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION
READ_OCTETS = 2048
"""More than a datagram that is accepted."""


P = ParamSpec('P')
T = TypeVar('T')


class DtlsState(Enum):
    """The state of a session."""

    HANDSHAKE = 'handshake'
    OPEN = 'open'
    CLOSED = 'closed'


class DtlsSession:
    """
    One session, from its handshake to its end.

    :ivar state: the state of the session.
    :ivar reason: why it is closed; empty if it is not, or if this end closed it.
    :ivar peer_fingerprint: the fingerprint of the other end; None before the session is open.
    :param connection: a new connection of pyOpenSSL with memory BIOs.
    """

    def __init__(self, connection: SSL.Connection) -> None:
        self.state = DtlsState.HANDSHAKE
        self.reason = ''
        self.peer_fingerprint: str | None = None
        self._connection = connection

    def start(self) -> None:
        """Start the handshake, or continue it after the cookie of a client was accepted."""
        self._receive(b'')

    def receive(self, datagram: bytes) -> list[bytes]:
        """
        Handle a datagram and return the messages in it.

        An invalid or repeated record is dropped.

        :param datagram: at most 2048 octets.
        """
        if self.state is DtlsState.CLOSED or not is_sound(datagram):
            return []
        return self._receive(datagram)

    def send(self, message: bytes) -> bool:
        """
        Encrypt a message and return whether the session is open.

        :param message: at least one octet, at most :data:`.channel.MAX_OCTETS`.
        """
        if self.state is not DtlsState.OPEN:
            return False
        try:
            _call(self._connection.send, message)
        except SSL.Error as exc:
            self._fail(exc)
        return self.state is DtlsState.OPEN

    def take_datagrams(self) -> list[bytes]:
        """Return the datagrams to send now, and forget them."""
        written = b''
        while True:
            try:
                written += self._connection.bio_read(65536)
            except SSL.Error:  # WantReadError: there is no more.
                return pack(written) if written else []

    def timeout_s(self) -> float | None:
        """Return in how many seconds :meth:`on_timeout` is due; None if it is not."""
        if self.state is not DtlsState.HANDSHAKE:
            return None
        return self._connection.DTLSv1_get_timeout()

    def on_timeout(self) -> None:
        """Repeat the datagrams of the handshake that were not answered in time."""
        if self.state is not DtlsState.HANDSHAKE:
            return
        try:
            _call(self._connection.DTLSv1_handle_timeout)
        except SSL.Error as exc:
            self._fail(exc)

    def close(self) -> None:
        """Close the session; if it was open, with a notice for the other end."""
        if self.state is DtlsState.OPEN:
            try:
                _call(self._connection.shutdown)
            except SSL.Error as exc:
                self._fail(exc)
        self.state = DtlsState.CLOSED

    def _receive(self, datagram: bytes) -> list[bytes]:
        messages: list[bytes] = []
        try:
            if datagram:
                self._connection.bio_write(datagram)
            if self.state is DtlsState.HANDSHAKE:
                _call(self._connection.do_handshake)
                self._open()
            while self.state is DtlsState.OPEN:
                messages.append(_call(self._connection.recv, READ_OCTETS))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.state = DtlsState.CLOSED
            self.reason = 'the other end closed the lane'
        except SSL.Error as exc:
            self._fail(exc)
        return messages

    def _open(self) -> None:
        certificate = self._connection.get_peer_certificate()
        if certificate is None:
            self.state = DtlsState.CLOSED
            self.reason = 'the other end has no certificate'
            return
        self.peer_fingerprint = _fingerprint(certificate)
        self.state = DtlsState.OPEN

    def _fail(self, error: SSL.Error) -> None:
        self.state = DtlsState.CLOSED
        self.reason = f'DTLS failed: {_text(error)}'


def client_session(certificate: Certificate, accepts: Callable[[str], bool]) -> DtlsSession:
    """
    Return a session that starts a handshake.

    :param accepts: called with the fingerprint of the server; returns whether it is the right one.
    """
    connection = SSL.Connection(_context(certificate, accepts), None)
    connection.set_connect_state()
    connection.set_ciphertext_mtu(DATAGRAM_OCTETS)
    return DtlsSession(connection)


class DtlsServer:
    """
    Answers the first messages of clients, without keeping anything about them.

    A session starts only for a client that has returned a cookie, which proves that it receives
    what is sent to its address.

    :param accepts: called with the fingerprint of a client; returns whether it may continue.
    """

    def __init__(self, certificate: Certificate, accepts: Callable[[str], bool]) -> None:
        self._key = secrets.token_bytes(32)
        self._context = _context(certificate, accepts)
        self._context.set_cookie_generate_callback(self._cookie)
        self._context.set_cookie_verify_callback(self._is_cookie)

    def greet(self, hello: bytes, address: bytes) -> tuple[DtlsSession | None, list[bytes]]:
        """
        Handle a ClientHello; return a session for it, or datagrams to send.

        :param address: the address of the client, for its cookie.
        :returns: a session to start, if the ClientHello has the cookie of this address; otherwise
            the datagrams that give the client its cookie, and neither if it is invalid.
        """
        if not is_sound(hello):
            return None, []
        connection = SSL.Connection(self._context, None)
        connection.set_accept_state()
        connection.set_ciphertext_mtu(DATAGRAM_OCTETS)
        connection.set_app_data(address)
        session = DtlsSession(connection)
        try:
            connection.bio_write(hello)
            connection.DTLSv1_listen()
        except SSL.WantReadError:
            replies = session.take_datagrams()
            _forget_errors(connection)
            return None, replies
        except SSL.Error:
            return None, []
        return session, []

    def _cookie(self, connection: SSL.Connection) -> bytes:
        address: bytes = connection.get_app_data()
        return hmac.new(self._key, address, hashlib.sha256).digest()

    def _is_cookie(self, connection: SSL.Connection, cookie: bytes) -> bool:
        return hmac.compare_digest(cookie, self._cookie(connection))


def _context(certificate: Certificate, accepts: Callable[[str], bool]) -> SSL.Context:
    def verify(
        _connection: SSL.Connection, found: crypto.X509, _error: int, depth: int, _ok: int
    ) -> bool:
        # A chain has no use here, because no authority is trusted.
        return depth == 0 and accepts(_fingerprint(found))

    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_min_proto_version(DTLS_1_2)
    context.set_max_proto_version(DTLS_1_2)
    context.set_cipher_list(CIPHERS)
    context.set_options(OPTIONS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
    identify(context, certificate)
    return context


def identify(context: SSL.Context, certificate: Certificate) -> None:
    """Set the certificate and the key of a context."""
    if version_of(OpenSSL.__version__) >= (24, 3):
        context.use_certificate(certificate.x509)
        context.use_privatekey(certificate.key)
    else:
        context.use_certificate(crypto.X509.from_cryptography(certificate.x509))
        context.use_privatekey(crypto.PKey.from_cryptography_key(certificate.key))


def _call(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Call a method of a connection, and call it again if it failed.

    The errors of OpenSSL belong to the thread, so the first failure may be an error that a call of
    another session has left. A session that has failed fails again.
    """
    try:
        return operation(*args, **kwargs)
    except (SSL.WantReadError, SSL.ZeroReturnError):
        raise
    except SSL.Error as error:
        try:
            return operation(*args, **kwargs)
        except SSL.WantReadError:
            raise
        except SSL.Error:
            raise error from None


def _forget_errors(connection: SSL.Connection) -> None:
    """
    Remove the errors of this thread, by a handshake of a connection that is not used any more.

    OpenSSL 3.1 leaves one if it drops a fragment of a ClientHello, and pyOpenSSL does not read it.
    """
    with contextlib.suppress(SSL.Error):
        connection.do_handshake()


def _fingerprint(certificate: crypto.X509) -> str:
    """Return a fingerprint like that of :class:`Certificate`, also of an invalid certificate."""
    return certificate.digest('sha256').decode('ascii').replace(':', '').lower()


def _text(error: SSL.Error) -> str:
    """Return the last reason in an error of OpenSSL, in one line."""
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(reasons[-1][-1]) if reasons else ' '.join(str(error).split()) or 'no reason'
