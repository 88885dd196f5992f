# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
A person at the console takes over from a policy in mid-motion and gives back, twice.

The programs are those of docs/howto/take_over.md: the simulated arm with its bridge, a policy, a
recorder, and the page in a real browser.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import csv
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
import math
from pathlib import Path
import re

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')
pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from sensor_msgs.msg import JointState
from support.browser import Console, running_browser
from support.console_rooms import open_room, take_control
from support.domain import own_domain
from support.examples import running_example
from support.probe import EVERY, Probe, running_probe, stamp_s
from support.processes import Process, running
from support.waiting import wait_for

from lerobot_arena_ros.nodes.bridge.conversions import joint_state_from_ros
from lerobot_arena_ros.nodes.demo.processes import SIM
from lerobot_arena_ros.nodes.demo.sim_demo import ROOM, WORKSPACE
from lerobot_arena_ros.nodes.settings.parameter_table import SPECS
from lerobot_arena_ros.sim.arm import SimArm

JOINT = 'shoulder_pan'
SWING_DEG = 30
TARGETS_DEG = (50.0, -50.0)
"""Where the person moves the joint: outside the range of the policy."""

NEAR_RAD = 0.1
MOVING_RAD_S = 0.2
PATIENCE_S = 120.0

DEFAULTS = {spec.name: spec.default for spec in SPECS}
VELOCITY = float(str(DEFAULTS['consume.max_velocity']))
ACCELERATION = float(str(DEFAULTS['consume.max_acceleration']))
PERIOD_S = 1.0 / float(str(DEFAULTS['consume.ramp_rate_hz']))
WINDOW_S = 0.1
"""Velocities are compared over this time, because stamps of a busy machine are not exact."""

Row = dict[str, str]
Poses = list[tuple[float, dict[str, float]]]


@dataclass
class Motion:
    """
    What the arm was commanded and where it was: stamps in seconds, positions in radians.

    :ivar commands: each command of the bridge.
    :ivar measured: each measurement of the arm.
    """

    commands: Poses = field(default_factory=list)
    measured: Poses = field(default_factory=list)

    def listen(self, probe: Probe) -> None:
        """Record both topics."""

        def note(message: JointState, seen: Poses) -> None:
            seen.append((stamp_s(message), joint_state_from_ros(message)))

        for topic, seen in (('joint_commands', self.commands), ('joint_states', self.measured)):
            probe.node.create_subscription(
                JointState, f'{SIM}/{topic}', partial(note, seen=seen), EVERY
            )

    @property
    def position(self) -> float:
        """The last measured position of the joint."""
        return self.measured[-1][1][JOINT] if self.measured else float('inf')

    @property
    def velocity(self) -> float:
        """The velocity of the last commands of the joint, in radians per second."""
        recent = [(at, pose[JOINT]) for at, pose in self.commands[-10:]]
        if len(recent) < 10:
            return 0.0
        (began, first), (ended, last) = recent[0], recent[-1]
        return (last - first) / max(ended - began, PERIOD_S)

    def wait_until_it_moves(self) -> None:
        """Wait until the joint is commanded to move fast, so that it is in mid-motion."""
        wait_for(lambda: abs(self.velocity) > MOVING_RAD_S, 'the arm to move', PATIENCE_S)

    def check_limits(self) -> None:
        """Check that no joint was commanded beyond a limit, and that the arm followed."""
        ranges = SimArm().ranges
        for (before_s, before), (after_s, after) in pairwise(self.commands):
            # A busy machine may lose a command, because the bridge keeps only the last one.
            most = VELOCITY * max(PERIOD_S, min(after_s - before_s, WINDOW_S))
            for name, (lowest, highest) in ranges.items():
                assert lowest - 1e-6 <= after[name] <= highest + 1e-6, name
                step = abs(after[name] - before[name])
                assert step <= most + 1e-6, (name, before[name], after[name])
        for name in ranges:
            speeds = list(_speeds(self.commands, name))
            for (_, before_s), (_, after_s) in pairwise(speeds):
                assert abs(after_s - before_s) <= 2 * ACCELERATION * WINDOW_S, name
            measured = [abs(speed) for _, speed in _speeds(self.measured, name)]
            assert max(measured, default=0.0) <= 1.5 * VELOCITY, name


def _speeds(poses: Poses, name: str) -> Iterator[tuple[float, float]]:
    """Yield the mean velocity of a joint in each window of time that has commands."""
    began, first = poses[0][0], poses[0][1][name]
    for at, pose in poses:
        if at - began >= WINDOW_S:
            yield at, (pose[name] - first) / (at - began)
            began, first = at, pose[name]


