# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The steps, from teleoperation to a policy, each with LeRobot's own program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
import json
from pathlib import Path
import shutil
import time

from lerobot_arena_ros.nodes.demo.processes import DemoError
from lerobot_arena_ros.sim.names import CAMERAS

from .leader import PICK, REST, Leader, duration_s, leading
from .programs import Programs
from .simulation import COMMAND_ROOM, JOINT_ROOM, WORKSPACE, Simulation, camera_room

__all__ = ['Steps']

LEADER_ROOM = 'leader'
EPISODES = 2
FPS = 10
LIFTED_M = 0.08
"""The minimum height of the centre of a lifted cube; on the table it is at 0.02 m."""

MARGINS_S = (8.0, 24.0, 72.0)
"""
How much longer a program runs than the moves take, in each attempt. On a busy machine, LeRobot
waits for pictures, and the arm follows late.
"""

TASK = 'Pick the red cube'
TRAINING_STEPS = 5

NO_DECODER = (
    "lerobot: no policy was trained, because LeRobot's decoder of videos does not load: "
    'apt install ffmpeg'
)


class NotLifted(DemoError):
    """The cube was not lifted."""


class Steps:
    """
    The steps in their order.

    :param folder: the folder of the datasets and of the policy.
    """

    def __init__(self, sim: Simulation, programs: Programs, folder: Path) -> None:
        self._sim = sim
        self._programs = programs
        self._folder = folder

    async def run(self) -> None:
        """
        Run all steps.

        :raises DemoError: a step failed.
        :raises ArenaError: the leader cannot join a room.
        """
        await self._sim.until(lambda: self._sim.joints, 'the arm')
        await self._sim.place_cube()
        async with leading(self._sim, LEADER_ROOM, create=True) as leader:
            await self._attempt(partial(self._teleoperate, leader))
            await self._attempt(partial(self._record, leader))
        await self._show_summary()
        await self._put_back()
        await self._replay()
        if not self._programs.have_decoder():
            print(NO_DECODER, flush=True)
            return
        await self._put_back()
        await self._train()
        await self._roll_out()

    async def _attempt(self, step: Callable[[float], Awaitable[None]]) -> None:
        """
        Run a step; if the cube was not lifted, run it again with a longer margin.

        :raises NotLifted: the last attempt failed, too.
        """
        for margin_s in MARGINS_S:
            await self._put_back()
            try:
                return await step(margin_s)
            except NotLifted as exc:
                if margin_s == MARGINS_S[-1]:
                    raise
                print(f'lerobot: once more, with more time, because {exc}', flush=True)

    async def _put_back(self) -> None:
        """Move the arm to its pose of rest, as a person would, and put the cube back."""
        await self._sim.until(lambda: self._sim.joints, 'the arm')
        async with leading(self._sim, COMMAND_ROOM) as hand:
            hand.follow(REST, time.monotonic())
            await self._sim.until(self._is_at_rest, 'the arm to be at rest')
        await self._sim.place_cube()

    def _is_at_rest(self) -> bool:
        return self._sim.is_near(REST[-1].pose_deg)

    def _check_lifted(self, what: str) -> None:
        """
        Check that the cube was lifted since it was placed, and print its height.

        :raises NotLifted: it was not.
        """
        print(f'lerobot: {what}: the cube was lifted to {self._sim.highest_m:.3f} m', flush=True)
        if self._sim.highest_m < LIFTED_M:
            raise NotLifted(f'{what}: expected a cube at {LIFTED_M:g} m or more')

    async def _teleoperate(self, leader: Leader, margin_s: float) -> None:
        leader.follow(REST, time.monotonic())
        begun = False

        async def on_line(line: str) -> None:
            nonlocal begun
            if 'Teleop loop time' in line and not begun:
                begun = True
                leader.follow(PICK, time.monotonic())

        time_s = duration_s(PICK) + margin_s
        await self._programs.run(
            'lerobot-teleoperate',
            [*self._robot(), *self._teleop(), f'--fps={FPS}', f'--teleop_time_s={time_s}'],
            on_line,
        )
        self._check_lifted('teleoperation')

    async def _record(self, leader: Leader, margin_s: float) -> None:
        leader.follow(REST, time.monotonic())
        shutil.rmtree(self._folder / 'pick', ignore_errors=True)

        async def on_line(line: str) -> None:
            if 'Recording episode' in line:
                await self._sim.place_cube()
                leader.follow(PICK, time.monotonic())
            elif 'Reset the environment' in line or 'Stop recording' in line:
                self._check_lifted('recorded episode')
                leader.follow(REST, time.monotonic())

        await self._programs.run(
            'lerobot-record',
            [
                *self._robot(),
                *self._teleop(),
                *self._dataset('pick', EPISODES, duration_s(PICK) + margin_s),
            ],
            on_line,
        )

    async def _show_summary(self) -> None:
        program = Path(__file__).with_name('summary.py')
        lines = await self._programs.run('python', [str(program), str(self._folder / 'pick')])
        begin = next(i for i, line in enumerate(lines) if line.startswith('LeRobotDataset'))
        print('\n'.join(lines[begin:]), flush=True)

    async def _replay(self) -> None:
        await self._programs.run(
            'lerobot-replay',
            [
                *self._robot(),
                *('--dataset.repo_id=arena/pick', f'--dataset.root={self._folder / "pick"}'),
                *('--dataset.episode=0', '--play_sounds=false'),
            ],
        )
        self._check_lifted('replay')

    async def _train(self) -> None:
        """Train a tiny policy for a few steps; it learns nothing, but it runs."""
        await self._programs.run(
            'lerobot-train',
            [
                *('--dataset.repo_id=arena/pick', f'--dataset.root={self._folder / "pick"}'),
                *('--policy.type=act', '--policy.device=cpu', '--policy.push_to_hub=false'),
                # The weights would come from the network.
                '--policy.pretrained_backbone_weights=null',
                *('--policy.dim_model=64', '--policy.n_heads=2', '--policy.dim_feedforward=128'),
                *('--policy.n_encoder_layers=1', '--policy.use_vae=false'),
                *('--policy.chunk_size=10', '--policy.n_action_steps=10'),
                *(f'--steps={TRAINING_STEPS}', f'--save_freq={TRAINING_STEPS}', '--log_freq=1'),
                *('--batch_size=2', '--num_workers=0', '--eval_freq=0', '--wandb.enable=false'),
                f'--output_dir={self._folder / "policy"}',
            ],
        )

    async def _roll_out(self) -> None:
        policy = self._folder / 'policy' / 'checkpoints' / 'last' / 'pretrained_model'
        await self._programs.run(
            'lerobot-record',
            [*self._robot(), f'--policy.path={policy}', *self._dataset('eval_pick', 1, 6.0)],
        )

    # ----- options

    def _robot(self) -> Sequence[str]:
        cameras = {each: {'room_id': camera_room(each)} for each in CAMERAS}
        return [
            *('--robot.type=arena', '--robot.units=normalized'),
            *(f'--robot.server_url={self._sim.url}', f'--robot.workspace_id={WORKSPACE}'),
            *(f'--robot.joint_room={JOINT_ROOM}', f'--robot.command_room={COMMAND_ROOM}'),
            f'--robot.cameras={json.dumps(cameras)}',
            # The pictures come a few times a second, and later while the machine is busy.
            *('--robot.max_age_s=3.0', '--robot.timeout_s=60.0'),
        ]

    def _teleop(self) -> Sequence[str]:
        return [
            *('--teleop.type=arena', '--teleop.units=normalized'),
            *(f'--teleop.server_url={self._sim.url}', f'--teleop.workspace_id={WORKSPACE}'),
            *(f'--teleop.room={LEADER_ROOM}', '--teleop.max_age_s=3.0', '--teleop.timeout_s=60.0'),
        ]

    def _dataset(self, name: str, episodes: int, episode_s: float) -> Sequence[str]:
        reset_s = duration_s(REST) + MARGINS_S[0]
        return [
            *(f'--dataset.repo_id=arena/{name}', f'--dataset.root={self._folder / name}'),
            *(f'--dataset.single_task={TASK}', f'--dataset.num_episodes={episodes}'),
            *(f'--dataset.episode_time_s={episode_s}', f'--dataset.reset_time_s={reset_s}'),
            *(f'--dataset.fps={FPS}', '--dataset.vcodec=h264', '--dataset.push_to_hub=false'),
            # Pictures are encoded at once, instead of written as PNG files first.
            *('--dataset.streaming_encoding=true', '--dataset.encoder_threads=1'),
            '--play_sounds=false',
        ]
