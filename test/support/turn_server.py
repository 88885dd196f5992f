# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""A TURN server on 127.0.0.1: Debian's coturn, if it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import socket
import subprocess
import tempfile

from support.required import require
from support.waiting import wait_for

__all__ = ['TURN_PASSWORD', 'TURN_USER', 'running_turn_server']

TURN_USER = 'robot'
TURN_PASSWORD = 'wheels'
VARIABLE = 'TURNSERVER'
"""The environment variable with the path of the program, if it is not in PATH."""


@contextmanager
def running_turn_server() -> Iterator[str]:
    """Run a TURN server meanwhile; the value is its URL. Skip the test without coturn."""
    program = os.environ.get(VARIABLE) or shutil.which('turnserver') or ''
    require('coturn', program, 'coturn is not installed: apt install coturn')
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
        probe.close()
        log = Path(folder) / 'log'
        options = {
            'listening-ip': '127.0.0.1',
            'relay-ip': '127.0.0.1',
            'listening-port': port,
            'user': f'{TURN_USER}:{TURN_PASSWORD}',
            'realm': 'example.org',
            'log-file': log,
            'userdb': Path(folder) / 'users',
            'pidfile': Path(folder) / 'pid',
        }
        flags = (
            'allow-loopback-peers',
            'lt-cred-mech',
            'no-tls',
            'no-dtls',
            'no-cli',
            'simple-log',
        )
        command = [program, '-n', *(f'--{name}={value}' for name, value in options.items())]
        running = subprocess.Popen(
            [*command, *(f'--{flag}' for flag in flags)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            wait_for(lambda: running.poll() is not None or _answers(port), 'the TURN server')
            assert running.poll() is None, log.read_text() if log.exists() else command
            yield f'turn:127.0.0.1:{port}?transport=udp'
        finally:
            running.terminate()
            running.wait(10.0)


def _answers(port: int) -> bool:
    """Return whether the server accepts connections; it opens TCP and UDP together."""
    try:
        socket.create_connection(('127.0.0.1', port), 1.0).close()
    except OSError:
        return False
    return True
