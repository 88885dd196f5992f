# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Finds out whether a lane can be opened here, because OpenSSL for Python is optional."""

from __future__ import annotations

from importlib import import_module, metadata
from importlib.util import find_spec

from .errors import LaneError

__all__ = ['OLDEST', 'check', 'missing', 'version_of']

OLDEST = (23, 2)
"""The oldest release of pyOpenSSL that is supported, which Ubuntu 24.04 has."""

REMEDY = "pip install 'pyOpenSSL>=23.2', or apt install python3-openssl on Ubuntu 24.04 or later"


def missing() -> str | None:
    """
    Return one line with what is missing for a lane, and how to install it.

    It imports nothing, because the import of OpenSSL takes about 0.1 s.

    :returns: None if nothing is missing.
    """
    for module in ('OpenSSL', 'cryptography'):
        if find_spec(module) is None:
            return f'{module} is not installed: {REMEDY}'
    try:
        version = metadata.version('pyOpenSSL')
    except metadata.PackageNotFoundError:
        return None  # The import checks it.
    return too_old(version)


def check() -> None:
    """
    Import what a lane needs.

    :raises LaneError: it is missing, too old, or does not work.
    """
    reason = missing()
    if reason is None:
        try:
            import_module(f'{__package__}.dtls')
        # An old pyOpenSSL raises an AttributeError with a new cryptography.
        except Exception as exc:
            reason = f'OpenSSL does not work: {type(exc).__name__}: {exc}; {REMEDY}'
    if reason is not None:
        raise LaneError(' '.join(reason.split()))


def version_of(text: str) -> tuple[int, int]:
    """Return the first two numbers of a release; (0, 0) if there are none."""
    major, _, rest = text.partition('.')
    minor = rest.partition('.')[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else (0, 0)


def too_old(version: str) -> str | None:
    """Return one line if this release of pyOpenSSL is too old; None if it is not."""
    if version_of(version) >= OLDEST:
        return None
    oldest = '.'.join(map(str, OLDEST))
    return f'pyOpenSSL {version} is too old, expected {oldest} or later: {REMEDY}'
