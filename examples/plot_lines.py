# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a plot of a recording shows: the values of each joint by who sent them, and the marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from recording import Recorded, hand_overs, values_of

__all__ = ['Line', 'Mark', 'Span', 'drivers_of', 'lines_of', 'marks_of', 'spans_of']


@dataclass
class Line:
    """
    Values of one joint from one driver, without a gap.

    :param driver: who sent them; None = the room has kept them, because nobody has sent the joint
        since the recording began, or since control was taken from its sender.
    :param is_shadow: whether they had no effect.
    """

    driver: str | None
    is_shadow: bool = False
    times_s: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, time_s: float, value: float) -> None:
        """Add a value, which counts until the next one."""
        self.times_s.append(time_s)
        self.values.append(value)


@dataclass(frozen=True)
class Span:
    """
    A time in which one driver has control.

    :param holder: who has it; None = nobody.
    """

    holder: str | None
    begin_s: float
    end_s: float


@dataclass(frozen=True)
class Mark:
    """
    A stop or a hand-over.

    :param driver: who gets control by a hand-over; None = nobody.
    """

    time_s: float
    text: str
    is_stop: bool
    driver: str | None = None


def drivers_of(events: Iterable[Recorded]) -> dict[str, Counter[str]]:
    """Return how many updates and shadows each driver has sent, in the order of appearance."""
    drivers: dict[str, Counter[str]] = {}
    for event in events:
        if event.kind in ('update', 'shadow'):
            drivers.setdefault(event.source, Counter())[event.kind] += 1
        elif event.kind == 'control' and event.holder:
            drivers.setdefault(event.holder, Counter())
    return drivers


def lines_of(events: list[Recorded]) -> dict[str, list[Line]]:
    """Return the lines of each joint; those of executed values continue to the end."""
    joints: dict[str, _Joint] = {}
    for event in events:
        if event.kind == 'control':
            for joint in joints.values():
                joint.pass_control(event.time_s, event.holder)
        for name, value in values_of(event).items():
            joint = joints.setdefault(name, _Joint())
            if event.kind == 'shadow':
                joint.shadow(event.time_s, value, event.source)
            else:
                joint.execute(
                    event.time_s, value, event.source if event.kind == 'update' else None
                )
    return {name: joint.lines_until(events[-1].time_s) for name, joint in joints.items()}


def spans_of(events: list[Recorded]) -> list[Span]:
    """Return who has control when; an empty list if the server did not tell it."""
    begins = [event for event in events if event.kind == 'control']
    ends = [*begins, events[-1]][1:]
    return [
        Span(begin.holder or None, begin.time_s, end.time_s)
        for begin, end in zip(begins, ends, strict=False)
    ]


def marks_of(events: list[Recorded]) -> list[Mark]:
    """Return the stops and changes of control, without those that are part of a stop."""
    stops = [
        Mark(event.time_s, f'stop: {event.reason}', is_stop=True)
        for event in events
        if event.kind == 'stop'
    ]
    changes = [
        Mark(
            event.time_s,
            f'{event.holder or "nobody"}: {event.reason}',
            False,
            event.holder or None,
        )
        for event in hand_overs(events)
        if event.reason != 'stopped'
    ]
    return sorted(stops + changes, key=lambda mark: mark.time_s)


class _Joint:
    """The lines of one joint, while its values are added."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._executed: Line | None = None
        self._shadows: dict[str, Line] = {}

    def execute(self, time_s: float, value: float, driver: str | None) -> None:
        line = self._executed
        if line is None or line.driver != driver:
            line = self._change_driver(time_s, driver)
        line.add(time_s, value)

    def shadow(self, time_s: float, value: float, driver: str) -> None:
        if driver not in self._shadows:
            self._shadows[driver] = Line(driver, is_shadow=True)
            self._lines.append(self._shadows[driver])
        self._shadows[driver].add(time_s, value)

    def pass_control(self, time_s: float, holder: str) -> None:
        self._shadows.clear()
        if self._executed is not None and self._executed.driver not in (None, holder):
            self._change_driver(time_s, None)

    def lines_until(self, time_s: float) -> list[Line]:
        if self._executed is not None:
            self._executed.add(time_s, self._executed.values[-1])
        return self._lines

    def _change_driver(self, time_s: float, driver: str | None) -> Line:
        """Begin a line where the one before it ends, and return it."""
        before, line = self._executed, Line(driver)
        if before is not None:
            before.add(time_s, before.values[-1])
            line.add(time_s, before.values[-1])
        self._executed = line
        self._lines.append(line)
        return line
