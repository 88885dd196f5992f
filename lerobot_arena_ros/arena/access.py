"""How a client reaches and knows a server, and shows that it may: proxy, certificates, token."""

from __future__ import annotations

from dataclasses import dataclass, field
import functools
import os
import ssl

from .address import Address
from .errors import InvalidAccess
from .proxies import ENVIRONMENT_NAMES, Environment, Proxy

__all__ = ['INSECURE_VARIABLE', 'TOKEN_VARIABLE', 'Access', 'proxy_tls', 'refused_certificate']

TOKEN_VARIABLE = 'LEROBOT_ARENA_TOKEN'
"""The environment variable with the token."""

INSECURE_VARIABLE = 'LEROBOT_ARENA_ALLOW_INSECURE'
"""The environment variable that, set to 1, lets a token go over a network unencrypted."""


@dataclass(frozen=True)
class Access:
    """
    What is shown to a server, and what it must show.

    No text that this makes, its own representation included, tells the token.

    :param token: the bearer token; None for servers that want none.
    :param ca_file: a PEM file with the only authorities to be trusted; None for those of the
        system, or of the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
    :param allow_insecure: send the token to other machines even without TLS.
    :param environment: which proxies there are.
    :raises InvalidAccess: the token cannot stand in a header.
    """

    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    allow_insecure: bool = False
    environment: Environment = field(default_factory=Environment)

    def __post_init__(self) -> None:
        if self.token is not None and not _is_token(self.token):
            raise InvalidAccess(
                f'the token (of {TOKEN_VARIABLE} or an argument) cannot be used: expected visible'
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
        Take from the environment what is not given, and the proxies; it is read only here.

        :raises InvalidAccess: the token cannot stand in a header.
        """
        token = token or os.environ.get(TOKEN_VARIABLE, '').strip() or None
        insecure = allow_insecure or os.environ.get(INSECURE_VARIABLE) == '1'
        proxies = {name: os.environ[name] for name in ENVIRONMENT_NAMES if name in os.environ}
        return cls(token, ca_file, insecure, Environment(proxies))

    def check(self, address: Address) -> None:
        """
        See whether a server may be talked to; worth doing early, each request does it too.

        :raises InvalidAccess: the token would go over a network unencrypted, or the file of
            authorities cannot be used.
        :raises InvalidProxy: the environment names a proxy that cannot be used.
        """
        self.proxy(address)
        if address.is_encrypted:
            self.tls()
        elif self.token is not None and not (address.is_loopback or self.allow_insecure):
            raise InvalidAccess(
                f'server URL {address.base_url!r}: the token would go there unencrypted; give an'
                f' https:// URL, unset {TOKEN_VARIABLE} if the server wants none, or set'
                f' {INSECURE_VARIABLE}=1 where nobody can listen'
            )

    def headers(self, address: Address) -> dict[str, str]:
        """
        Give the headers that show the token to a server.

        :raises InvalidAccess: see :meth:`check`.
        """
        self.check(address)
        return {} if self.token is None else {'Authorization': f'Bearer {self.token}'}

    def proxy(self, address: Address) -> Proxy | None:
        """
        Return the proxy to a server, for REST and WebSocket alike; None = the way is direct.

        A token that is not encrypted goes through no proxy, which could read it.

        :raises InvalidProxy: the environment names one that cannot be used.
        """
        if self.token is not None and not address.is_encrypted:
            return None
        return self.environment.proxy_for(address)

    def tls(self) -> ssl.SSLContext:
        """
        Give the TLS settings; made once, for reading certificates costs more than a request.

        :raises InvalidAccess: the file of authorities cannot be used.
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
    """Return the TLS settings for the way to a proxy: the authorities of the system."""
    return _context(None, os.environ.get('SSL_CERT_FILE'), os.environ.get('SSL_CERT_DIR'))


def refused_certificate(why: str) -> str:
    """Give the advice that goes with a failure, where there is some."""
    if 'CERTIFICATE_VERIFY_FAILED' not in why:
        return ''
    return '; for an authority of your own, name its file: ca_file or SSL_CERT_FILE'


@functools.cache
def _context(ca_file: str | None, *_environment: str | None) -> ssl.SSLContext:
    """Make the TLS settings; OpenSSL reads the environment, which is part of the key for that."""
    return ssl.create_default_context(cafile=ca_file)


def _is_token(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and ' ' not in text
