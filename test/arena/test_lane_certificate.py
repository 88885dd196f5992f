# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the certificate with which a process proves who it is."""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding

from lerobot_arena_ros.arena.lane.certificate import Certificate


def test_the_fingerprint_is_that_of_the_certificate() -> None:
    """The fingerprint is the SHA-256 of the certificate in DER, in lower-case hexadecimal."""
    certificate = Certificate.make()

    der = certificate.x509.public_bytes(Encoding.DER)
    assert certificate.fingerprint == sha256(der).hexdigest()


def test_each_process_has_a_certificate_of_its_own() -> None:
    """Two certificates have different keys, and neither key is in a log."""
    one, other = Certificate.make(), Certificate.make()

    assert one.fingerprint != other.fingerprint
    assert one.key.private_numbers() != other.key.private_numbers()
    assert 'key' not in repr(one)
