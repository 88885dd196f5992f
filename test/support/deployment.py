# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Several arenas behind nginx, with the configuration and the command line of deploy/."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
import http.client
import json
from pathlib import Path
import re
import shlex
import signal
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmark.harness.nginx_proxy import NginxProxy, find_nginx, running_nginx
from benchmark.harness.processes import enter_all

from .arena_server import ROOT, Server, arena_server
from .certificates import Authority
from .required import require

__all__ = [
    'BEARER',
    'TOKEN',
    'UNIT',
    'Deployment',
    'deployed',
    'status',
    'unit_arguments',
]

TOKEN = 'zebra-7.secret'
BEARER = {'Authorization': f'Bearer {TOKEN}'}
UNIT = ROOT / 'deploy' / 'arena_server@.service'
PROCESSES = 3
MODULE = 'lerobot_arena_ros.server.main'


class Deployment:
    """
    Running arenas behind a running nginx.

    :ivar url: the URL of nginx, without TLS.
    :ivar rest: an HTTP client with the token.
    :ivar ca_file: the certificate authority of nginx's certificate.
    """

    def __init__(self, stack: ExitStack, folder: Path, *, lanes: bool) -> None:
        program = find_nginx()
        require('nginx', program, 'nginx is not installed; apt has it')
        assert program is not None
        (folder / 'token').write_text(TOKEN)
        self._stack = stack
        self.rest = stack.enter_context(httpx.Client(headers=BEARER))
        self._folder = folder
        self._lanes = lanes
        self.servers = enter_all(stack, [self._server(0) for _ in range(PROCESSES)])
        authority = Authority(folder)
        certificate = authority.certify_this_machine()
        ports = [server.port for server in self.servers]
        self.nginx: NginxProxy = stack.enter_context(running_nginx(program, ports, certificate))
        self.url = self.nginx.url
        self.tls_url = self.nginx.tls_url or ''
        self.ca_file = authority.file

    def make_room(self, workspace_id: str, room_id: str = 'arm') -> list[Server]:
        """Create a room through nginx; return the processes that have it now."""
        url = f'{self.url}/robotics/workspaces/{workspace_id}/rooms'
        self.rest.post(url, json={'room_id': room_id}).raise_for_status()
        place = (workspace_id, room_id)
        return [server for server in self.servers if place in self.rooms_of(server)]

    def one_each(self, name: str) -> list[str]:
        """Return one workspace with a room for each process, in the order of the processes."""
        found: dict[int, str] = {}
        for number in range(1000):
            workspace_id = f'{name}-{number}'
            (home,) = self.make_room(workspace_id)
            found.setdefault(home.port, workspace_id)
            if len(found) == PROCESSES:
                break
        return [found[server.port] for server in self.servers]

    def rooms_of(self, server: Server) -> set[tuple[str, str]]:
        """Return the rooms of a process, requested directly: pairs of workspace and room."""
        reply = self.rest.get(f'{server.url}/robotics/cleanup/status').json()
        rooms = reply['cleanup_status']['rooms']
        return {(room['workspace_id'], room['room_id']) for room in rooms}

    @contextmanager
    def killed(self, place: int) -> Iterator[None]:
        """Kill a process, and start it again on the same port afterwards."""
        self.servers[place].end(signal.SIGKILL)
        try:
            yield
        finally:
            port = self.servers[place].port
            self.servers[place] = self._stack.enter_context(self._server(port))

    def _server(self, port: int) -> AbstractContextManager[Server]:
        arguments = unit_arguments(str(port), str(self._folder))
        if self._lanes:
            place = arguments.index('--max-fast-lanes')
            arguments[place : place + 2] = ['--udp-host', '127.0.0.1']
        return arena_server(*arguments)


def status(url: str, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
    """Request exactly this path; with ``Upgrade`` in the headers, a WebSocket."""
    parts = urlsplit(url)
    kind: Any = http.client.HTTPConnection
    options: dict[str, Any] = {}
    if parts.scheme == 'https':
        kind = http.client.HTTPSConnection
        options['context'] = ssl._create_unverified_context()
    with closing(kind(parts.netloc, timeout=10, **options)) as connection:
        connection.request('GET', path, headers=headers)
        reply = connection.getresponse()
        is_json = reply.getheader('content-type') == 'application/json'
        return reply.status, json.loads(reply.read()) if is_json else {}


def unit_arguments(port: str, folder: str) -> list[str]:
    """
    Return the arguments of the server in the systemd unit.

    :param folder: the folder of the token and of the audit log.
    """
    found = re.search(rf'^ExecStart=\S+ -m {re.escape(MODULE)} (.*)$', UNIT.read_text(), re.M)
    assert found is not None
    line = re.sub(r'\$\{(CREDENTIALS|LOGS)_DIRECTORY\}', lambda _: folder, found[1])
    return shlex.split(line.replace('%i', port))


@contextmanager
def deployed(folder: Path, *, lanes: bool = False) -> Iterator[Deployment]:
    """
    Run arenas and nginx; skip the test if nginx is not installed.

    :param lanes: start the arenas as deploy/README.md describes for fast lanes.
    """
    with ExitStack() as stack:
        yield Deployment(stack, folder, lanes=lanes)
