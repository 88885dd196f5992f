# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Helpers of test modules that run launch files through launch_testing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
import json
from pathlib import Path
import tempfile
from typing import Any
import unittest
import warnings

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription
from launch_testing import post_shutdown_test
from launch_testing.actions import ReadyToTest
from launch_testing.asserts import assertExitCodes
import pytest

from .domain import own_domain
from .probe import running_probe
from .scenarios import BRIDGES, SCENARIOS, Stage

__all__ = [
    'ExitCodes',
    'WhileRunning',
    'described',
    'folder',
    'add_scenarios',
    'launch_file',
    'needs_installation',
]

PACKAGE = 'lerobot_arena_ros'


def _is_installed() -> bool:
    try:
        get_package_share_directory(PACKAGE)
    except PackageNotFoundError:
        return False
    return True


needs_installation = pytest.mark.skipif(
    not _is_installed(),
    reason=f'{PACKAGE} is not installed here: `make colcon` builds it and runs this',
)

# Launch creates an event loop in each calling thread and closes none of them, which would cause
# warnings in a later test.
_run = ExitStack()


def described(*launch_files: GroupAction) -> LaunchDescription:
    """Return a launch description in its own ROS domain; the tests begin when it has started."""
    _run.enter_context(own_domain())
    _open_loop()
    return LaunchDescription([*launch_files, ReadyToTest()])


def launch_file(
    name: str, arguments: Mapping[str, str], parameters: Mapping[str, Any] | None = None
) -> GroupAction:
    """
    Include one of our launch files in a group, because arguments would leak into the next one.

    :param parameters: the contents of its params_file; None = the default of the launch file.
    """
    path = Path(get_package_share_directory(PACKAGE)) / 'launch' / name
    if parameters is not None:
        with tempfile.NamedTemporaryFile('w', suffix='.yaml', delete=False) as file:
            json.dump({'/**': {'ros__parameters': parameters}}, file)
        _run.callback(Path(file.name).unlink)
        arguments = {**arguments, 'params_file': file.name}
    return GroupAction([IncludeLaunchDescription(str(path), launch_arguments=arguments.items())])


def folder() -> Path:
    """Create a folder that exists while the tested launch file runs."""
    return Path(_run.enter_context(tempfile.TemporaryDirectory()))


class WhileRunning(unittest.TestCase):
    """Tests while the launch files run; launch_testing runs them in a thread."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Open the event loop that launch needs for its shutdown."""
        _open_loop()


def add_scenarios(case: type[unittest.TestCase]) -> None:
    """Add each scenario to a test case whose launch description yields the arena's ``port``."""
    for scenario in SCENARIOS:
        setattr(case, f'test_{scenario.__name__}', _test_of(scenario))


def _test_of(scenario: Callable[[Stage], None]) -> Callable[[unittest.TestCase, int], None]:
    def test(_self: unittest.TestCase, port: int) -> None:
        with running_probe() as probe:
            probe.watch(*BRIDGES)
            scenario(Stage(probe, port))

    test.__doc__ = scenario.__doc__
    return test


@post_shutdown_test()
class ExitCodes(unittest.TestCase):
    """Tests after launch has sent SIGINT to all processes; import this into a launch test."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Close the event loops that launch leaves open."""
        asyncio.set_event_loop(None)
        _run.close()

    def test_every_process_ends_well(self, proc_info: Any) -> None:
        """Each process exits with code 0."""
        assertExitCodes(proc_info)


def _open_loop() -> None:
    """Set an open event loop in this thread if other tests have closed it."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)
        try:
            loop = asyncio.get_event_loop()
        except RuntimeError:
            loop = asyncio.new_event_loop()
    if loop.is_closed():
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    _run.callback(loop.close)
