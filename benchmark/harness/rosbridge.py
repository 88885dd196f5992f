# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""rosbridge, if it is installed, as a process to compare with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import subprocess
import sys
from xml.etree import ElementTree

from .processes import Wrap, free_port, running_command
from .programs import Server

__all__ = ['HOW_TO_INSTALL', 'NOT_INSTALLED', 'Rosbridge', 'find_rosbridge']

NOT_INSTALLED = 'rosbridge is not installed'
HOW_TO_INSTALL = 'apt install ros-<distro>-rosbridge-server, or use --rosbridge PREFIX'

_PROGRAM = Path('lib', 'rosbridge_server', 'rosbridge_websocket')
_MANIFEST = Path('share', 'rosbridge_server', 'package.xml')
_LIBRARIES = ('lib/python3*/site-packages', 'local/lib/python3*/dist-packages')

_WAIT = """
import sys
from benchmark.harness.processes import wait_for_port
wait_for_port(int(sys.argv[1]), sys.argv[2])
"""


@dataclass(frozen=True)
class Rosbridge:
    """An installed rosbridge; ``prefix`` is the folder that it was installed under."""

    prefix: Path

    @property
    def version(self) -> str:
        """The version in its manifest."""
        return ElementTree.parse(self.prefix / _MANIFEST).findtext('version', 'unknown')

    @contextmanager
    def running(
        self, variables: Mapping[str, str], *, address: str = '127.0.0.1', wrap: Wrap = list
    ) -> Iterator[Server]:
        """
        Run it with its defaults, except for the address and the port.

        :param wrap: changes the command line; see :func:`.running_module`.
        :raises subprocess.CalledProcessError: it does not listen in time.
        """
        port = free_port()
        command = [
            sys.executable,
            str(self.prefix / _PROGRAM),
            '--ros-args',
            '--log-level',
            'error',
        ]
        command += ['-p', f'port:={port}', '-p', f'address:={address}']
        with running_command(
            wrap(command),
            variables={**self._search_paths(), **variables},
            is_graceful=True,
            stdout=subprocess.DEVNULL,
            stderr=None,
        ) as process:
            # From where it listens, which may be another network namespace.
            wait = [sys.executable, '-c', _WAIT, str(port), address]
            subprocess.run(wrap(wait), check=True)
            yield Server(f'ws://{address}:{port}', process.pid)

    def _search_paths(self) -> dict[str, str]:
        """Return variables that make its own libraries importable if they are not sourced."""
        libraries = [str(found) for kind in _LIBRARIES for found in self.prefix.glob(kind)]
        return {
            'PYTHONPATH': _prepended('PYTHONPATH', *libraries),
            'AMENT_PREFIX_PATH': _prepended('AMENT_PREFIX_PATH', str(self.prefix)),
        }


def find_rosbridge(prefix: Path | None = None) -> Rosbridge | None:
    """
    Find an installed rosbridge.

    :param prefix: where to look; None looks in each prefix of the ament index.
    """
    inherited = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    prefixes = [prefix] if prefix is not None else [Path(part) for part in inherited if part]
    return next((Rosbridge(where) for where in prefixes if (where / _PROGRAM).is_file()), None)


def _prepended(variable: str, *parts: str) -> str:
    inherited = os.environ.get(variable)
    return os.pathsep.join([*parts, *([inherited] if inherited else [])])
