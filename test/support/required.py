# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Needs of a test that a machine may lack: the test is skipped, or fails on request."""

from __future__ import annotations

import os

import pytest

__all__ = ['VARIABLE', 'is_required', 'require']

VARIABLE = 'REQUIRE'
"""The environment variable of CI with the required needs, separated by commas."""


def require(name: str, is_there: object, reason: str) -> None:
    """
    Skip the test if something is missing, or fail if it is required.

    :param name: the name in the environment variable.
    :param reason: what is missing, and how to install it.
    """
    if is_there:
        return
    if is_required(name):
        pytest.fail(f'{VARIABLE} names {name}: {reason}')
    pytest.skip(reason)


def is_required(name: str) -> bool:
    """Return whether the environment variable names this."""
    return name in os.environ.get(VARIABLE, '').split(',')
