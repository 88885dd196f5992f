# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The selection of ``make unit`` and its guard (test/support/unit_tests.py)."""

from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import socket
import sys

import pytest
from support.pages import ROOT
from support.unit_tests import NeedsMore, needs_of, unit_guard

TESTS = ROOT / 'test'


@pytest.mark.parametrize(
    'path', sorted((TESTS / 'control').glob('test_*.py')), ids=lambda p: p.stem
)
def test_the_tests_of_control_are_unit_tests(path: Path) -> None:
    """The tests of the safety rules need no ROS, no socket and no process."""
    assert needs_of(path) == set()


@pytest.mark.parametrize(
    ('name', 'need'),
    [
        ('nodes/test_bridge_stop.py', 'rclpy'),
        ('nodes/test_shutdown_signal.py', 'subprocess'),
        ('server/test_reloading.py', 'subprocess'),
        ('arena/test_connection.py', 'socket'),
        ('server/test_rest.py', 'lerobot_arena_ros.server.serving'),
    ],
)
def test_a_module_that_needs_more_is_left_out(name: str, need: str) -> None:
    """Imports of a test module, also those through its helpers, show what it needs."""
    assert any(found.startswith(need) for found in needs_of(TESTS / name))


@pytest.mark.parametrize(
    'act',
    [
        lambda: socket.socket(socket.AF_INET),
        lambda: socket.getaddrinfo('127.0.0.1', 80),
        lambda: os.system('true'),
        lambda: os.posix_spawn(sys.executable, [sys.executable, '-c', ''], {}),
        lambda: __import__('rclpy._no_such_module'),
    ],
    ids=['socket', 'getaddrinfo', 'system', 'posix_spawn', 'rclpy'],
)
def test_the_guard_refuses_what_a_unit_test_must_not_do(act: Callable[[], object]) -> None:
    """A unit test that opens a socket, starts a process or imports ROS fails."""
    with unit_guard(), pytest.raises(NeedsMore, match='a unit test caused'):
        act()


def test_the_guard_allows_an_event_loop() -> None:
    """The pair of Unix sockets of an event loop is no connection."""
    with unit_guard():
        for end in socket.socketpair():
            end.close()
