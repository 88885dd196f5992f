# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Tests of the demo as a new user runs it."""

from __future__ import annotations

from contextlib import AbstractContextManager
import re

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')

from support.domain import own_domain
from support.processes import Process, running
from support.waiting import wait_for


def demo_for(seconds: str) -> AbstractContextManager[Process]:
    """Run the unattended demo; it is ended gracefully, because only then it ends its children."""
    return running('executables:arena_demo', ['--seconds', seconds], is_graceful=True)


def test_the_unattended_demo_passes() -> None:
    """The unattended demo passes and prints the latencies that it measured."""
    with own_domain(), demo_for('8') as demo:
        wait_for(lambda: not demo.is_alive, 'the demo to end', 90.0)

        assert demo.wait() == 0, demo.output
        assert 'demo: passed' in demo.output
        found = re.search(r'latency +p50 ([\d.]+) ms, p99 ([\d.]+) ms \((\d+)', demo.output)
        assert found is not None, demo.output
        p50, p99, samples = map(float, found.groups())
        assert 0.0 < p50 <= p99
        assert samples > 50


def test_ctrl_c_ends_the_demo_and_its_processes() -> None:
    """Ctrl-C ends the demo with 0 and without a traceback."""
    with own_domain(), demo_for('600') as demo:
        wait_for(lambda: 'commands/s' in demo.output, 'the demo to run', 30.0)
        code = demo.end()

        assert code == 0, demo.output
        assert 'Traceback' not in demo.output


@pytest.mark.parametrize('seconds', ['1', 'soon'])
def test_a_wrong_time_is_refused_in_one_line(seconds: str) -> None:
    """A wrong number of seconds ends the demo with a message that contains the value."""
    with demo_for(seconds) as demo:
        assert demo.wait() == 2
        assert seconds in demo.output.splitlines()[-1]
        assert 'Traceback' not in demo.output
