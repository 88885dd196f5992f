# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A bridge connects to an arena with a token, over TLS and through proxies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import math
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from rcl_interfaces.srv import GetParameters, ListParameters
from support.certificates import Authority
from support.domain import own_domain
from support.leading import leading, send, until
from support.probe import Probe, running_probe
from support.processes import Process, ros_arguments, running
from support.robot import DEFAULTS, NAMESPACE, robot
from support.server import rules_of, running_server
from support.waiting import wait_for

from lerobot_arena_ros import RoboticsProducer
from lerobot_arena_ros.arena.access import TOKEN_VARIABLE
from lerobot_arena_ros.arena.proxies import ENVIRONMENT_NAMES

TOKEN = 'a-secret-token-of-the-test'
LINK = f'/{NAMESPACE}/arena_bridge: produce link'


@contextmanager
def bridge(url: str, **parameters: Any) -> Iterator[Process]:
    """Run a bridge with the present environment."""
    given = {**DEFAULTS, 'produce.room_id': 'a', 'server_url': url, **parameters}
    with running('nodes.bridge.main', ros_arguments(NAMESPACE, given)) as process:
        yield process


def all_texts(probe: Probe, process: Process) -> str:
    """Return all texts about a bridge from the graph and the log."""
    listed = probe.query(NAMESPACE, 'list_parameters', ListParameters, ListParameters.Request())
    names = listed.result.names
    request = GetParameters.Request(names=names)
    values = probe.query(NAMESPACE, 'get_parameters', GetParameters, request).values
    return f'{process.output}\n{probe.diagnostics}\n{names}\n{values}'


