# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Print what is in a dataset; runs in the environment of LeRobot."""

from __future__ import annotations

from pathlib import Path
import sys

from lerobot.datasets.lerobot_dataset import LeRobotDataset


def main() -> int:
    """Open the dataset in the folder that the command line names, and print its summary."""
    folder = Path(sys.argv[1])
    dataset = LeRobotDataset(f'arena/{folder.name}', root=folder)
    print(f'LeRobotDataset {dataset.meta.info["codebase_version"]} in {folder}')
    print(f'  robot {dataset.meta.robot_type}, {dataset.fps} frames per second')
    print(f'  {dataset.num_episodes} episodes, {dataset.num_frames} frames')
    for name, feature in dataset.features.items():
        if name.startswith(('action', 'observation')):
            print(f'  {name}: {feature["dtype"]} {tuple(feature["shape"])}')
    print(f'  task: {dataset[0]["task"]}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
