"""What the launch files decide, without launch."""

from __future__ import annotations

import pytest

from lerobot_arena_ros.nodes.launching.rules import (
    Arena,
    Include,
    LaunchError,
    Respawns,
    choose_arena,
)

FILE = 'http://localhost:8000'
LEFT = Include('/left/arena_bridge', {'consume_room': 'a', 'units': 'degrees'})


def choose(server_url: str = '', port: str = '', start: bool = False, *urls: str) -> Arena:
    """Choose an arena, with one URL in the parameters unless others are given."""
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
    """Port and URL are one, and a host that may be another program's is not in it."""
    assert choose(*arguments) == arena


@pytest.mark.parametrize(
    ('arguments', 'said'),
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
def test_arguments_that_do_not_agree_are_refused(arguments: tuple, said: str) -> None:  # type: ignore[type-arg]
    """The line names the arguments and what was expected."""
    with pytest.raises(LaunchError) as caught:
        choose(*arguments)

    assert said in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('node', 'arguments', 'said'),
    [
        ('/right/arena_bridge', {'consume_room': 'a', 'produce_room': 'b'}, "consume_room is 'a'"),
        ('/right/arena_bridge', {'start_server': 'true'}, "start_server is 'true'"),
        ('/left/arena_bridge', {'consume_room': 'b'}, 'two bridges are called /left/arena_bridge'),
    ],
)
def test_a_room_that_came_along_is_refused(
    node: str, arguments: dict[str, str], said: str
) -> None:
    """The line names both bridges, the argument and the remedy."""
    earlier = Include(LEFT.node, {**LEFT.arguments, 'start_server': 'true'})
    with pytest.raises(LaunchError) as caught:
        Include(node, arguments).check_after(earlier)

    assert said in str(caught.value)
    assert LEFT.node in str(caught.value)
    assert 'GroupAction' in str(caught.value)


def test_other_arguments_that_came_along_are_warned_of() -> None:
    """They may be meant, and the line says what to do if not."""
    text = Include('/right/arena_bridge', {'units': 'degrees'}).check_after(LEFT)

    assert text is not None
    assert '/right/arena_bridge has units=degrees, as /left/arena_bridge before it' in text
    assert 'GroupAction' in text


def test_includes_without_common_arguments_are_fine() -> None:
    """The same argument with another value has not come along."""
    right = Include('/right/arena_bridge', {'units': 'radians', 'consume_room': 'b'})

    assert right.check_after(LEFT) is None


def test_a_mistake_is_not_started_again() -> None:
    """The exit code 2 just after the start ends it at once."""
    reason = Respawns(0.0, delay_s=2.0).on_exit(2, 1.0)

    assert reason is not None
    assert 'ended with 2 at its start' in reason


@pytest.mark.parametrize('code', [0, 1, 2, -9])
def test_what_has_worked_is_started_again_each_time(code: int) -> None:
    """However often it ends, if it ran for a while each time."""
    respawns = Respawns(0.0, delay_s=2.0)

    assert [respawns.on_exit(code, 60.0 * n) for n in range(1, 20)] == [None] * 19


def test_what_ends_again_and_again_is_given_up() -> None:
    """After five ends in a row just after the start; a longer life begins the count anew."""
    respawns = Respawns(0.0, delay_s=2.0)
    quick = [respawns.on_exit(-11, 3.0 * n) for n in range(1, 5)]
    long = respawns.on_exit(-11, 60.0)
    again = [respawns.on_exit(-11, 60.0 + 3.0 * n) for n in range(1, 6)]

    assert [*quick, long, *again[:-1]] == [None] * 9
    assert again[-1] is not None
    assert 'ended 5 times in a row within 10 s of its start, with -11' in again[-1]
