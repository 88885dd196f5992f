# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""nginx as a reverse proxy of arenas, configured by deploy/, on ports of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
import grp
import os
from pathlib import Path
import pwd
import re
import shutil
import socket
import tempfile
import time
from typing import NamedTuple

from lerobot_arena_ros.server.serving import Certificate

from .processes import Process, running_command

__all__ = ['CONFIG', 'NginxProxy', 'find_nginx', 'running_nginx']

CONFIG = Path(__file__).resolve().parents[2] / 'deploy' / 'arena.conf'
TIMEOUT_S = 10.0
WORKERS = 2
UPSTREAMS = 3
"""Processes in the configuration: port 8001 and up."""

_MAIN = """\
daemon off;
{user}
worker_processes {workers};
pid {folder}/pid;
error_log {folder}/main.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/arena.conf;
}}
"""


class NginxProxy(NamedTuple):
    """
    A running nginx.

    :param tls_url: None without a certificate.
    :param pid: the process id of its master process.
    :param folder: the folder of its logs.
    """

    url: str
    tls_url: str | None
    pid: int
    folder: Path

    @property
    def logs(self) -> str:
        """Everything it has logged so far."""
        return _logs(self.folder)

    @property
    def pids(self) -> list[int]:
        """The process ids of its master process and its workers."""
        return [self.pid, *_children(self.pid)]


def find_nginx() -> str | None:
    """Return the path of nginx, also outside PATH as on Debian; None if it is not installed."""
    return shutil.which('nginx', path=f'{os.environ.get("PATH", "")}:/usr/sbin:/usr/local/sbin')


def _site_config(
    folder: Path, ports: Sequence[int], listen: Sequence[str], certificate: Certificate | None
) -> str:
    """
    Return the configuration of deploy/ with other ports and files.

    :param ports: those of the arenas; the lines of other upstreams are removed.
    :param listen: the addresses that replace those of its two ``listen`` lines.
    """
    text = CONFIG.read_text(encoding='utf-8')
    options = ' '.join(dict.fromkeys(re.findall(r'sndbuf=\w+', text)))
    lines = ''.join(f'    listen {address} {options};\n' for address in listen)
    text, count = re.subn(r'( +listen .*;\n)+', lines, text)
    assert count == 1, text
    for place in range(UPSTREAMS):
        new = rf'\g<1>{ports[place]}\g<2>' if place < len(ports) else ''
        text, count = re.subn(rf'(    server 127\.0\.0\.1:){8001 + place}(.*;\n)', new, text)
        assert count == 2, text
    if certificate is None:
        text = re.sub(r'    ssl_.*;\n', '', text)
    else:
        text = text.replace('/etc/ssl/arena/cert.pem', certificate.certfile)
        text = text.replace('/etc/ssl/arena/key.pem', certificate.keyfile or certificate.certfile)
    return text.replace('/var/log/nginx', str(folder))


@contextmanager
def running_nginx(
    program: str, ports: Sequence[int], certificate: Certificate | None = None
) -> Iterator[NginxProxy]:
    """
    Run nginx as a proxy of the arenas on these ports of this machine.

    :param program: the path of nginx; see :func:`find_nginx`.
    :param certificate: if given, nginx also listens for TLS.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kinds = [''] if certificate is None else ['', ' ssl']
        sockets = [stack.enter_context(socket.create_server(('127.0.0.1', 0))) for _ in kinds]
        for opened in sockets:
            # As sockets of nginx are: otherwise a worker would block if another one accepts first.
            opened.setblocking(False)
        where = [f'127.0.0.1:{opened.getsockname()[1]}' for opened in sockets]
        listen = [address + kind for address, kind in zip(where, kinds, strict=True)]
        config = _site_config(folder, ports, listen, certificate)
        (folder / 'arena.conf').write_text(config, encoding='utf-8')
        main = _MAIN.format(folder=folder, user=_user(), workers=WORKERS)
        (folder / 'nginx.conf').write_text(main, encoding='utf-8')
        process = stack.enter_context(_running(program, folder, sockets))
        tls_url = f'https://{where[1]}' if certificate else None
        yield NginxProxy(f'http://{where[0]}', tls_url, process.pid, folder)


def _children(pid: int) -> list[int]:
    try:
        return [*map(int, Path(f'/proc/{pid}/task/{pid}/children').read_text().split())]
    except FileNotFoundError:
        return []  # It has ended.


def _logs(folder: Path) -> str:
    return ''.join(file.read_text(errors='replace') for file in sorted(folder.glob('*.log')))


def _user() -> str:
    """Return the directive that keeps the workers from running as a user without access."""
    if os.geteuid() != 0:
        return ''
    return f'user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};'


@contextmanager
def _running(program: str, folder: Path, sockets: Sequence[socket.socket]) -> Iterator[Process]:
    # nginx inherits open sockets as after an upgrade, so no other process can take the ports.
    files = [opened.fileno() for opened in sockets]
    command = [program, '-p', str(folder), '-c', str(folder / 'nginx.conf')]
    inherited = ''.join(f'{number};' for number in files)
    with (
        (folder / 'stderr.log').open('wb') as stderr,
        running_command(
            command,
            variables={'NGINX': inherited},
            is_graceful=True,
            stderr=stderr,
            pass_fds=files,
        ) as process,
    ):
        deadline = time.monotonic() + TIMEOUT_S
        while len(_children(process.pid)) < WORKERS:
            if not process.is_alive or time.monotonic() > deadline:
                raise RuntimeError(f'nginx did not start: {_logs(folder)}')
            time.sleep(0.01)
        yield process
