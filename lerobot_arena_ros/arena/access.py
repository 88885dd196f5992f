# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The access of a client to a server: token, certificate authorities and proxy."""

from __future__ import annotations

from dataclasses import dataclass, field
import functools
import os
import ssl

from .address import Address
from .errors import InvalidAccess
from .proxies import ENVIRONMENT_NAMES, Environment, Proxy

__all__ = ['INSECURE_VARIABLE', 'TOKEN_VARIABLE', 'Access', 'certificate_hint', 'proxy_tls']

TOKEN_VARIABLE = 'LEROBOT_ARENA_TOKEN'
"""The environment variable with the token."""

INSECURE_VARIABLE = 'LEROBOT_ARENA_ALLOW_INSECURE'
"""The environment variable that, set to 1, allows sending a token without encryption."""


@dataclass(frozen=True)
class Access:
    """
    The credentials for a server and the certificate authorities that its certificate needs.

    No text from this class contains the token, not even the ``repr``.

    :param token: the bearer token; None for servers that require none.
    :param ca_file: a PEM file with the only certificate authorities to trust; None trusts those
        of the system, or of the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
    :param allow_insecure: send the token to other machines even without TLS.
    :param environment: the configured proxies.
    :raises InvalidAccess: the token is not a valid header value.
    """

    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    allow_insecure: bool = False
    environment: Environment = field(default_factory=Environment)

    def __post_init__(self) -> None:
        if self.token is not None and not _is_token(self.token):
            raise InvalidAccess(
                f'the token (from {TOKEN_VARIABLE} or an argument) is invalid: expected visible'
                ' ASCII characters without spaces'
            )

    @classmethod
    def of_environment(
        cls,
        *,
        token: str | None = None,
        ca_file: str | None = None,
        allow_insecure: bool = False,
    ) -> Access:
        """
        Read missing arguments and the proxies from the environment, which is read only here.

        :raises InvalidAccess: the token is not a valid header value.
        """
        token = token or os.environ.get(TOKEN_VARIABLE, '').strip() or None
        insecure = allow_insecure or os.environ.get(INSECURE_VARIABLE) == '1'
        proxies = {name: os.environ[name] for name in ENVIRONMENT_NAMES if name in os.environ}
        return cls(token, ca_file, insecure, Environment(proxies))

    def check(self, address: Address) -> None:
        """
        Check that this access may be used with a server. Each request repeats the check.

        Call it early, so that a wrong setting is reported before the first request.

        :raises InvalidAccess: the token would be sent over a network without encryption, or the
            CA file is invalid.
        :raises InvalidProxy: the proxy in the environment variables is invalid.
        """
        self.proxy(address)
        if address.is_encrypted:
            self.tls()
        elif self.token is not None and not (address.is_loopback or self.allow_insecure):
            raise InvalidAccess(
                f'server URL {address.base_url!r}: the token would be sent unencrypted; use an'
                f' https:// URL, unset {TOKEN_VARIABLE} if the server requires none, or set'
                f' {INSECURE_VARIABLE}=1 if the network is trusted'
            )

    def headers(self, address: Address) -> dict[str, str]:
        """
        Return the request headers with the token.

        :raises InvalidAccess: see :meth:`check`.
        """
        self.check(address)
        return {} if self.token is None else {'Authorization': f'Bearer {self.token}'}

    def proxy(self, address: Address) -> Proxy | None:
        """
        Return the proxy for a server, for both REST and WebSocket; None = connect directly.

        A token that is not encrypted is never sent through a proxy, which could read it.

        :raises InvalidProxy: the proxy in the environment variables is invalid.
        """
        if self.token is not None and not address.is_encrypted:
            return None
        return self.environment.proxy_for(address)

    def tls(self) -> ssl.SSLContext:
        """
        Return the TLS settings; cached, because reading certificates takes longer than a request.

        :raises InvalidAccess: the CA file is invalid.
        """
        try:
            return _context(
                self.ca_file, os.environ.get('SSL_CERT_FILE'), os.environ.get('SSL_CERT_DIR')
            )
        except (OSError, ValueError) as exc:
            why = getattr(exc, 'strerror', None) or exc
            raise InvalidAccess(
                f'CA file {self.ca_file!r}: {why}; expected a PEM file with certificates'
            ) from exc


def proxy_tls() -> ssl.SSLContext:
    """Return the TLS settings for the connection to a proxy, with the system's authorities."""
    return _context(None, os.environ.get('SSL_CERT_FILE'), os.environ.get('SSL_CERT_DIR'))


def certificate_hint(why: str) -> str:
    """Return the hint to append to an error that a certificate caused; otherwise no text."""
    if 'CERTIFICATE_VERIFY_FAILED' not in why:
        return ''
    return '; to use your own certificate authority, set ca_file or SSL_CERT_FILE to its file'


@functools.cache
def _context(ca_file: str | None, *_environment: str | None) -> ssl.SSLContext:
    """
    Return the TLS settings.

    The environment is part of the cache key, because OpenSSL reads it.
    """
    return ssl.create_default_context(cafile=ca_file)


def _is_token(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and ' ' not in text
