# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""One robot: an arena, a bridge process, and a probe in their own ROS domain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import DescribeParameters, SetParameters
from std_srvs.srv import Trigger

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

from .domain import own_domain
from .fault_proxy_thread import FaultProxyThread, running_fault_proxy
from .probe import EVERY, Probe, running_probe
from .processes import Process, ros_arguments, running
from .server import running_server
from .waiting import wait_for

__all__ = ['DEFAULTS', 'NAMESPACE', 'WORKSPACE', 'Robot', 'robot']

NAMESPACE = 'robot'
WORKSPACE = 'default-workspace'
DEFAULTS: dict[str, Any] = {
    'units': 'degrees',
    'link.reconnect_min_s': 0.1,
    'link.reconnect_max_s': 0.2,
    # A busy machine may stall for longer than the defaults; its link is neither lost nor late.
    'link.timeout_s': 10.0,
    'link.max_delay_s': 5.0,
    'create_missing_rooms': 'both',
    'consume.require_feedback': 'never',
    # The bridge looks for other publishers first, and most tests need not wait for that.
    'consume.allow_other_publishers': True,
    'consume.require_limits': 'never',
    # Tests check every command; with the default depth a slow subscriber gets only the last one.
    f'qos_overrides./{NAMESPACE}/joint_commands.publisher.depth': EVERY,
}

SERVICES = {
    'change_state': ChangeState,
    'get_state': GetState,
    'set_parameters': SetParameters,
    'describe_parameters': DescribeParameters,
    'take_control': Trigger,
    'give_control': Trigger,
    'release_control': Trigger,
}

Answer = TypeVar('Answer')


@dataclass
class Robot:
    """
    A bridge called ``/robot/arena_bridge``.

    :param url: the URL of the arena.
    :param proxy: the proxy between the bridge and the arena.
    """

    url: str
    bridge: Process
    probe: Probe
    proxy: FaultProxyThread

    def status(self, name: str) -> str:
        """Return the text of a diagnostic status, such as ``safety``."""
        return self.probe.text(f'/{NAMESPACE}/arena_bridge: {name}')

    def value(self, name: str, key: str) -> str:
        """Return a value of a diagnostic status."""
        heard = self.probe.diagnostics.get(f'/{NAMESPACE}/arena_bridge: {name}')
        pairs = [] if heard is None else heard.values
        return next((str(pair.value) for pair in pairs if pair.key == key), '')

    def count(self, name: str, key: str) -> int:
        """Return a counter of a diagnostic status; wait for it if it was not reported yet."""
        found: list[str] = []

        def is_there() -> bool:
            found.append(self.value(name, key))
            return bool(found[-1])

        wait_for(is_there, f'{key} of {name}')
        return int(found[-1])

    def next_statuses(self, count: int = 2) -> list[bool]:
        """Return the next statuses of the stop, see :meth:`.Probe.next_statuses`."""
        return self.probe.next_statuses(NAMESPACE, count)

    def wait_for_status(self, name: str, text: str) -> None:
        """Wait until a diagnostic status contains a text."""
        wait_for(
            lambda: text in self.status(name),
            lambda: f'{name} to be {text!r}, it is {self.status(name)!r}',
        )

    def wait_for_log(self, text: str, count: int = 1) -> list[str]:
        """
        Wait until so many lines of the log have a text, and return them.

        A thread of the bridge writes the log, so a line may come after the answer of a service.

        :raises AssertionError: there are fewer at the deadline, or more.
        """

        def found() -> list[str]:
            *lines, _ = self.bridge.output.split('\n')
            return [line for line in lines if text in line]

        wait_for(lambda: len(found()) >= count, f'{count} lines of the log with {text!r}')
        assert len(found()) == count, self.bridge.output
        return found()

    @property
    def commands(self) -> list[Any]:
        """A copy of all commands so far; the arm may be commanded while a test reads it."""
        return list(self.probe.commands[NAMESPACE])

    def commands_after(self, moment: float) -> list[Any]:
        """
        Return the commands so far that were published after a time of the monotonic clock.

        A command that was published before the answer of a service, or before a status, may be
        received after it.
        """
        return list(self.probe.commands_after(NAMESPACE, moment))

    @property
    def state(self) -> str:
        """The id of the lifecycle state."""
        answer = self.probe.query(NAMESPACE, 'get_state', GetState, GetState.Request())
        return str(answer.current_state.label)

    def change_state(self, transition: int) -> bool:
        """Request a lifecycle transition; return whether it succeeded."""
        request = ChangeState.Request()
        request.transition.id = transition
        return bool(self.probe.ask(NAMESPACE, 'change_state', ChangeState, request).success)

    def set_parameter(self, name: str, value: float | str) -> tuple[bool, str]:
        """Set a parameter as ``ros2 param set`` does; return whether it succeeded, and why not."""
        return self.probe.set_parameter(NAMESPACE, name, value)

    def lead(self, room: str, act: Callable[[RoboticsProducer], Awaitable[Answer]]) -> Answer:
        """Call ``act`` with a producer in a room, and return its result."""

        async def led() -> Answer:
            async with RoboticsProducer(self.url) as producer:
                assert await producer.connect(WORKSPACE, room)
                return await act(producer)

        return asyncio.run(led())

    def listen(self, room: str, act: Callable[[RoboticsConsumer], Awaitable[Answer]]) -> Answer:
        """Call ``act`` with a consumer in a room, and return its result."""

        async def listened() -> Answer:
            async with RoboticsConsumer(self.url) as consumer:
                assert await consumer.connect(WORKSPACE, room)
                return await act(consumer)

        return asyncio.run(listened())


@contextmanager
def robot(
    parameters: dict[str, Any],
    *more: str,
    executable: str = 'nodes.bridge.main',
    arena: Callable[[], AbstractContextManager[str]] = running_server,
    **options: Any,
) -> Iterator[Robot]:
    """
    Run a robot with these parameters in addition to :data:`DEFAULTS`.

    :param more: additional ROS arguments.
    :param arena: a context manager that runs the arena and yields its address.
    :param options: options of the bridge's process, see :func:`running_command`.
    """
    with ExitStack() as stack:
        stack.enter_context(own_domain())
        url = stack.enter_context(arena())
        proxy = stack.enter_context(running_fault_proxy(url))
        probe = stack.enter_context(running_probe())
        probe.watch(NAMESPACE)
        # Before the bridge starts: otherwise it may answer before it has found the reader.
        for service, kind in SERVICES.items():
            probe.client(NAMESPACE, service, kind)
        arguments = ros_arguments(
            NAMESPACE, {**DEFAULTS, 'server_url': proxy.url, **parameters}, *more
        )
        bridge = stack.enter_context(running(executable, arguments, **options))
        made = Robot(url, bridge, probe, proxy)
        try:
            assert made.state  # Then the bridge has discovered the readers of its answers.
            yield made
        finally:
            print(bridge.output)  # pytest shows it if the test fails.
