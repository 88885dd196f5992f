"""Listening sockets, and the address that they are reached at."""

from __future__ import annotations

from contextlib import ExitStack
import socket

import pytest

from lerobot_arena_ros.server.serving import listen, url_of


def test_a_free_port_is_picked_and_told() -> None:
    """The address names the real port."""
    with ExitStack() as after:
        (opened,) = map(after.enter_context, listen('127.0.0.1', 0))
        port = opened.getsockname()[1]

        assert port > 0
        assert url_of('127.0.0.1', [opened]) == f'http://127.0.0.1:{port}'


def test_small_messages_are_not_held_back() -> None:
    """Asyncio turns Nagle's algorithm off only where the protocol is named."""
    with ExitStack() as after:
        (opened,) = map(after.enter_context, listen('127.0.0.1', 0))

        assert opened.proto == socket.IPPROTO_TCP


def test_a_host_with_several_addresses_listens_on_all_at_one_port() -> None:
    """Localhost is often both IPv4 and IPv6."""
    with ExitStack() as after:
        opened = [after.enter_context(each) for each in listen('localhost', 0)]

        assert len({each.getsockname()[1] for each in opened}) == 1


@pytest.mark.skipif(not socket.has_ipv6, reason='no IPv6 here')
def test_an_ipv6_address_is_bracketed() -> None:
    """As URLs want it."""
    try:
        sockets = listen('::1', 0)
    except OSError as exc:
        pytest.skip(f'no IPv6 loopback here: {exc}')
    with ExitStack() as after:
        (opened,) = map(after.enter_context, sockets)

        assert url_of('::1', [opened]) == f'http://[::1]:{opened.getsockname()[1]}'


def test_a_taken_port_leaves_nothing_open() -> None:
    """Whatever was opened before the failure is closed; an unclosed socket would be a warning."""
    with socket.create_server(('127.0.0.1', 0)) as taken, pytest.raises(OSError, match='in use'):
        listen('localhost', taken.getsockname()[1])
