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


@pytest.mark.parametrize(
    'target',
    [
        '127.0.0.1 5000',
        '127.8.8.8 5000',
        '::1 5000',
        '::ffff:127.0.0.1 5000',
        '255.255.255.255 5000',
        '239.255.0.1 7400',
        'ff02::1 5000',
        '192.168.1.7 22',
        '192.168.1.7 80',
        '93.184.215.14 53',
        'robot.local 22',
    ],
)
def test_a_candidate_that_a_browser_would_not_use_is_refused(target: str) -> None:
    """Nothing is sent to services of this machine, to groups, and to well-known ports."""
    value = {'candidate': TEXT.replace('192.168.1.7 46154', target), 'sdpMid': '0'}
    with pytest.raises(InvalidSignal, match='ICE candidate at'):
        parse_candidate(value)

    assert parse_candidate(value, relay_only=True) is not None or 'ff' in target


@pytest.mark.parametrize(
    'target', ['192.168.1.7 5000', '93.184.215.14 443', 'fe80::1 5000', '169.254.9.9 5000']
)
def test_a_candidate_of_another_machine_is_accepted(target: str) -> None:
    """Robots and viewers are on private networks, on a cable without a router, or elsewhere."""
    value = {'candidate': TEXT.replace('192.168.1.7 46154', target), 'sdpMid': '0'}
    assert parse_candidate(value) is not None


def test_a_tcp_candidate_without_a_port_is_accepted() -> None:
    """Browsers send them, and nothing is sent to them."""
    text = TEXT.replace(' udp ', ' tcp ').replace('46154', '9') + ' tcptype active'
    assert parse_candidate({'candidate': text, 'sdpMid': '0'}) is not None
