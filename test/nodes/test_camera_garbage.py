# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""lerobot_arena_ros.nodes.camera.garbage: when Python frees what is left of a connection."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
import weakref

from lerobot_arena_ros.nodes.camera.garbage import collect_often

existing = [[] for _ in range(100_000)]
collect_often()


class Connection:
    pass


connection = Connection()
connection.itself = connection
gc.collect()  # It is old when it is closed.
is_alive = weakref.ref(connection)
del connection
more = []
while is_alive() is not None and len(more) < 200_000:
    more.append([])
print(len(more))
"""


def test_a_closed_connection_is_freed_soon() -> None:
    """An object in a circle is freed before many more are made; by default it waits for 70000."""
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )

    assert int(done.stdout) < 20_000
