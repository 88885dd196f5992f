# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.media.sdp_text: the limits of an SDP, and additions to it."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.media.errors import InvalidSignal
from lerobot_arena_ros.media.sdp_text import (
    MAX_LENGTH,
    MAX_LINES,
    MAX_SECTIONS,
    as_dtls_client,
    asking_for_stamps,
    asks_for_stamps,
    candidate_count,
    checked,
    with_any_dtls_role,
)

ENDS = ['\r\n', '\n', '\r', '\x0b', '\x0c', '\x1c', '\x85', '\u2028']
OFFER = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=setup:actpass\r\n'


def candidate(target: str) -> str:
    """Return a line with a candidate at an address and a port."""
    return f'a=candidate:1 1 udp 2130706431 {target} typ host'


@pytest.mark.parametrize('end', ENDS)
def test_sections_are_counted_as_aiortc_separates_lines(end: str) -> None:
    """Each section that is not bundled opens sockets."""
    with pytest.raises(InvalidSignal, match=f'{MAX_SECTIONS} media sections'):
        checked('v=0' + (end + 'm=video 9 UDP/TLS/RTP/SAVPF 96') * (MAX_SECTIONS + 1))


@pytest.mark.parametrize('end', ENDS)
def test_candidates_are_counted_as_aiortc_separates_lines(end: str) -> None:
    """Each candidate causes packets."""
    assert candidate_count('v=0' + (end + candidate('10.0.0.2 5000')) * 70) == 70


@pytest.mark.parametrize(
    'sdp', ['v=0\r\n' + 'a=x\r\n' * MAX_LINES, 'x' * (MAX_LENGTH + 1)], ids=['lines', 'length']
)
def test_a_long_description_is_refused(sdp: str) -> None:
    """The time that aiortc needs grows with the square of the number of lines."""
    with pytest.raises(InvalidSignal, match='beyond a limit'):
        checked(sdp)


@pytest.mark.parametrize(
    'target', ['127.0.0.1 5000', '10.0.0.2 22', 'example.org 5000', '239.255.0.1 7400', 'nothing']
)
def test_only_usable_candidates_are_left(target: str) -> None:
    """One that must not be used does not spoil the others, and all other lines are kept."""
    usable = candidate('10.0.0.2 5000')
    sdp = f'v=0\r\nm=video 9 X 96\r\n{candidate(target)}\r\n{usable}\r\na=mid:0\r\n'

    assert checked(sdp) == f'v=0\r\nm=video 9 X 96\r\n{usable}\r\na=mid:0\r\n'


def test_a_relay_decides_itself_where_it_sends() -> None:
    """With relay_only, nothing is sent to a candidate directly."""
    sdp = f'v=0\r\n{candidate("127.0.0.1 5000")}\r\n'

    assert checked(sdp, relay_only=True) == sdp


def test_an_offer_may_demand_a_role_or_not() -> None:
    """All else stays."""
    demanding = as_dtls_client(OFFER)

    assert demanding == OFFER.replace('actpass', 'active') != OFFER
    assert with_any_dtls_role(demanding) == OFFER


def test_an_answer_asks_for_stamps() -> None:
    """The line belongs to the whole description, and only a producer of ours knows it."""
    asking = asking_for_stamps(OFFER)

    assert asks_for_stamps(asking) and not asks_for_stamps(OFFER)
    session = asking.split('m=')[0]
    assert asks_for_stamps(session) and session.startswith('v=0\r\na=')
