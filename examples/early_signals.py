"""Import this module first, so that Ctrl-C during other imports prints no traceback."""

from __future__ import annotations

import os
import signal

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: os._exit(0))
