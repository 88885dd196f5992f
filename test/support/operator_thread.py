# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""An operator for tests that block, with an event loop in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .loop_thread import LoopThread
from .operators import Operator, operator
from .peers import Json

__all__ = ['OperatorThread', 'running_operator']


class OperatorThread:
    """An :class:`.Operator` in a thread of its own; made by :func:`running_operator`."""

    def __init__(self, made: Operator, thread: LoopThread) -> None:
        self._operator = made
        self._thread = thread

    def of_type(self, kind: str) -> list[Json]:
        """Return the messages of one type."""
        return self._operator.of_type(kind)

    @property
    def control(self) -> Json:
        """The newest message about who has control; empty before the first one."""
        return (self._operator.controls or [{}])[-1]

    @property
    def holder(self) -> str | None:
        """Who has control now; None = nobody."""
        return self._operator.holder

    @property
    def answers(self) -> list[Json]:
        """The answers to its requests."""
        return self._operator.of_type('control_answer')

    @property
    def updates(self) -> list[dict[str, float]]:
        """The joint values of each update that it has received."""
        data = [message['data'] for message in self._operator.of_type('joint_update')]
        return [{joint['name']: joint['value'] for joint in each} for each in data]

    def send(self, message: Json) -> None:
        """Send a message."""
        self._thread.run(self._operator.post(message))

    def request(self, kind: str, to: str | None = None) -> None:
        """Send a request about control, without waiting for the answer."""
        self.send({'type': kind, 'to': to, 'request': 0})

    def take(self) -> None:
        """Take control, and wait for the answer without a refusal."""
        self._thread.run(self._operator.take())

    def drive(self, **values: float) -> None:
        """Send joint values."""
        self._thread.run(self._operator.send(**values))


@contextmanager
def running_operator(
    url: str,
    workspace: str,
    room: str,
    participant_id: str,
    *features: str,
    token: str = '',
) -> Iterator[OperatorThread]:
    """Run an operator in a room, or with other features another consumer."""
    thread = LoopThread('operator')
    joined = operator(url, workspace, room, participant_id, *features, token=token)
    try:
        made = thread.run(joined.__aenter__())
        try:
            yield OperatorThread(made, thread)
        finally:
            thread.run(joined.__aexit__(None, None, None))
    finally:
        thread.close()
