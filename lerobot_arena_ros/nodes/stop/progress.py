# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The requests of ``arena_stop``, and the progress of each bridge; does no I/O.

In this file, ``now`` is in seconds of the steady clock. The name of a bridge is the full name of
its node, such as ``/arm1/arena_bridge``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lerobot_arena_ros.control.stop import INPUT_MEMORY_S

__all__ = ['CALL_AGAIN_S', 'QUIET_S', 'RESET', 'STOP', 'BridgeProgress', 'Progress', 'Request']

CALL_AGAIN_S = INPUT_MEMORY_S + 0.1
"""
Time between two calls of a bridge that has not confirmed.

An answer is lost if the bridge has not discovered its reader yet. A reset that is rejected because
another bridge was stopped until now succeeds after this time.
"""

ANSWER_S = 0.3
"""Time to wait for the answer of the service, because only it has the reason, not the status."""

QUIET_S = 3.5
"""
Time without a new bridge or confirmation after which the search ends.

Fast DDS announces each process every 3 s. On one machine with five bridges, the first was found
up to 2.5 s after the start, and others up to 3.0 s after that.
"""


@dataclass(frozen=True)
class Request:
    """
    A request to every bridge.

    :param service: name of the service to call.
    :param others: further services that a bridge must have.
    :param active: value of ``emergency_stop_active`` after success.
    :param done: the result in one word.
    :param advice: what the user can do about a bridge that did not confirm; may be empty.
    """

    service: str
    others: tuple[str, ...]
    active: bool
    done: str
    advice: str

    def bridges(self, triggers: Iterable[str]) -> set[str]:
        """
        Return the names of the bridges on the graph.

        :param triggers: full names of all services of type std_srvs/Trigger.
        """
        offered = set(triggers)
        suffix = f'/{self.service}'
        found = {name.removesuffix(suffix) for name in offered if name.endswith(suffix)}
        return {name for name in found if {f'{name}/{other}' for other in self.others} <= offered}


STOP = Request(
    service='trigger_emergency_stop',
    others=(),
    active=True,
    done='stopped',
    advice="use the robot's own stop",
)

RESET = Request(
    service='reset_emergency_stop',
    # Another node that is not a bridge may have a service of this name.
    others=('trigger_emergency_stop',),
    active=False,
    done='reset',
    advice='',
)


class BridgeProgress:
    """The progress of the request at one bridge."""

    def __init__(self, name: str, request: Request, now: float) -> None:
        self.found_at = now
        self.bridges = 1
        self._name = name
        self._request = request
        self._called_at: float | None = None
        self._calls = 0
        self._answer: tuple[bool, str] | None = None
        self._is_active: bool | None = None

    def is_due(self, now: float) -> bool:
        """Return whether the service is to be called now."""
        waits = self._called_at is not None and now < self._called_at + CALL_AGAIN_S
        return not waits and not self.is_confirmed(now)

    def call(self, now: float) -> None:
        """Record that the service is called now."""
        self._calls += 1
        self._called_at = now

    def on_answer(self, success: bool, message: str) -> None:
        """Record the answer of the service; a later answer does not replace a success."""
        if self._answer is None or not self._answer[0]:
            self._answer = success, message

    def on_status(self, is_active: bool) -> None:
        """Record ``emergency_stop_active``; ignore it before the first call."""
        if self._called_at is not None:
            self._is_active = is_active

    def on_publisher_count(self, count: int) -> None:
        """Record how many nodes publish ``emergency_stop_active`` under this name."""
        self.bridges = max(self.bridges, count)

    def is_confirmed(self, now: float) -> bool:
        """Return whether the only bridge of this name has fulfilled the request."""
        if self.bridges > 1 or self._called_at is None:
            return False
        by_service = self._answer is not None and self._answer[0]
        by_status = self._is_active is self._request.active
        return by_service or (by_status and (self._calls > 1 or now >= self._called_at + ANSWER_S))

    def is_waited_for(self, now: float) -> bool:
        """Return whether an answer may still arrive."""
        return not self.is_confirmed(now) and (self._answer is None or self.bridges > 1)

    def line(self, now: float) -> str:
        """Return the result as a line of text."""
        done = self._request.done
        if not self.is_confirmed(now):
            advice = f': {self._request.advice}' if self._request.advice else ''
            return f'{self._name}: NOT confirmed ({self._why_not()}){advice}'
        if self._answer is None or not self._answer[0]:
            is_active = str(self._request.active).lower()
            return f'{self._name}: {done} (its emergency_stop_active is {is_active})'
        message = self._answer[1].removeprefix(f'{done}: ')
        return f'{self._name}: {done} ({message})' if message != done else f'{self._name}: {done}'

    def _why_not(self) -> str:
        if self.bridges > 1:
            return (
                f'{self.bridges} bridges have this name, so that one answer hides the others: '
                'give each its own namespace or name'
            )
        return 'no answer' if self._answer is None else self._answer[1]


class Progress:
    """
    The progress of the request at all bridges, and the end of the search.

    :param timeout_s: time to find bridges and to wait for their confirmations.
    :param expected: number of bridges; 0: unknown.
    """

    def __init__(self, request: Request, now: float, *, timeout_s: float, expected: int) -> None:
        self.request = request
        self.bridges: dict[str, BridgeProgress] = {}
        self._ends_at = now + timeout_s
        self._expected = expected
        self._changed_at = now
        self._reported: set[str] = set()

    def find(self, name: str, now: float) -> BridgeProgress:
        """Record a new bridge on the graph, and return its progress."""
        self._changed_at = now
        found = self.bridges[name] = BridgeProgress(name, self.request, now)
        return found

    def new_lines(self, now: float) -> list[str]:
        """Return a line for each bridge that has confirmed since the last call."""
        names = [
            name
            for name, bridge in sorted(self.bridges.items())
            if name not in self._reported and bridge.is_confirmed(now)
        ]
        if names:
            self._changed_at = now
        self._reported.update(names)
        return [self.bridges[name].line(now) for name in names]

    def is_over(self, now: float) -> bool:
        """Return whether no further confirmation is expected, or the timeout is over."""
        missing = [b for b in self.bridges.values() if not b.is_confirmed(now)]
        if self._expected and not missing and self._found() >= self._expected:
            return True
        if now >= self._ends_at:
            return all(now >= bridge.found_at + CALL_AGAIN_S for bridge in missing)
        is_quiet = now >= self._changed_at + QUIET_S
        waits = any(bridge.is_waited_for(now) for bridge in missing)
        return is_quiet and bool(self.bridges) and not waits and not self._expected

    def has_succeeded(self, now: float) -> bool:
        """Return whether every bridge that was found or expected has confirmed."""
        return 0 < self._total() == self._confirmed(now)

    def summary(self, now: float) -> list[str]:
        """Return a line for each bridge that did not confirm, and one line with the totals."""
        lines = [
            bridge.line(now)
            for _, bridge in sorted(self.bridges.items())
            if not bridge.is_confirmed(now)
        ]
        not_found = self._total() - self._found()
        if not_found:
            advice = f': {self.request.advice}' if self.request.advice else ''
            lines.append(f'{not_found} of {self._expected} expected bridges not found{advice}')
        return [*lines, f'{self._confirmed(now)} of {self._total()} bridges confirmed']

    def _found(self) -> int:
        return sum(bridge.bridges for bridge in self.bridges.values())

    def _total(self) -> int:
        return max(self._found(), self._expected)

    def _confirmed(self, now: float) -> int:
        return sum(bridge.is_confirmed(now) for bridge in self.bridges.values())
