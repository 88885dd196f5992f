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

from collections.abc import Mapping
import math
from typing import Any

from lerobot_arena_ros.arena.access import Access
from lerobot_arena_ros.arena.address import Address
from lerobot_arena_ros.arena.errors import InvalidAccess, InvalidAddress
from lerobot_arena_ros.arena.session import LinkTiming

from .specs import ParameterError

__all__ = ['read_access', 'read_address', 'read_pauses', 'read_timing']


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


def read_timing(values: Mapping[str, Any]) -> LinkTiming:
    """
    Return the timeouts of the parameters ``link.*``; ``link.max_delay_s`` may be missing.

    :raises ParameterError: the timeout is too short for the period.
    """
    period_s, timeout_s = values['link.heartbeat_period_s'], values['link.timeout_s']
    if timeout_s < 2 * period_s:
        raise ParameterError(
            f'parameter link.timeout_s = {timeout_s:g}: expected at least twice '
            f'link.heartbeat_period_s = {period_s:g}'
        )
    return LinkTiming(
        period_s,
        timeout_s,
        join_timeout_s=max(5.0, timeout_s),
        answer_timeout_s=timeout_s,
        max_delay_s=values.get('link.max_delay_s', math.inf),
    )


def read_pauses(values: Mapping[str, Any]) -> tuple[float, float]:
    """
    Return the shortest and the longest pause between attempts to reconnect, in seconds.

    :raises ParameterError: the longest is shorter than the shortest.
    """
    shortest_s, longest_s = values['link.reconnect_min_s'], values['link.reconnect_max_s']
    if longest_s < shortest_s:
        raise ParameterError(
            f'parameter link.reconnect_max_s = {longest_s:g}: expected at least '
            f'link.reconnect_min_s = {shortest_s:g}'
        )
    return shortest_s, longest_s
