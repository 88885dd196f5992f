# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A certificate authority for tests and its certificates; created for each run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lerobot_arena_ros.server.serving import Certificate

__all__ = ['Authority']

VALID = timedelta(days=1)
HOSTS: list[x509.GeneralName] = [
    x509.DNSName('localhost'),
    x509.DNSName('arena.example'),
    x509.IPAddress(ipaddress.ip_address('127.0.0.1')),
]


class Authority:
    """
    A certificate authority that only clients with its certificate file trust.

    :param folder: the folder for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name('test authority')
        self._key_id = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = _builder(self._name, self._name, self._key).add_extension(self._key_id, False)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(constraints, True).add_extension(usage, True)
        self.file = str(folder / 'ca.pem')
        _write(self.file, builder.sign(self._key, hashes.SHA256()))

    def certify_this_machine(self, *, password: bytes | None = None) -> Certificate:
        """Create a certificate for this machine's loopback names, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._key_id)
        certificate = (
            _builder(_name('localhost'), self._name, key)
            .add_extension(x509.SubjectAlternativeName(HOSTS), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
            .add_extension(issuer, False)
            .sign(self._key, hashes.SHA256())
        )
        made = Certificate(str(self._folder / 'cert.pem'), str(self._folder / 'key.pem'))
        _write(made.certfile, certificate)
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            protection = serialization.BestAvailableEncryption(password)
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        path = Path(made.keyfile or '')
        path.touch(0o600)
        path.write_bytes(key.private_bytes(*pem, protection))
        return made


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - VALID)
        .not_valid_after(now + VALID)
    )


def _write(path: str, certificate: x509.Certificate) -> None:
    Path(path).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
