# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The AI loop, whole: a policy sees a cube with the simulated arm's camera and points to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import time

import pytest

pytest.importorskip('rclpy', reason='rclpy is not here: it comes with ROS 2, or as wheels')
pytest.importorskip('mujoco', reason='MuJoCo is not here: requirements/sim.txt')
pytest.importorskip('aiortc', reason='aiortc is not here: requirements/video.txt')

from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import JointState
from support.cube_policy import CubePolicy, Pointer
from support.domain import own_domain
from support.gl import require_gl
from support.inference_server import InferenceServer, running_inference_server
from support.probe import Probe, running_probe
from support.processes import Process, ros_arguments, running
from support.server import running_server
from support.waiting import wait_for

from lerobot_arena_ros.nodes.bridge.conversions import joint_state_from_ros
from lerobot_arena_ros.nodes.launching.ai_loop_rules import session_parameters
from lerobot_arena_ros.sim.names import CAMERAS

CONFIG = Path(__file__).resolve().parents[2] / 'config' / 'ai_loop_sim.yaml'
ROBOT, WORKSPACE, SESSION = 'robot', 'lab', 'cube'
LEFT, RIGHT = (0.25, 0.12), (0.28, -0.15)
"""Two places of the cube on the table."""

POINTING_RAD = 0.06
"""Less than half the width of the cube, as seen from the base."""

PATIENCE_S = 300.0
"""A busy machine takes seconds to render a picture."""

PATIENT = {
    'link.timeout_s': 20.0,
    'link.max_delay_s': 10.0,
    'consume.max_feedback_age_s': 5.0,
    'consume.max_picture_age_s': 5.0,
    # A simulation without a core does not follow.
    'consume.stall_s': 0.0,
}
"""The parameters of the bridge that a busy machine needs."""


@dataclass
class Loop:
    """
    A simulated arm with its bridge, and the session of a policy. No camera runs at first.

    :ivar commanded_at: when each command of the bridge arrived, on the monotonic clock.
    """

    url: str
    probe: Probe
    server: InferenceServer
    pan: float = 0.0
    commanded_at: list[float] = field(default_factory=list)

    def listen(self) -> None:
        """Record the commands and the measured angle of the base."""

        def on_state(message: JointState) -> None:
            self.pan = joint_state_from_ros(message)['shoulder_pan']

        def on_command(_: JointState) -> None:
            self.commanded_at.append(time.monotonic())

        for topic, take in (('joint_states', on_state), ('joint_commands', on_command)):
            self.probe.node.create_subscription(JointState, f'/{ROBOT}/{topic}', take, 1000)

    @contextmanager
    def cameras(self, *names: str) -> Iterator[Process]:
        """Send cameras of the arm meanwhile; they end by SIGKILL."""
        _, parameters = session_parameters(SESSION, names)
        own = {'server_url': self.url, 'workspace_id': WORKSPACE, **parameters}
        with running('nodes.camera.main', ros_arguments(ROBOT, own)) as process:
            try:
                yield process
            finally:
                process.kill()

    def place_cube(self, x: float, y: float) -> None:
        """Put the cube somewhere else on the table."""
        for name, value in (('cube_x', x), ('cube_y', y)):
            assert self.probe.set_parameter(ROBOT, name, value, node='sim_arm') == (True, '')

    def wait_for_actions(self) -> None:
        """Wait until the policy has sent actions for a second or more."""
        end = self.server.sent + 20
        wait_for(lambda: self.server.sent >= end, 'actions of the policy', PATIENCE_S)

    def wait_until_it_points_to(self, x: float, y: float) -> None:
        """Wait until the measured arm points to a place, and check that it stays there."""
        pointer = Pointer()
        wait_for(
            lambda: pointer.error(self.pan, x, y) < POINTING_RAD,
            f'the arm to point to {(x, y)}',
            PATIENCE_S,
        )
        self.wait_for_actions()
        assert pointer.error(self.pan, x, y) < POINTING_RAD

    def wait_for_safety(self, text: str) -> None:
        """Wait until the bridge reports a state or a cause."""
        wait_for(lambda: text in self.safety, f'the bridge to report {text!r}', PATIENCE_S)

    @property
    def safety(self) -> str:
        """The state of the bridge's gate, and its cause."""
        return self.probe.text(f'/{ROBOT}/arena_bridge: safety')


@contextmanager
def ai_loop() -> Iterator[Loop]:
    """Run the simulated arm and its bridge in the rooms of a session that has started."""
    require_gl()
    with ExitStack() as stack:
        stack.enter_context(own_domain())
        url = stack.enter_context(running_server())
        probe = stack.enter_context(running_probe())
        # Before the arm starts: otherwise it may answer before it has found the reader.
        probe.client(ROBOT, 'set_parameters', SetParameters, node='sim_arm')
        policy = CubePolicy('Rotation')
        server = stack.enter_context(
            running_inference_server(url, WORKSPACE, SESSION, CAMERAS, policy)
        )
        bridge, _ = session_parameters(SESSION, CAMERAS)
        own = {'server_url': url, 'workspace_id': WORKSPACE, **PATIENT, **bridge}
        file = ('--params-file', str(CONFIG))
        stack.enter_context(running('sim.main', ros_arguments(ROBOT, {'picture_rate_hz': 4.0})))
        stack.enter_context(running('nodes.bridge.main', ros_arguments(ROBOT, own, *file)))
        made = Loop(url, probe, server)
        made.listen()
        server.start()
        yield made


def test_a_policy_points_the_arm_to_the_cube_that_it_sees() -> None:
    """The arm points to the cube at two places, and moves only after a picture of each camera."""
    with ai_loop() as loop:
        with loop.cameras('front'):
            wait_for(lambda: 'front' in loop.server.seen_at, 'a picture', PATIENCE_S)
            loop.wait_for_safety('the camera wrist')
            assert not loop.server.sent
            assert not loop.commanded_at
        with loop.cameras(*CAMERAS):
            loop.wait_until_it_points_to(*LEFT)
            assert loop.commanded_at[0] > max(loop.server.seen_at.values())
            loop.place_cube(*RIGHT)
            loop.wait_until_it_points_to(*RIGHT)

        assert loop.server.errors == []


def test_a_camera_that_dies_holds_the_arm_until_it_is_back() -> None:
    """The arm holds although the policy goes on, and follows the new pictures afterwards."""
    with ai_loop() as loop:
        with loop.cameras(*CAMERAS):
            loop.wait_until_it_points_to(*LEFT)
        loop.wait_for_safety('the newest picture that a viewer has of the camera')
        loop.place_cube(*RIGHT)
        loop.wait_for_actions()  # The last commands arrive.
        held, pan = len(loop.commanded_at), loop.pan
        loop.wait_for_actions()
        loop.wait_for_actions()
        assert len(loop.commanded_at) == held
        assert loop.pan == pytest.approx(pan, abs=POINTING_RAD)
        with loop.cameras(*CAMERAS):
            loop.wait_until_it_points_to(*RIGHT)
