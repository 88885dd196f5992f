# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Sampling of frequent events for the audit log."""

from __future__ import annotations

import tracemalloc

from lerobot_arena_ros.server.log.samples import MAX_PER_SENDER, MAX_PER_TOKEN, Samples

WATCHER = {'peer': '10.0.0.7', 'token': 'watch'}
DRIVER = {'peer': '10.0.0.8', 'token': 'drive'}


def test_an_equal_event_is_written_once_and_then_counted() -> None:
    """An event that differs in any value is written at once."""
    samples = Samples()

    assert samples.is_new('joined', {**DRIVER, 'room': 'a'})
    assert not samples.is_new('joined', {**DRIVER, 'room': 'a'})
    assert samples.is_new('joined', {**DRIVER, 'room': 'b'})
    assert samples.is_new('left', {**DRIVER, 'room': 'a'})
    assert list(samples.remaining()) == [('joined', {**DRIVER, 'room': 'a', 'more': 1})]


def test_no_sender_hides_another_one() -> None:
    """Each address and each token has its own limit, so a flood hides no other sender."""
    samples = Samples()
    for number in range(10_000):
        samples.is_new('reset_requested', {**DRIVER, 'robot': f'x{number}'})
        samples.is_new('emergency_stop', {**DRIVER, 'reason': f'x{number}'})

    assert samples.is_new('command', {**DRIVER, 'room': 'a'})
    assert samples.is_new('emergency_stop', {**WATCHER, 'reason': 'fire'})
    assert samples.is_new('emergency_stop', {**WATCHER, 'peer': '10.0.0.8', 'reason': 'fire'})
    assert samples.is_new('emergency_stop', {**DRIVER, 'peer': '10.0.0.9', 'reason': 'fire'})


def test_events_beyond_the_limit_are_counted_for_their_sender() -> None:
    """Events beyond the limit are counted for their sender."""
    samples = Samples()
    written = [
        samples.is_new('joined', {**DRIVER, 'participant': f'x{number}'})
        for number in range(MAX_PER_SENDER + 5)
    ]

    assert written == [True] * MAX_PER_SENDER + [False] * 5
    assert list(samples.remaining()) == [('joined', {**DRIVER, 'more': 5})]


def test_a_holder_of_many_addresses_hides_no_other_token() -> None:
    """An IPv6 network is one address, and many addresses use up only their own token."""
    samples = Samples()
    for number in range(10_000):
        samples.is_new('refused', {'peer': f'2001:db8::{number:x}', 'code': 'bad_host'})
        samples.is_new('joined', {**DRIVER, 'peer': f'10.1.{number // 256}.{number % 256}'})

    assert samples.is_new('refused', {'peer': '10.0.0.7', 'code': 'bad_host'})
    assert samples.is_new('joined', WATCHER)
    assert list(samples.remaining()) == [
        ('refused', {'peer': '2001:db8::/64', 'token': '', 'more': 10_000 - MAX_PER_SENDER}),
        ('joined', {'peer': 'several', 'token': 'drive', 'more': 10_000 - MAX_PER_TOKEN}),
    ]


def test_a_flood_uses_little_memory() -> None:
    """The limits bound the memory of one period."""
    samples = Samples()
    tracemalloc.start()
    for number in range(50_000):
        peer = f'10.1.{number // 256 % 256}.{number % 256}'
        samples.is_new('refused', {'peer': peer, 'what': f'{number:0200}'})
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 500_000
