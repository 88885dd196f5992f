# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Ambiguous request heads are detected for any split of the data."""

from __future__ import annotations

from hypothesis import given, strategies
import pytest

from lerobot_arena_ros.server.net.request_head import HeadCheck, ambiguity_of

GOOD = b'GET / HTTP/1.1\r\nHost: a\r\nX: b c\r\n\r\n'
BODY = b'{\n \n}\r\n '


def feed(*pieces: bytes) -> bool:
    """Feed these pieces; return whether each was valid."""
    check = HeadCheck()
    results = [check.feed(piece) for piece in pieces]
    return all(results)


@given(strategies.integers(0, len(GOOD + BODY)), strategies.integers(0, len(GOOD + BODY)))
def test_a_valid_head_is_accepted_with_any_body(one: int, two: int) -> None:
    """The lines of the body are not checked."""
    first, second = sorted((one, two))
    whole = GOOD + BODY

    assert feed(whole[:first], whole[first:second], whole[second:])


@pytest.mark.parametrize(
    'head',
    [
        b'GET / HTTP/1.1\nHost: a\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: a\n\r\n',
        b'GET / HTTP/1.1\r\nHost: a\r\n\n',
        b'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n',
        b'\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    ],
)
def test_a_bare_lf_and_a_folded_header_are_detected(head: bytes) -> None:
    """They are detected for any split of the head, and byte by byte."""
    for cut in range(len(head) + 1):
        assert not feed(head[:cut], head[cut:])
    assert not feed(*(bytes([byte]) for byte in head))


def test_the_next_head_is_checked_too() -> None:
    """The head of the next request on a connection is checked too."""
    check = HeadCheck()
    assert check.feed(GOOD + BODY)
    assert check.feed(b'\n')
    check.begin()
    assert not check.feed(b'GET / HTTP/1.1\nHost: a\r\n\r\n')


@pytest.mark.parametrize(
    ('names', 'complaint'),
    [
        ((b'host', b'content-length', b'accept', b'accept'), None),
        ((b'host', b'host'), 'the header host is expected once'),
        ((b'authorization', b'x', b'authorization'), 'the header authorization is expected once'),
        ((b'content-length', b'content-length'), 'the header content-length is expected once'),
        (
            (b'content-length', b'transfer-encoding'),
            'content-length is expected without transfer-encoding',
        ),
    ],
)
def test_headers_that_contradict_each_other_are_named(
    names: tuple[bytes, ...], complaint: str | None
) -> None:
    """The message names the header that must not be repeated."""
    assert ambiguity_of([(name, b'1') for name in names]) == complaint
