"""
How long after an emergency stop in the room the last command leaves, under load.

One process serves the arena, one is the bridge; this one streams joints into the room, presses the
stop in it, and hears the bridge's topics. Times are from just before the stop is written by a
participant of the room to the arrival of what the bridge publishes, each DDS and network hop
included. For comparison: how long one joint takes from the room to the command topic.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
import itertools
import json
import os
from pathlib import Path
import threading
import time

import rclpy
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from lerobot_arena_ros import RoboticsConsumer, RoboticsProducer

from .processes import bridge, server
from .readings import Latency, quantile

__all__ = ['main']

ROOM = ('default-workspace', 'arm')
PARAMETERS = {
    'consume.room_id': ROOM[1],
    'create_missing_rooms': 'both',
    'units': 'radians',
    'joints': ['j1'],
    'consume.require_feedback': 'never',
    'consume.start_velocity': 100.0,
    'consume.max_velocity': 100.0,
}
PATIENCE_S = 20.0
STEP_RAD = 1e-6


class Ear:
    """What the bridge published, with the moment of its arrival in seconds of the steady clock."""

    def __init__(self) -> None:
        self._context = Context()
        rclpy.init(context=self._context)
        self.node = rclpy.create_node('ear', context=self._context)
        self.commands: list[tuple[float, float]] = []
        self.stops: list[tuple[float, bool]] = []
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(JointState, 'joint_commands', self._on_command, 100)
        self.node.create_subscription(
            Bool, 'arena_bridge/emergency_stop_active', self._on_stop, latched
        )
        self.reset = self.node.create_client(Trigger, 'arena_bridge/reset_emergency_stop')
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name='ear')
        self._thread.start()

    def close(self) -> None:
        """Hear no more."""
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _spin(self) -> None:
        with suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_command(self, message: JointState) -> None:
        self.commands.append((time.monotonic(), message.position[0]))

    def _on_stop(self, message: Bool) -> None:
        self.stops.append((time.monotonic(), message.data))


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f'waited {PATIENCE_S:g} s for {what}')
        await asyncio.sleep(0.001)


@asynccontextmanager
async def streaming(url: str, rate_hz: float, sent: dict[float, float]) -> AsyncIterator[None]:
    """Send one joint at this rate, each time another value; note when each was sent."""
    first = max(sent, default=0.0)

    async def stream() -> None:
        async with RoboticsProducer(url) as producer:
            if not await producer.connect(*ROOM):
                raise RuntimeError('the room cannot be led')
            due = time.monotonic()
            for count in itertools.count(1):
                value = first + count * STEP_RAD
                sent[value] = time.monotonic()
                await producer.send_joint_update([{'name': 'j1', 'value': value}])
                due = max(due + 1.0 / rate_hz, time.monotonic() - 0.1)
                await asyncio.sleep(due - time.monotonic())

    task = asyncio.create_task(stream())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def trip(ear: Ear, person: RoboticsConsumer, *, after: float) -> dict[str, float]:
    """
    Press and reset the stop once; give times in seconds by what they are of.

    :param after: so many commands.
    """
    commanded, heard = len(ear.commands), len(ear.stops)
    await until(lambda: len(ear.commands) > commanded + after, 'commands')
    pressed_at = time.monotonic()
    await person.send_emergency_stop('measured')
    await until(lambda: any(stop for _, stop in ear.stops[heard:]), 'the stop')
    stopped_at = next(at for at, stop in ear.stops[heard:] if stop)
    await until(lambda: time.monotonic() > stopped_at + 0.05, 'stragglers')
    last_at = ear.commands[-1][0]
    reset = ear.reset.call_async(Trigger.Request())
    await until(reset.done, 'the reset')
    return {'latched topic': stopped_at - pressed_at, 'last command': last_at - pressed_at}


async def measure(
    url: str, ear: Ear, rate_hz: float, trials: int, sent: dict[float, float]
) -> dict[str, list[float]]:
    """Do so again and again while joints are streamed; the last command may precede the press."""
    seen: dict[str, list[float]] = {'last command': [], 'latched topic': [], 'one joint': []}
    earlier = set(sent)
    async with streaming(url, rate_hz, sent), RoboticsConsumer(url) as person:
        if not await person.connect(*ROOM):
            raise RuntimeError('the room cannot be joined')
        for _ in range(trials):
            for what, taken_s in (await trip(ear, person, after=rate_hz / 10)).items():
                seen[what].append(taken_s)
        calm_from, heard = time.monotonic(), len(ear.commands)
        await until(lambda: len(ear.commands) > heard + max(40, 2 * rate_hz), 'commands')
    arrived: dict[float, float] = {}
    for at, value in ear.commands:
        arrived.setdefault(value, at)  # The first command after a reset repeats an old one.
    mine = sent.keys() - earlier
    # The first ones after a reset are led there in steps, and take longer.
    seen['one joint'] = [
        at - sent[value]
        for value, at in arrived.items()
        if value in mine and sent[value] >= calm_from
    ]
    return seen


def row(load: str, what: str, values: Sequence[float]) -> str:
    """Draw a line of the table, times in milliseconds."""
    numbers = (min(values), quantile(values, 0.5), quantile(values, 0.99), max(values))
    return (
        f'{load:>8}  {what:<14}' + ''.join(f'{1e3 * n:9.2f}' for n in numbers) + f'{len(values):8}'
    )


def numbers(rate_hz: float, what: str, values: Sequence[float]) -> dict[str, object]:
    """Give a line of the table as plain numbers."""
    return {'rate_hz': rate_hz, 'what': what, **vars(Latency.of([values], len(values)))}


async def run(rates_hz: Sequence[float], trials: int) -> list[dict[str, object]]:
    """Measure under each load and print a table; gives its lines as plain numbers."""
    lines = []
    print('from the stop in the room to          min      p50      p99      max   count   [ms]')
    with server() as (url, _), bridge({**PARAMETERS, 'server_url': url}):
        ear = Ear()
        try:
            await RoboticsProducer(url).create_room(*ROOM)
            await until(lambda: ear.stops, 'the bridge')
            await until(ear.reset.service_is_ready, 'its services')
            sent: dict[float, float] = {}
            for rate_hz in rates_hz:
                seen = await measure(url, ear, rate_hz, trials, sent)
                for what, values in seen.items():
                    print(row(f'{rate_hz:g} Hz', what, values), flush=True)
                    lines.append(numbers(rate_hz, what, values))
        finally:
            ear.close()
    return lines


def main() -> None:
    """Measure, on a ROS domain of this process's own."""
    parser = argparse.ArgumentParser(prog='benchmark.stop_trip', description=__doc__)
    parser.add_argument('--trials', type=int, default=100, help='stops under each load')
    parser.add_argument(
        '--rates', type=float, nargs='+', default=[20.0, 100.0, 500.0], help='updates a second'
    )
    parser.add_argument('--json', type=Path, help='a file for the same as data')
    options = parser.parse_args()
    os.environ['ROS_DOMAIN_ID'] = str(1 + os.getpid() % 100)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
    lines = asyncio.run(run(options.rates, options.trials))
    if options.json is not None:
        options.json.write_text(json.dumps(lines), encoding='utf-8')


if __name__ == '__main__':
    main()
