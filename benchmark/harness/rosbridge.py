"""A peer that is measured beside our path where it is installed: rosbridge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import subprocess
import sys
from xml.etree import ElementTree

from .processes import Server, free_port, started, wait_for_port

__all__ = ['HOW_TO_HAVE_IT', 'NOT_INSTALLED', 'Rosbridge', 'find_rosbridge']

NOT_INSTALLED = 'rosbridge is not installed'
HOW_TO_HAVE_IT = (
    'apt install ros-<distro>-rosbridge-server, or say where it is: --rosbridge PREFIX'
)

_PROGRAM = Path('lib', 'rosbridge_server', 'rosbridge_websocket')
_MANIFEST = Path('share', 'rosbridge_server', 'package.xml')
_LIBRARIES = ('lib/python3*/site-packages', 'local/lib/python3*/dist-packages')


@dataclass(frozen=True)
class Rosbridge:
    """An installed one; ``prefix`` is the folder that it was installed under."""

    prefix: Path

    @property
    def version(self) -> str:
        """What its manifest says."""
        return ElementTree.parse(self.prefix / _MANIFEST).findtext('version', 'unknown')

    @contextmanager
    def running(self, environment: Mapping[str, str]) -> Iterator[Server]:
        """Run it as it is shipped, but for where it listens."""
        port = free_port()
        command = [
            sys.executable,
            str(self.prefix / _PROGRAM),
            '--ros-args',
            '--log-level',
            'error',
        ]
        command += ['-p', f'port:={port}', '-p', 'address:=127.0.0.1']
        surroundings = {**self._surroundings(), **environment}
        with started(command, surroundings, stdout=subprocess.DEVNULL) as process:
            wait_for_port(port)
            yield Server(f'ws://127.0.0.1:{port}', process.pid)

    def _surroundings(self) -> dict[str, str]:
        """Let it find what was installed with it, though nobody sourced that."""
        libraries = [str(found) for kind in _LIBRARIES for found in self.prefix.glob(kind)]
        return {
            'PYTHONPATH': _before('PYTHONPATH', *libraries),
            'AMENT_PREFIX_PATH': _before('AMENT_PREFIX_PATH', str(self.prefix)),
        }


def find_rosbridge(prefix: Path | None = None) -> Rosbridge | None:
    """
    Find an installed one.

    :param prefix: where to look; None looks wherever the ament index is.
    """
    inherited = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    prefixes = [prefix] if prefix is not None else [Path(part) for part in inherited if part]
    return next((Rosbridge(where) for where in prefixes if (where / _PROGRAM).is_file()), None)


def _before(variable: str, *parts: str) -> str:
    inherited = os.environ.get(variable)
    return os.pathsep.join([*parts, *([inherited] if inherited else [])])
