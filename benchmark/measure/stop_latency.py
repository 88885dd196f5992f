"""
How long after an emergency stop in the room the last command leaves, under load.

Each is a process of its own: who streams joints into the room, who presses the stop in it, the
arena, the bridge, and who hears what the bridge publishes. Times are from just before a
participant writes to its socket to the arrival of what the bridge publishes because of it. The
joints that are streamed until the stop take the same way under the same load, for comparison.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
import time
from typing import Any

from lerobot_arena_ros import RoboticsProducer

from ..harness.figures import Latency
from ..harness.processes import bridge, ros_environment, server, stage

__all__ = ['Trip', 'stop_trips']

ROOM = ('default-workspace', 'arm')
PARAMETERS = {
    'consume.room_id': ROOM[1],
    'units': 'radians',
    'joints': ['j1'],
    'consume.require_feedback': 'never',
    'consume.require_limits': 'never',
    'consume.allow_other_publishers': True,
    'consume.max_acceleration': 0.0,
    'consume.start_velocity': 100.0,
    'consume.max_velocity': 100.0,
}
PATIENCE_S = 20.0

LEAD_S = 0.1
LEAD_COUNT = 3
"""How long joints are streamed before the stop, and how many of them are, at least."""

TAIL_S = 0.05
"""How long they are streamed after it."""


class Trip:
    """The way of a joint and of a stop, until the stack is left."""

    def __init__(self, stack: ExitStack) -> None:
        url = stack.enter_context(server()).url
        asyncio.run(RoboticsProducer(url).create_room(*ROOM))
        environment = ros_environment()
        stack.enter_context(bridge({**PARAMETERS, 'server_url': url}, environment))
        self._ear = stack.enter_context(stage('stop_ear', environment=environment))
        self._streamer, self._presser = (
            stack.enter_context(stage('participant', [url, ROOM[1], role]))
            for role in ('producer', 'consumer')
        )
        self._warm_up()

    def once(self, rate_hz: float, phase: float) -> dict[str, list[float]]:
        """
        Stream joints, press the stop among them, and reset it.

        :param phase: when to press between two joints, as a share of the time between them.
        :returns: seconds, by what they are of; 0 where no command came after the press.
        """
        lead_s = max(LEAD_S, LEAD_COUNT / rate_hz) + phase / rate_hz
        self._streamer.begin(rate_hz=rate_hz, count=round((lead_s + TAIL_S) * rate_hz))
        time.sleep(lead_s)
        pressed_at = _of_member(self._presser.order())['pressed']
        sent = _of_member(self._streamer.end())['sent']
        commands, stopped_at = self._hear_stop(pressed_at)
        self._ear.order(reset=True)
        arrived: dict[int, float] = {}
        for at, number in commands:
            arrived.setdefault(number, at)
        joints = [arrived[number] - at for number, at in sent if number in arrived]
        return {
            'last command': [max(0.0, max(arrived.values()) - pressed_at)],
            'latched topic': [stopped_at - pressed_at],
            # The first one after a reset is led there in steps, and takes longer.
            'one joint': joints[1:],
        }

    def _hear_stop(self, pressed_at: float) -> tuple[list[tuple[float, int]], float]:
        """Give all commands of the run, and when it was stopped; an older stop may be repeated."""
        commands: list[tuple[float, int]] = []
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            heard = self._ear.order()
            commands += heard['commands']
            stopped = [at for at, is_on in heard['stops'] if is_on and at > pressed_at]
            if stopped:
                return commands, min(stopped)
        raise TimeoutError(f'waited {PATIENCE_S:g} s for the stop')

    def _warm_up(self) -> None:
        """Stream until something comes out: all have met then."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            _of_member(self._streamer.order(rate_hz=50.0, count=10))
            if self._ear.order()['commands']:
                return
        raise TimeoutError(f'waited {PATIENCE_S:g} s for commands')


def stop_trips(rates_hz: Sequence[float], trials: int) -> list[dict[str, object]]:
    """Measure so many stops under each load; gives a row for each thing that took time."""
    rows: list[dict[str, object]] = []
    with ExitStack() as stack:
        trip = Trip(stack)
        for rate_hz in rates_hz:
            seen: dict[str, list[float]] = {}
            for trial in range(trials):
                for what, taken_s in trip.once(rate_hz, trial / trials).items():
                    seen.setdefault(what, []).extend(taken_s)
            for what, taken_s in seen.items():
                latency = Latency.of([taken_s], len(taken_s))
                rows.append({'rate_hz': rate_hz, 'what': what, **vars(latency)})
    return rows


def _of_member(answer: dict[str, Any]) -> dict[str, Any]:
    """Take the answer of a participant that is still in the room."""
    if answer['lost']:
        raise RuntimeError(f'a participant was put out: {answer["lost"]}')
    return answer
