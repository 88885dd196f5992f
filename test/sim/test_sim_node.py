# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The node sim_arm as a real process on a ROS graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
import statistics
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')
pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import PoseStamped
from rcl_interfaces.srv import SetParameters
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray, String
from support.domain import own_domain
from support.gl import require_gl
from support.probe import LATCHED, Probe, running_probe
from support.processes import Process, ros_arguments, running
from support.waiting import wait_for
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from lerobot_arena_ros.nodes.bridge.conversions import joint_state_from_ros, stamp_ns
from lerobot_arena_ros.sim.names import CAMERAS, JOINTS

ROOT = Path(__file__).resolve().parents[2]
RECENT = 200


class Sim:
    """A simulated arm called ``/arm/sim_arm``, and its last messages."""

    def __init__(self, process: Process, probe: Probe) -> None:
        self.process = process
        self.probe = probe
        self.states: deque[JointState] = deque(maxlen=RECENT)
        self.published = 0
        self.subscribe(JointState, 'joint_states', self._on_state, 100)

    def _on_state(self, message: JointState) -> None:
        self.states.append(message)
        self.published += 1

    def subscribe(
        self, kind: type, topic: str, take: Callable[[Any], None], qos: QoSProfile | int
    ) -> None:
        """Subscribe to one of its topics."""
        self.probe.node.create_subscription(kind, f'/arm/{topic}', take, qos)

    def position(self, joint: str = 'shoulder_pan') -> float:
        """Return the last measured position of a joint."""
        return joint_state_from_ros(self.states[-1])[joint]

    def send(self, message: Any) -> None:
        """Send a command, once the node has subscribed."""
        publisher = self.probe.node.create_publisher(type(message), '/arm/joint_commands', 1)
        wait_for(publisher.get_subscription_count, 'the subscription of the arm')
        publisher.publish(message)

    def set(self, name: str, value: float | str) -> str:
        """Set a parameter at run time; return why it was rejected, or nothing."""
        return self.probe.set_parameter('arm', name, value, node='sim_arm')[1]

    def passes(self, states: int) -> None:
        """Wait for this many more joint_states."""
        end = self.published + states
        wait_for(lambda: self.published >= end, f'{states} joint_states')

    def age_s(self) -> float:
        """Return the age of the last joint_states, by their stamp."""
        stamped = stamp_ns(self.states[-1].header.stamp)
        assert stamped is not None
        return (self.now_ns() - stamped) * 1e-9

    def now_ns(self) -> int:
        """Return the current time of the clock of the stamps."""
        return int(self.probe.node.get_clock().now().nanoseconds)


@contextmanager
def sim(**parameters: Any) -> Iterator[Sim]:
    """Run a simulated arm, without pictures by default."""
    arguments = ros_arguments('arm', {'pictures': False} | parameters)
    with own_domain(), running_probe() as probe:
        # Before the arm starts: otherwise it may answer before it has found the reader.
        probe.client('arm', 'set_parameters', SetParameters, node='sim_arm')
        with running('sim.main', arguments) as process:
            seen = Sim(process, probe)
            wait_for(lambda: seen.states or not process.is_alive, 'the arm', 30.0)
            assert process.is_alive, process.output
            yield seen


def test_joint_states_come_a_hundred_times_a_second() -> None:
    """joint_states arrive at 100 Hz, measured by the majority of their stamps."""
    with sim() as arm:
        arm.passes(RECENT)
        stamps = [stamp_ns(state.header.stamp) or 0 for state in arm.states]
        periods_s = [(later - earlier) * 1e-9 for earlier, later in pairwise(stamps)]

        assert list(arm.states[-1].name) == list(JOINTS)
        assert statistics.median(periods_s) == pytest.approx(0.01, rel=0.25)
        assert arm.process.end() == 0
        assert 'Traceback' not in arm.process.output


def trajectory(position: float) -> JointTrajectory:
    """Return a trajectory of one joint that takes half a second."""
    point = JointTrajectoryPoint(
        positions=[position], time_from_start=Duration(nanosec=500_000_000)
    )
    return JointTrajectory(joint_names=['shoulder_pan'], points=[point])


