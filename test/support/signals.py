"""When a process is ready for a signal."""

from __future__ import annotations

from pathlib import Path
import signal
import time

from .processes import Process
from .waiting import wait_for

__all__ = ['handles_sigterm', 'let_pass']


def handles_sigterm(process: Process) -> bool:
    """Return whether a process handles SIGTERM, which Python by default does not."""
    assert process.is_alive, process.output
    status = Path(f'/proc/{process.pid}/status').read_text()
    caught = next(line for line in status.splitlines() if line.startswith('SigCgt:'))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def let_pass(process: Process, seconds: float) -> None:
    """Wait for some time, or until the process ends."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= end or not process.is_alive, 'a moment')
