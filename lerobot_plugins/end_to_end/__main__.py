# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Run all steps: ``make lerobot``."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
import shutil
import sys

from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.nodes.demo.processes import DemoError, Interrupted
from lerobot_arena_ros.nodes.demo.start import begin

from .programs import Programs
from .simulation import simulation
from .steps import Steps


def main() -> int:
    """Run the steps, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog='end_to_end',
        description='Teleoperate, record, replay, train and roll out with LeRobot and the '
        'simulated arm.',
        epilog='Exit code: 0 if each step succeeded and the cube was lifted, otherwise 1.',
        allow_abbrev=False,
    )
    parser.add_argument('bin', type=Path, help='folder of the programs of LeRobot')
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('build/lerobot'),
        help='folder of the datasets and logs, created anew (%(default)s)',
    )
    args = parser.parse_args()
    interruption = begin()
    output: Path = args.output.resolve()
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    try:
        with simulation(output, interruption) as sim:
            programs = Programs(args.bin.absolute(), output, sim.check)
            asyncio.run(Steps(sim, programs, output).run())
    except (ArenaError, DemoError) as exc:
        print(f'lerobot: FAILED: {exc} (logs: {output})', file=sys.stderr)
        return 1
    except Interrupted:
        return 0
    print('lerobot: passed')
    return 0


if __name__ == '__main__':
    sys.exit(main())
