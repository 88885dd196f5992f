# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the decisions of the launch files, without launch."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.nodes.launching.launch_rules import (
    Arena,
    Include,
    LaunchError,
    Respawns,
    choose_arena,
)

FILE = 'http://localhost:8000'
LEFT = Include('/left/arena_bridge', {'consume_room': 'a', 'units': 'degrees'})


def choose(server_url: str = '', port: str = '', start: bool = False, *urls: str) -> Arena:
    """Choose an arena, with one default URL in the parameters."""
    return choose_arena(server_url=server_url, port=port, start_server=start, urls=urls or [FILE])


@pytest.mark.parametrize(
    ('arguments', 'arena'),
    [
        pytest.param((), Arena('', None), id='parameters'),
        pytest.param(('https://a/b',), Arena('https://a/b', None), id='url'),
        pytest.param(('', '9000'), Arena('http://127.0.0.1:9000', None), id='port'),
        pytest.param(('', '', True), Arena('http://127.0.0.1:8000', 8000), id='start'),
        pytest.param(
            ('http://localhost:9000', '', True), Arena('http://127.0.0.1:9000', 9000), id='at url'
        ),
        pytest.param(('', '9000', True), Arena('http://127.0.0.1:9000', 9000), id='at port'),
        pytest.param(
            ('http://localhost:9000/', '9000', True),
            Arena('http://127.0.0.1:9000', 9000),
            id='both agree',
        ),
        pytest.param(
            ('', '', True, 'http://127.0.0.1:9000'),
            Arena('http://127.0.0.1:9000', 9000),
            id='at the url of the parameters',
        ),
        pytest.param(
            ('', '9000', True, 'http://a:1', 'http://b:2'),
            Arena('http://127.0.0.1:9000', 9000),
            id='port for all',
        ),
    ],
)
def test_bridges_go_to_the_arena_that_is_started(arguments: tuple, arena: Arena) -> None:  # type: ignore[type-arg]
    """Bridges connect to 127.0.0.1 and the port of the arena that the launch starts."""
    assert choose(*arguments) == arena


@pytest.mark.parametrize(
    ('arguments', 'text'),
    [
        pytest.param(('http://localhost:9000', '8000'), 'port is 8000: expected one of', id='two'),
        pytest.param(('http://a:8000', '8000', True), 'expected one of them alone', id='host'),
        pytest.param(('http://a:8000', '', True), "'http://a:8000': expected an arena", id='far'),
        pytest.param(('https://localhost', '', True), 'expected an arena of this', id='TLS'),
        pytest.param(('http://localhost:1/x', '', True), 'expected an arena of this', id='path'),
        pytest.param(('http://[::1]:8000', '', True), 'expected an arena of this', id='IPv6'),
        pytest.param(('', '', True, 'http://a', 'http://b'), 'have several arenas', id='several'),
        pytest.param(('ftp://localhost', '', True), "'ftp://localhost': expected http", id='ftp'),
        *(
            pytest.param(('', port), f'port is {port!r}: expected a number from 1', id=port)
            for port in ('0', '65536', '-1', 'http', '8000.0')
        ),
    ],
)
def test_arguments_that_do_not_agree_are_refused(arguments: tuple, text: str) -> None:  # type: ignore[type-arg]
    """Contradictory arguments are an error that names them and the expected values."""
    with pytest.raises(LaunchError) as caught:
        choose(*arguments)

    assert text in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('node', 'arguments', 'text'),
    [
        ('/right/arena_bridge', {'consume_room': 'a', 'produce_room': 'b'}, "consume_room is 'a'"),
        ('/right/arena_bridge', {'start_server': 'true'}, "start_server is 'true'"),
        ('/left/arena_bridge', {'consume_room': 'b'}, 'two bridges are called /left/arena_bridge'),
    ],
)
def test_a_left_over_room_is_refused(node: str, arguments: dict[str, str], text: str) -> None:
    """A room left over from an earlier include is an error with both bridges and a remedy."""
    earlier = Include(LEFT.node, {**LEFT.arguments, 'start_server': 'true'})
    with pytest.raises(LaunchError) as caught:
        Include(node, arguments).check_after(earlier)

    assert text in str(caught.value)
    assert LEFT.node in str(caught.value)
    assert 'GroupAction' in str(caught.value)


def test_other_left_over_arguments_cause_a_warning() -> None:
    """Other arguments left over from an earlier include cause a warning with a remedy."""
    text = Include('/right/arena_bridge', {'units': 'degrees'}).check_after(LEFT)

    assert text is not None
    assert '/right/arena_bridge has units=degrees, as /left/arena_bridge before it' in text
    assert 'GroupAction' in text


def test_includes_without_common_arguments_are_fine() -> None:
    """The same argument with another value has not come along."""
    right = Include('/right/arena_bridge', {'units': 'radians', 'consume_room': 'b'})

    assert right.check_after(LEFT) is None


def test_a_user_error_is_not_started_again() -> None:
    """A bridge that ends with 2 just after its start is not started again."""
    reason = Respawns(0.0, delay_s=2.0).on_exit(2, 1.0)

    assert reason is not None
    assert 'ended with 2 at its start' in reason


@pytest.mark.parametrize('code', [0, 1, 2, -9])
def test_a_bridge_that_has_run_is_started_again(code: int) -> None:
    """A bridge that runs for a while each time is started again after each end."""
    respawns = Respawns(0.0, delay_s=2.0)

    assert [respawns.on_exit(code, 60.0 * n) for n in range(1, 20)] == [None] * 19


def test_a_bridge_that_ends_repeatedly_is_not_started_again() -> None:
    """A bridge is not started again after five quick ends; a longer run resets the count."""
    respawns = Respawns(0.0, delay_s=2.0)
    quick = [respawns.on_exit(-11, 3.0 * n) for n in range(1, 5)]
    long = respawns.on_exit(-11, 60.0)
    again = [respawns.on_exit(-11, 60.0 + 3.0 * n) for n in range(1, 6)]

    assert [*quick, long, *again[:-1]] == [None] * 9
    assert again[-1] is not None
    assert 'ended 5 times in a row within 10 s of its start, with -11' in again[-1]