@contextmanager
def running_sim() -> Iterator[str]:
    """Run ``make sim``; yield the URL of its arena."""
    with running('executables:sim_demo', [], is_graceful=True) as demo:
        wait_for(lambda: 'Ctrl-C ends all' in demo.output, 'the demo to run', PATIENCE_S)
        found = re.search(rf'(http://[\d.:]+)/#{WORKSPACE}/{ROOM}\n', demo.output)
        assert found is not None, demo.output
        yield found[1]
        assert demo.end() == 0, demo.output


def rows_of(path: Path) -> list[Row]:
    """Return the rows of a recording, without the state at its beginning."""
    with path.open(newline='') as file:
        return [row for row in csv.DictReader(file) if row['event'] != 'state']


def check_labels(rows: list[Row], policy: str, person: str, farthest_deg: float) -> None:
    """
    Check that each row agrees with what has happened.

    :param farthest_deg: the largest value of the policy, without its sign.
    """
    holders = [row['holder'] for row in rows if row['event'] == 'control']
    while holders[:1] == ['']:
        holders.pop(0)  # Recorded before the policy took control.
    assert holders == [policy, person, policy, person, policy]
    holder, has_driven = '', False
    targets: list[float] = []
    shadows = 0
    for row in rows:
        if row['event'] == 'control':
            holder, has_driven = row['holder'], False
        elif row['event'] == 'update':
            assert row['source'] == holder
            has_driven = True
            if row['source'] == person:
                assert row['joint'] == JOINT
                targets.append(float(row['value']))
            else:
                assert abs(float(row['value'])) <= farthest_deg
        elif row['event'] == 'shadow':
            # Right after a hand-over the policy does not know of its control yet.
            assert row['source'] == policy
            assert holder != policy or not has_driven
            shadows += holder == person
    assert targets == list(TARGETS_DEG)
    assert shadows > 0


def take_over(console: Console, motion: Motion, policy: Process, target_deg: float) -> None:
    """Take control in mid-motion, move the arm, and give control back."""
    motion.wait_until_it_moves()
    taken = policy.output.count('has control (taken)')
    in_control = policy.output.count('in control')
    take_control(console)
    wait_for(lambda: policy.output.count('has control (taken)') > taken, 'the policy to know')
    console.type_value(JOINT, str(target_deg))
    target_rad = math.radians(target_deg)
    wait_for(lambda: abs(motion.position - target_rad) < NEAR_RAD, 'the arm', PATIENCE_S)

    console.run('scrollTo(0, 0)')
    console.click('give')
    wait_for(lambda: policy.output.count('in control') > in_control, 'the policy to have control')
    console.wait_text('producer', 'drive_as_policy')


def test_a_person_takes_over_from_a_policy_and_gives_back_twice(tmp_path: Path) -> None:
    """No joint exceeds a limit at any hand-over, and the recording has who drove when."""
    recording = tmp_path / 'room.csv'
    motion = Motion()
    with (
        own_domain(),
        running_sim() as url,
        running_probe() as probe,
        running_browser() as console,
    ):
        motion.listen(probe)
        room = ('--server-url', url, '--room-id', ROOM)
        loop = f'{JOINT}=-{SWING_DEG},{SWING_DEG}'
        with running_example('record_room', *room, '--shadows', recording) as recorder:
            wait_for(lambda: 'recording ' in recorder.output, 'the recorder')
            with running_example('drive_as_policy', *room, '--joint', loop) as policy:
                wait_for(lambda: 'in control' in policy.output, 'the policy', PATIENCE_S)
                open_room(console, url, ROOM)
                console.wait_text('producer', 'drive_as_policy')
                for target_deg in TARGETS_DEG:
                    take_over(console, motion, policy, target_deg)
                motion.wait_until_it_moves()
                console.take_picture('hand_over')
                assert console.logged_errors() == []
                assert recorder.end() == 0, recorder.output
                assert policy.end() == 0, policy.output

    rows = rows_of(recording)
    names = {row['holder'] for row in rows if row['event'] == 'control'} - {''}
    policy_id, person_id = sorted(names, key=lambda name: not name.startswith('drive_as_policy'))
    assert person_id.startswith('console-')
    # The policy begins where the arm was measured, which is a little beyond the person's target.
    farthest_rad = max(abs(pose[JOINT]) for _, pose in motion.measured)
    assert math.degrees(farthest_rad) > max(TARGETS_DEG) - math.degrees(NEAR_RAD) > SWING_DEG
    check_labels(rows, policy_id, person_id, math.degrees(farthest_rad) + 0.1)
    assert len(motion.commands) > 100
    motion.check_limits()
