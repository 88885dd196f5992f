# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The settings of the server, which all nodes have."""

from __future__ import annotations

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.errors import InvalidAccess, InvalidAddress

from .specs import ParameterError

__all__ = ['read_access', 'read_address']


def read_address(url: str) -> Address:
    """
    Return the address of the parameter ``server_url``.

    :raises ParameterError: it is not an http or https URL.
    """
    try:
        return Address.parse(url)
    except InvalidAddress as exc:
        raise ParameterError(f'parameter server_url: {exc}') from exc


def read_access(address: Address, ca_file: str) -> Access:
    """
    Return the access to a server, with the token from the environment.

    :param ca_file: the parameter; empty: the certificate authorities of the system.
    :raises ParameterError: the token or the file is invalid or must not be used with this server.
    """
    try:
        access = Access.of_environment(ca_file=ca_file or None)
        access.check(address)
    except InvalidAccess as exc:
        raise ParameterError(str(exc)) from exc
    return access
