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
