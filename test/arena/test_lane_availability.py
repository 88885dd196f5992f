# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that a machine without OpenSSL for Python lacks only the lane, with a reason."""

from __future__ import annotations

from importlib import metadata
import subprocess
import sys

import pytest
from support.pages import ROOT

from lerobot_arena_ros.arena.lane import availability
from lerobot_arena_ros.arena.lane.availability import check, missing, too_old, version_of
from lerobot_arena_ros.arena.lane.errors import LaneError


def test_nothing_is_missing_here() -> None:
    """With what the package requires, lanes are available."""
    check()
    assert missing() is None


@pytest.mark.parametrize('module', ['OpenSSL', 'cryptography'])
def test_a_missing_library_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the library and how to install it, in one line."""
    monkeypatch.setattr(
        availability, 'find_spec', lambda name: None if name == module else object()
    )

    assert missing() == f'{module} is not installed: {availability.REMEDY}'
    with pytest.raises(LaneError, match=f'{module} is not installed'):
        check()


def test_an_old_release_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason has the version that is installed and the one that is expected."""
    monkeypatch.setattr(metadata, 'version', lambda _name: '21.0.0')

    reason = missing()

    assert reason is not None
    assert reason.startswith('pyOpenSSL 21.0.0 is too old, expected 23.2 or later: pip install')


def test_a_library_that_does_not_work_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that fails in any way gives one line with the reason."""

    def fail(_name: str) -> None:
        raise AttributeError("module 'lib' has no\nattribute 'X'")

    monkeypatch.setattr(availability, 'import_module', fail)
    with pytest.raises(LaneError) as raised:
        check()

    assert "AttributeError: module 'lib' has no attribute 'X'; pip install" in str(raised.value)
    assert '\n' not in str(raised.value)


def test_without_metadata_the_import_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that was not installed as a package may have any version."""

    def fail(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, 'version', fail)
    assert missing() is None


@pytest.mark.parametrize(
    ('text', 'version'),
    [
        ('23.2.0', (23, 2)),
        ('26.4', (26, 4)),
        ('24.3.dev0', (24, 3)),
        ('new', (0, 0)),
        ('', (0, 0)),
    ],
)
def test_versions_are_compared_as_numbers(text: str, version: tuple[int, int]) -> None:
    """The first two numbers count, and a version without them is too old."""
    assert version_of(text) == version
    assert (too_old(text) is None) == (version >= (23, 2))


def test_the_lane_is_imported_without_openssl() -> None:
    """Only the modules that open a lane import OpenSSL, because it takes 0.1 s and is optional."""
    program = (
        'import sys\n'
        "sys.modules['OpenSSL'] = sys.modules['cryptography'] = None\n"
        'from lerobot_arena_ros.arena import lane\n'
        'from lerobot_arena_ros.arena.lane import availability, channel, decisions, errors\n'
    )
    subprocess.run([sys.executable, '-c', program], check=True, cwd=ROOT)