@pytest.mark.parametrize(
    ('interface', 'message'),
    [
        ('joint_state', JointState(name=['shoulder_pan'], position=[0.5])),
        ('forward_command', Float64MultiArray(data=[0.5, 0.0, 0.0, 0.0, 0.0, 0.0])),
        ('joint_trajectory', trajectory(0.5)),
    ],
)
def test_it_follows_commands_of_each_type(interface: str, message: Any) -> None:
    """
    Commands of each type move the arm.

    An invalid one is rejected and logged, and the next one is followed.
    """
    wrong = type(message)()
    if isinstance(wrong, JointState):
        wrong = JointState(name=['elbow'], position=[0.1])
    with sim(command_interface=interface) as arm:
        arm.send(wrong)
        wait_for(lambda: 'refused, because' in arm.process.output, 'the refusal')
        arm.send(message)

        wait_for(lambda: abs(arm.position() - 0.5) < 0.01, 'the joint to arrive')


def test_a_late_subscriber_receives_the_description() -> None:
    """A late subscriber receives the latched robot_description with each joint."""
    heard: list[str] = []
    with sim() as arm:
        arm.subscribe(String, 'robot_description', lambda m: heard.append(m.data), LATCHED)
        wait_for(lambda: heard, 'the description')

    assert all(f'<joint name="{name}" type="revolute">' in heard[0] for name in JOINTS)


def test_faults_are_parameters_that_change_while_it_runs() -> None:
    """Each fault parameter takes effect in joint_states while the node runs."""
    with sim() as arm:
        assert 'max_speed' in arm.set('max_speed', -1.0)
        assert 'one of' in arm.set('frozen_joint', 'elbow')

        assert arm.set('drives_on', False) == ''
        wait_for(lambda: arm.position('shoulder_lift') > 0.3, 'the arm to sink')
        assert arm.set('drives_on', True) == ''
        wait_for(lambda: arm.position('shoulder_lift') < 0.1, 'the arm to come back')

        assert arm.set('offset', 6.0) == arm.set('offset_joint', 'wrist_roll') == ''
        wait_for(lambda: abs(arm.position('wrist_roll') - 6.0) < 0.01, 'the offset')

        assert arm.set('stamp_delay_s', 3.0) == ''
        wait_for(lambda: arm.age_s() > 2.5, 'late stamps')
        assert arm.set('stamp_delay_s', 0.0) == ''
        wait_for(lambda: arm.age_s() < 2.5, 'stamps that are not late')

        assert arm.set('blocked_joint', 'shoulder_pan') == ''
        arm.send(JointState(name=['shoulder_pan', 'wrist_flex'], position=[0.5, 0.5]))
        wait_for(lambda: arm.position('wrist_flex') > 0.45, 'the other joint')
        assert arm.position() == pytest.approx(0.0, abs=0.01)
        assert arm.set('blocked_joint', '') == ''
        wait_for(lambda: arm.position() > 0.45, 'the joint to be free')

        assert arm.set('hang_s', 3600.0) == ''
        hung_ns = arm.now_ns()
        assert arm.set('gravity', 0.5) == ''
        wakes_ns = arm.now_ns()
        assert arm.set('hang_s', 0.0) == ''
        arm.passes(10)
        stamps = [stamp_ns(state.header.stamp) or 0 for state in arm.states]
        assert not [stamp for stamp in stamps if hung_ns < stamp < wakes_ns]


def test_a_second_publisher_publishes_zeros_and_can_be_removed() -> None:
    """A second publisher is another node that publishes zeros, and it can be removed again."""
    with sim() as arm:
        arm.send(JointState(name=['shoulder_pan'], position=[0.5]))
        wait_for(lambda: arm.position() > 0.45, 'the joint to arrive')
        nodes = arm.probe.node.get_node_names

        assert arm.set('second_publisher', True) == ''
        wait_for(lambda: arm.position() == 0.0, 'zeros')
        wait_for(lambda: 'joint_state_gui' in nodes(), 'the second node')
        assert arm.set('second_publisher', False) == ''
        wait_for(lambda: 'joint_state_gui' not in nodes(), 'the second node to go')
        # The second node's last messages may still be received.
        arm.passes(RECENT + 50)
        assert all(joint_state_from_ros(s)['shoulder_pan'] > 0.45 for s in arm.states)


