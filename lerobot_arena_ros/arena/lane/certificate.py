# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The certificate of one end of a lane, which proves to the other end who it is.

No authority signs it, because the other end gets its fingerprint by the WebSocket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

__all__ = ['Certificate']

VALID = datetime.timedelta(days=3650)
"""Longer than a process runs. Neither end checks it, because the clock of a robot may be wrong."""


@dataclass(frozen=True)
class Certificate:
    """
    A self-signed certificate and its private key, both kept in memory only.

    :ivar x509: the certificate.
    :ivar key: its private key, ECDSA on P-256.
    """

    x509: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def make(cls) -> Certificate:
        """Return a new certificate with a new key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, 'lane')])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - VALID)
            .not_valid_after(now + VALID)
        )
        return cls(builder.sign(key, SHA256()), key)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate in DER: 64 lower-case hexadecimal digits."""
        return self.x509.fingerprint(SHA256()).hex()
