# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The CPU of bridges and of the server at both ends of a link that loses nothing, at 50 Hz."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..harness.domains import ros_environment
from ..harness.lossy_link import lossy_link
from ..harness.processes import enter_all
from ..harness.programs import bridge
from ..harness.worker import worker
from .lossy_paths import JOINTS, arena, bridge_parameters
from .lossy_rows import NO_LOSS, RATE_HZ, SCENARIOS
from .open_gate import OPEN_GATE
from .pipelines import Pipeline
from .rounds import rounds, warm_up

__all__ = ['IN', 'OUT', 'SERVER', 'lossy_bridges']

ROOM = 'bridges'
IN, SERVER, OUT = 'bridge in', 'server', 'bridge out'
"""The measured processes: the producing bridge is at the other end of the link."""


def lossy_bridges(variants: Sequence[str], times: int, seconds: float) -> list[dict[str, object]]:
    """
    Measure joints from topic to topic in turn; return a row for each variant.

    :param variants: those of :func:`.lossy_paths`.
    :param times: the number of rounds.
    :param seconds: for how long joints are published in each round.
    """
    with ExitStack() as stack:
        running = enter_all(stack, [_pipeline(variant) for variant in variants])
        for pipeline in running:
            warm_up(pipeline)
        results = rounds(running, [RATE_HZ], JOINTS, times=times, seconds=seconds)
    return [result.row() for result in results]


@contextmanager
def _pipeline(variant: str) -> Iterator[Pipeline]:
    environment = ros_environment()
    with ExitStack() as stack:
        link = stack.enter_context(lossy_link())
        near, far = link.near.command, link.far.command
        url, pid = stack.enter_context(arena(link))
        pids = {SERVER: pid}
        for what, direction, more, wrap in (
            (IN, 'produce', {}, far),
            (OUT, 'consume', OPEN_GATE, near),
        ):
            parameters = {**bridge_parameters(url, direction, ROOM, variant), **more}
            process = bridge(parameters, environment, wrap=wrap)
            pids[what] = stack.enter_context(process)
        receiver = stack.enter_context(
            worker('joint_subscriber', ['joint_commands'], environment, wrap=near)
        )
        sender = stack.enter_context(
            worker('joint_publisher', [str(JOINTS)], environment, wrap=far)
        )
        link.impair(SCENARIOS[NO_LOSS].impairment)
        yield Pipeline(variant, sender, receiver, pids)
