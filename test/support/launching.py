"""How a test module runs a launch file through launch_testing."""

from __future__ import annotations

import asyncio
from pathlib import Path
import unittest
import warnings

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch_testing.actions import ReadyToTest
import pytest

__all__ = ['AfterShutdown', 'WhileRunning', 'described', 'needs_installation']

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


# launch makes an event loop in each thread that it is called from and closes none; each would warn
# of that in the midst of a later test.
_loops: list[asyncio.AbstractEventLoop] = []


def described(*files: tuple[str, dict[str, str]]) -> LaunchDescription:
    """Describe what is tested at once: launch files of ours, each with its arguments."""
    _open_loop()
    folder = Path(get_package_share_directory(PACKAGE)) / 'launch'
    actions = [
        IncludeLaunchDescription(str(folder / name), launch_arguments=arguments.items())
        for name, arguments in files
    ]
    return LaunchDescription([*actions, ReadyToTest()])


class WhileRunning(unittest.TestCase):
    """What holds while the launch files run; launch_testing has a thread for it."""

    @classmethod
    def setUpClass(cls) -> None:
        """Give launch the loop that it is going to want."""
        _open_loop()


class AfterShutdown(unittest.TestCase):
    """What holds when launch has shut everything down; the last class of a module."""

    @classmethod
    def tearDownClass(cls) -> None:
        """Close what launch leaves behind."""
        asyncio.set_event_loop(None)
        while _loops:
            _loops.pop().close()


def _open_loop() -> None:
    """Make sure that this thread's loop is open, whatever other tests did to it."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)
        try:
            loop = asyncio.get_event_loop()
        except RuntimeError:
            loop = asyncio.new_event_loop()
    if loop.is_closed():
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    _loops.append(loop)
