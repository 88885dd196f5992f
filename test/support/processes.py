# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Executables of the package as real processes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
import sys
from typing import Any

from benchmark.harness.processes import Process, free_port, ros_arguments, running_command

__all__ = ['Process', 'free_port', 'ros_arguments', 'running', 'running_command']


def running(
    program: str, arguments: Sequence[str], **options: Any
) -> AbstractContextManager[Process]:
    """
    Run a program of the package while the context is open.

    :param program: ``folder.module``, or ``folder.module:function`` as in an entry point.
    :param options: those of :func:`benchmark.harness.processes.running_command`.
    """
    module, _, function = program.partition(':')
    start = f'import sys, lerobot_arena_ros.{module} as m; sys.exit(m.{function or "main"}())'
    return running_command([sys.executable, '-c', start, *arguments], **options)