def test_the_pose_of_the_cube_is_published_to_a_subscriber() -> None:
    """A subscriber of cube_pose receives where the cube lies, also after it was put elsewhere."""
    poses: list[PoseStamped] = []
    with sim() as arm:
        arm.subscribe(PoseStamped, 'cube_pose', poses.append, qos_profile_sensor_data)
        wait_for(lambda: poses, 'the pose of the cube')
        position = poses[-1].pose.position
        assert (position.x, position.y, position.z) == pytest.approx((0.25, 0.12, 0.02), abs=0.002)

        assert arm.set('cube_x', 0.2) == ''

        wait_for(lambda: abs(poses[-1].pose.position.x - 0.2) < 0.002, 'the new place')


def test_both_cameras_publish_pictures_to_subscribers() -> None:
    """Both cameras publish pictures in colour with different pixels to a subscriber."""
    require_gl()
    seen: dict[str, Image] = {}
    with sim(pictures=True, picture_rate_hz=20.0) as arm:
        for camera in CAMERAS:

            def take(message: Image, camera: str = camera) -> None:
                seen[camera] = message

            arm.subscribe(Image, f'{camera}/image_raw', take, qos_profile_sensor_data)
        wait_for(lambda: set(seen) == set(CAMERAS), 'a picture of each camera', 30.0)
        assert arm.process.end() == 0
        assert 'Traceback' not in arm.process.output

    for camera, image in seen.items():
        assert (image.width, image.height, image.encoding) == (640, 480, 'rgb8')
        assert len(image.data) == image.step * image.height
        assert len(set(image.data)) > 50, camera


def test_pictures_of_both_cameras_show_the_same_moment() -> None:
    """The two pictures of a round have one stamp, which is that of the arm that they show."""
    require_gl()
    stamps: dict[str, set[int | None]] = {camera: set() for camera in CAMERAS}
    with sim(pictures=True) as arm:
        for camera in CAMERAS:

            def take(message: Image, camera: str = camera) -> None:
                stamps[camera].add(stamp_ns(message.header.stamp))

            arm.subscribe(Image, f'{camera}/image_raw', take, qos_profile_sensor_data)
        wait_for(lambda: len(set.intersection(*stamps.values())) >= 3, 'three pairs', 60.0)


def test_without_gl_it_logs_that_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OpenGL, the node logs one line with what to install, and runs."""
    monkeypatch.setenv('MUJOCO_GL', 'disable')
    with sim(pictures=True) as arm:
        wait_for(lambda: 'no pictures' in arm.process.output, 'the line')
        arm.passes(10)

        (line,) = [line for line in arm.process.output.splitlines() if 'no pictures' in line]
        assert 'apt install libegl1 libgl1-mesa-dri' in line
        assert arm.process.end() == 0


def test_a_missing_model_is_reported_in_one_line() -> None:
    """A missing model package is reported in one line."""
    program = (
        'import sys; from lerobot_arena_ros.sim import main, model\n'
        "model.MODEL_PACKAGE = 'no_such_package'; sys.exit(main.main([]))"
    )
    code, out, err = run(program)

    assert (code, out) == (2, '')
    assert err.startswith('sim_arm: the package no_such_package, which')
    assert err.count('\n') == 1


@pytest.mark.parametrize(
    ('parameter', 'said'),
    [
        ('gravity:=-1.0', 'parameter gravity = -1.0: expected a number from 0 to 10'),
        ('max_speed:=.nan', 'parameter max_speed = nan: expected a number from 0.01 to 100'),
        ('stiffness:=stiff', "parameter stiffness = 'stiff': expected a number from 0 to 1000"),
        ('blocked_joint:=elbow', "parameter blocked_joint = 'elbow': expected one of"),
    ],
)
def test_a_wrong_parameter_is_reported_in_one_line(parameter: str, said: str) -> None:
    """An invalid parameter is reported in one line, with its name and what was expected."""
    program = (
        'import sys; from lerobot_arena_ros.sim.main import main\n'
        f'sys.exit(main(["--ros-args", "-p", {parameter!r}]))'
    )
    code, out, err = run(program)

    assert (code, out) == (2, '')
    assert err.startswith(f'sim_arm: {said}')
    assert err.count('\n') == 1


def run(program: str) -> tuple[int, str, str]:
    """Run a program that ends by itself; return its exit code and the output of both streams."""
    with own_domain():
        done = subprocess.run(
            [sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, timeout=30
        )
    return done.returncode, done.stdout, done.stderr
