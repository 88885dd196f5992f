# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""LeRobot's programs, in the environment in which it is installed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
import contextlib
import os
from pathlib import Path
import subprocess
import time

from lerobot_arena_ros.nodes.demo.processes import DemoError

__all__ = ['Programs']

LIMIT_S = 900.0
"""How long a program may take."""

TAIL = 15
"""How many lines of a program that failed are shown."""

CHECK_S = 0.5

LIBRARIES = 'FFMPEG_LIBRARIES'
"""The variable with the folders of FFmpeg's libraries, if they are not installed."""

DECODER = 'import torchcodec.decoders'
"""A program that fails if LeRobot cannot decode its videos."""


class Programs:
    """
    Run programs, one at a time.

    :param bin_folder: the folder of LeRobot's programs, such as ``.venv-lerobot/bin``.
    :param output: the folder for logs and for what LeRobot keeps; it does not go to a hub.
    :param check: called while a program runs; its exceptions end the program.
    """

    def __init__(self, bin_folder: Path, output: Path, check: Callable[[], None]) -> None:
        self._bin = bin_folder
        self._output = output
        self._check = check
        own = {name: text for name, text in os.environ.items() if not name.startswith('PYTHON')}
        self._environment = {
            **own,
            'HF_HOME': str(output / 'hub'),
            'HF_HUB_OFFLINE': '1',
            'HF_LEROBOT_HOME': str(output / 'lerobot'),
            # On a busy machine, threads that wait for each other take minutes for one step.
            'OMP_NUM_THREADS': '1',
            'PYTHONUNBUFFERED': '1',
            'TORCH_HOME': str(output / 'torch'),
        }
        if libraries := own.get(LIBRARIES):
            self._environment['LD_LIBRARY_PATH'] = libraries

    def have_decoder(self) -> bool:
        """Return whether LeRobot can decode its videos; that needs the libraries of FFmpeg."""
        command = [str(self._bin / 'python'), '-c', DECODER]
        done = subprocess.run(command, env=self._environment, capture_output=True)
        return done.returncode == 0

    async def run(
        self,
        name: str,
        arguments: Sequence[str],
        on_line: Callable[[str], Awaitable[None]] | None = None,
    ) -> list[str]:
        """
        Run a program to its end, and return the lines that it printed.

        :param on_line: awaited for each line.
        :raises DemoError: it failed, or took too long.
        """
        print(f'lerobot: {name}', flush=True)
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            str(self._bin / name),
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        reading = asyncio.create_task(self._read(process, name, on_line))
        try:
            while not reading.done() and time.monotonic() - began < LIMIT_S:
                await asyncio.wait([reading], timeout=CHECK_S)
                self._check()
            if not reading.done():
                raise DemoError(f'{name} did not end within {LIMIT_S:g} s')
            lines = await reading
            code = await process.wait()
        finally:
            reading.cancel()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if code:
            tail = '\n'.join(lines[-TAIL:])
            raise DemoError(f'{name} ended with code {code}:\n{tail}')
        print(f'lerobot: {name} ended after {time.monotonic() - began:.0f} s', flush=True)
        return lines

    async def _read(
        self,
        process: asyncio.subprocess.Process,
        name: str,
        on_line: Callable[[str], Awaitable[None]] | None,
    ) -> list[str]:
        """Read the lines, write them to a log file, and return the last ones."""
        assert process.stdout is not None
        lines: deque[str] = deque(maxlen=200)
        with (self._output / f'{name}.log').open('ab') as log:
            async for raw in process.stdout:
                log.write(raw)
                log.flush()
                line = raw.decode(errors='replace').rstrip()
                lines.append(line)
                if on_line is not None:
                    await on_line(line)
        return list(lines)
