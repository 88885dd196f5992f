# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests that a missing tool fails a test instead of skipping it if REQUIRE names the tool."""

from __future__ import annotations

import pytest
from support.required import VARIABLE, require


@pytest.mark.parametrize('named', ['', 'node', 'enginex'])
def test_a_missing_tool_that_is_not_required_skips_the_test(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing tool that REQUIRE does not name skips the test with the reason."""
    monkeypatch.setenv(VARIABLE, named)

    with pytest.raises(pytest.skip.Exception, match='no engine here'):
        require('engine', None, 'no engine here')


@pytest.mark.parametrize('named', ['engine', 'node,engine'])
def test_a_missing_tool_that_is_required_fails_the_test(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing tool that REQUIRE names fails the test with the reason."""
    monkeypatch.setenv(VARIABLE, named)

    with pytest.raises(pytest.fail.Exception, match='REQUIRE names engine: no engine here'):
        require('engine', None, 'no engine here')


def test_an_available_tool_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """An available tool is accepted, whether REQUIRE names it or not."""
    monkeypatch.setenv(VARIABLE, 'engine')

    require('engine', '/usr/sbin/engine', 'no engine here')
    require('other', '/usr/sbin/other', 'no other here')
