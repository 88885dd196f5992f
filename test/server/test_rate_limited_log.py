# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The rate-limited log of the server."""

from __future__ import annotations

import json
import logging

import pytest

from lerobot_arena_ros.server.log.rate_limited_log import LINES, MAX_VALUE_LENGTH, RateLimitedLog

LOG = 'lerobot_arena_ros.server'


def test_a_line_has_keys_and_values(caplog: pytest.LogCaptureFixture) -> None:
    """Numbers are unquoted and texts are quoted, so a line stays one line."""
    caplog.set_level(logging.INFO, LOG)

    RateLimitedLog().note('joined', room='arm 7', count=3, participant='a\nevent=forged')

    assert caplog.messages == ["event=joined room='arm 7' count=3 participant='a\\nevent=forged'"]


def test_a_long_value_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """A long value is cut, because clients choose some values."""
    caplog.set_level(logging.INFO, LOG)

    RateLimitedLog().note('joined', room='x' * 10_000)

    assert len(caplog.messages[0]) < 300


def test_lines_left_out_are_counted_per_event(caplog: pytest.LogCaptureFixture) -> None:
    """A flood of one event hides no other, and the next period starts from zero."""
    caplog.set_level(logging.INFO, LOG)
    log = RateLimitedLog()
    for _ in range(LINES + 5):
        log.note('bad_frame')
    log.warn('request_refused')
    log.end_period()
    log.note('bad_frame')
    log.end_period()

    assert caplog.messages == [
        *['event=bad_frame'] * LINES,
        'event=request_refused',
        'event=bad_frame left_out=5',
        'event=bad_frame',
    ]


def test_lines_below_the_level_are_not_counted(caplog: pytest.LogCaptureFixture) -> None:
    """With the level off, no lines are reported as left out."""
    caplog.set_level(logging.WARNING, LOG)
    log = RateLimitedLog()
    for _ in range(LINES + 5):
        log.note('bad_frame')
    log.end_period()

    assert caplog.messages == []


def test_long_values_of_the_audit_log_use_little_memory() -> None:
    """Values are cut before they are stored for counting."""
    lines: list[str] = []
    log = RateLimitedLog(lines.append)
    # They differ only after the cut, so they are the same line.
    for number in range(1000):
        log.sample('reset_requested', token='a', robot=f'{"y" * 100_000}{number}')
    log.end_period()

    first, more = map(json.loads, lines)
    assert first['robot'] == more['robot'] == 'y' * MAX_VALUE_LENGTH + '...'
    assert more['more'] == 999


def test_sampled_events_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log has a line for each event within its limit; the audit log counts them."""
    caplog.set_level(logging.INFO, LOG)
    lines: list[str] = []
    log = RateLimitedLog(lines.append)
    for _ in range(3):
        log.record_often('joined', peer='10.0.0.7')
    log.end_period()

    assert caplog.messages == ["event=joined peer='10.0.0.7'"] * 3
    assert [json.loads(line).get('more') for line in lines] == [None, 2]