@pytest.fixture(name='token')
def fixture_token(monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the token in the environment variable that bridges read."""
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    return TOKEN


def test_a_bridge_joins_with_a_token_over_tls_and_keeps_it_secret(
    token: str, tmp_path: Path
) -> None:
    """The rooms are created and joined, and no log, status or parameter contains the token."""
    authority = Authority(tmp_path)
    certificate = authority.certify_this_machine()
    with (
        own_domain(),
        running_server(rules=rules_of(token), certificate=certificate) as url,
        running_probe() as probe,
        bridge(url, ca_file=authority.file) as process,
    ):
        assert url.startswith('https://')
        wait_for(lambda: probe.text(LINK) == 'joined', 'the link')

        assert token not in all_texts(probe, process)


def test_a_bridge_with_a_wrong_token_ends_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused token ends the bridge, because another attempt would not help."""
    monkeypatch.setenv(TOKEN_VARIABLE, 'wrong')
    with own_domain(), running_server(rules=rules_of(TOKEN)) as url, bridge(url) as process:
        assert process.wait() == 2, process.output

        lines = [line for line in process.output.splitlines() if line.startswith('arena_bridge:')]
        assert len(lines) == 1, process.output
        assert 'access denied: the token is missing or wrong' in lines[0]
        assert "wrong'" not in process.output
        assert 'Traceback' not in process.output


def test_a_server_that_cannot_be_trusted_is_not_joined(token: str, tmp_path: Path) -> None:
    """A certificate that is not trusted is retried, and the text names the remedy."""
    certificate = Authority(tmp_path).certify_this_machine()
    with (
        own_domain(),
        running_server(rules=rules_of(token), certificate=certificate) as url,
        running_probe() as probe,
        bridge(url) as process,
    ):
        wait_for(lambda: 'CERTIFICATE_VERIFY_FAILED' in probe.text(LINK), 'the refusal')

        assert 'set ca_file' in probe.text(LINK)
        assert token not in all_texts(probe, process)


MISTAKES = {
    'plain to another host': (
        {'server_url': 'http://arena.example.org'},
        'the token would be sent unencrypted',
    ),
    'no such authorities': (
        {'server_url': 'https://arena.example.org', 'ca_file': '/nowhere.pem'},
        "CA file '/nowhere.pem': No such file",
    ),
}


@pytest.mark.usefixtures('token')
@pytest.mark.parametrize(('parameters', 'expected'), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_with_the_token_ends_the_bridge_with_one_line(
    parameters: dict[str, str], expected: str
) -> None:
    """An unusable token ends the bridge before it connects."""
    with own_domain(), bridge('', **parameters) as process:
        assert process.wait() == 2, process.output

        lines = [line for line in process.output.splitlines() if line.startswith('arena_bridge:')]
        assert len(lines) == 1, process.output
        assert expected in lines[0]
        assert TOKEN not in process.output
        assert 'Traceback' not in process.output


ODD_ENVIRONMENTS = {
    'socks of a desktop': {'ALL_PROXY': 'socks://127.0.0.1:1080', 'NO_PROXY': ''},
    'socks without its packages': {'http_proxy': 'socks5h://127.0.0.1:1080', 'no_proxy': ''},
    'IPv6 exceptions': {'http_proxy': 'http://127.0.0.1:1', 'no_proxy': '[::1],fd00::/8'},
    'no port': {'SOCKS_PROXY': 'http://127.0.0.1:x', 'http_proxy': 'http://me:se#cret@x:y'},
}


@pytest.mark.parametrize('variables', ODD_ENVIRONMENTS.values(), ids=ODD_ENVIRONMENTS)
def test_no_proxy_of_the_environment_ends_a_bridge_on_this_machine(
    variables: dict[str, str],
) -> None:
    """With proxy variables, a bridge joins, recovers from a dropped frame, and joins again."""
    parameters = {
        'consume.room_id': 'a',
        'joints': ['j1', 'j2'],
        'joint_map.j1.min': -1.0,
        'joint_map.j1.max': 1.0,
        'consume.max_velocity': 100.0,
        'consume.start_velocity': 100.0,
    }
    with robot(parameters, variables=variables) as bridged:

        async def act(producer: RoboticsProducer) -> None:
            await send(producer, j1=1.0, j2=0.0)
            await until(bridged, [math.radians(1.0), 0.0])
            await send(producer, j1=4000.0, j2=30.0)
            await send(producer, j1=2.0)
            await until(bridged, [math.radians(2.0), math.radians(30.0)])

        leading(bridged, act)
        bridged.proxy.cut()
        bridged.wait_for_status('consume link', 'cannot connect')
        bridged.proxy.open()
        bridged.wait_for_status('consume link', 'joined')
        assert bridged.bridge.is_alive


UNUSABLE = {
    'socks of a desktop': (
        {'ALL_PROXY': 'socks://127.0.0.1:1080'},
        "environment variable ALL_PROXY = 'socks://127.0.0.1:1080': expected ",
    ),
    'a port that is none': (
        {'http_proxy': 'http://me:secret@127.0.0.1:x'},
        "environment variable http_proxy = 'http://***@127.0.0.1:***': expected ",
    ),
    'an exception that is none': (
        {'http_proxy': 'http://127.0.0.1:1', 'NO_PROXY': 'http://arena.example'},
        "environment variable NO_PROXY has the invalid entry 'http://arena.example': expected ",
    ),
    'a server that is none': ({}, "parameter server_url: server URL 'http://xn--a.invalid': "),
}


@pytest.mark.parametrize('role', ['produce', 'consume'])
@pytest.mark.parametrize(('variables', 'expected'), UNUSABLE.values(), ids=UNUSABLE)
def test_what_keeps_a_bridge_from_its_server_is_one_line(
    role: str, variables: dict[str, str], expected: str
) -> None:
    """An unusable proxy variable is named in one line, before the bridge connects."""
    others = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT_NAMES}
    url = 'http://arena.example' if variables else 'http://xn--a.invalid'
    given = {**DEFAULTS, f'{role}.room_id': 'a', 'server_url': url}
    arguments, environment = ros_arguments(NAMESPACE, given), {**others, **variables}
    with own_domain(), running('nodes.bridge.main', arguments, env=environment) as process:
        assert process.wait() == 2, process.output

        lines = [line for line in process.output.splitlines() if line.startswith('arena_bridge:')]
        assert len(lines) == 1, process.output
        assert expected in lines[0]
        assert 'a bug' not in lines[0] and 'secret' not in process.output
        assert 'Traceback' not in process.output
