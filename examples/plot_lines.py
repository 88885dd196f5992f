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
    lines: dict[str, list[Line]] = {}
    executed: dict[str, Line] = {}
    shadows: dict[tuple[str, str], Line] = {}
    for event in events:
        if event.kind == 'control':
            shadows.clear()
            for name, line in executed.items():
                if line.driver not in (None, event.holder):
                    lines[name].append(_next(executed, name, None, event.time_s))
        for name, value in values_of(event).items():
            of_joint = lines.setdefault(name, [])
            if event.kind == 'shadow':
                line = shadows.setdefault((name, event.source), Line(event.source, is_shadow=True))
                if not line.times_s:
                    of_joint.append(line)
            else:
                driver = event.source if event.kind == 'update' else None
                line = executed.get(name, Line(''))
                if name not in executed or line.driver != driver:
                    line = _next(executed, name, driver, event.time_s)
                    of_joint.append(line)
            line.add(event.time_s, value)
    for line in executed.values():
        line.add(events[-1].time_s, line.values[-1])
    return lines


def spans_of(events: list[Recorded]) -> list[Span]:
    """Return who has control when; an empty list if the server did not tell it."""
    changes = [event for event in events if event.kind == 'control']
    ends = [*(event.time_s for event in changes[1:]), events[-1].time_s]
    return (
        [
            Span(event.holder or None, event.time_s, end)
            for event, end in zip(changes, ends, strict=True)
        ]
        if changes
        else []
    )


def marks_of(events: list[Recorded]) -> list[Mark]:
    """Return the stops and hand-overs, without those hand-overs that are part of a stop."""
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


def _next(executed: dict[str, Line], name: str, driver: str | None, time_s: float) -> Line:
    """Begin the next line of executed values where the one before it ends, and return it."""
    line = Line(driver)
    before = executed.get(name)
    if before is not None:
        before.add(time_s, before.values[-1])
        line.add(time_s, before.values[-1])
    executed[name] = line
    return line
