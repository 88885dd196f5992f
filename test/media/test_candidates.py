# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.candidates: the candidates that browsers send one by one."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.media.candidates import parse_candidate
from lerobot_arena_ros.media.errors import InvalidSignal

TEXT = 'candidate:842163049 1 udp 1677729535 192.168.1.7 46154 typ srflx raddr 10.0.0.2 rport 9'


def test_a_candidate_of_a_browser_is_read() -> None:
    """All fields that aiortc needs are read."""
    found = parse_candidate({'candidate': TEXT, 'sdpMid': '0', 'sdpMLineIndex': 0})

    assert found is not None
    assert (found.ip, found.port, found.kind, found.protocol) == (
        '192.168.1.7',
        46154,
        'srflx',
        'udp',
    )
    assert (found.related_address, found.related_port, found.mid) == ('10.0.0.2', 9, '0')


@pytest.mark.parametrize('end', [None, {'candidate': ''}, {'candidate': None, 'sdpMid': '0'}])
def test_the_end_of_the_candidates_is_no_candidate(end: object) -> None:
    """Browsers mark it in several ways."""
    assert parse_candidate(end) is None


def test_the_name_of_a_browser_is_accepted() -> None:
    """A browser that has no camera permission hides its addresses behind .local names."""
    text = TEXT.replace('192.168.1.7', '8b1f2a52-0000-4bd8-b5c1-aaaaaaaaaaaa.local')
    found = parse_candidate({'candidate': text, 'sdpMid': '0'})

    assert found is not None and found.ip.endswith('.local')


@pytest.mark.parametrize(
    'value',
    [
        'candidate',
        [],
        {'candidate': 7, 'sdpMid': '0'},
        {'candidate': TEXT},
        {'candidate': TEXT, 'sdpMLineIndex': True},
        {'candidate': 'candidate:1 1 udp', 'sdpMid': '0'},
        {'candidate': TEXT.replace('46154', '70000'), 'sdpMid': '0'},
        {'candidate': TEXT.replace('46154', 'x'), 'sdpMid': '0'},
        {'candidate': TEXT.replace('srflx', 'odd'), 'sdpMid': '0'},
        {'candidate': TEXT.replace('192.168.1.7', 'example.org'), 'sdpMid': '0'},
        {'candidate': TEXT.replace('192.168.1.7', '224.0.0.1'), 'sdpMid': '0'},
        {'candidate': TEXT.replace('192.168.1.7', '0.0.0.0'), 'sdpMid': '0'},
        {'candidate': TEXT + ' x y' * 400, 'sdpMid': '0'},
    ],
)
def test_an_invalid_candidate_is_refused(value: object) -> None:
    """No host name is resolved, and no candidate is longer than a limit."""
    with pytest.raises(InvalidSignal):
        parse_candidate(value)
