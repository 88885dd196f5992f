# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Print what a policy would see of a robot, until Ctrl-C.

    observe.py --room-id arm --camera front --camera wrist

The program joins as a consumer and sends nothing. It prints a line for each observation: when it
was taken, on the clock of the robot, how far its parts are apart, the joints and the pictures. A
policy would compute an action here, and send it to the room of the commands.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import TYPE_CHECKING

from command_line import Failure, plain, run

if TYPE_CHECKING:
    from lerobot_arena_ros.video import Observation


def main() -> int:
    """Parse the command line and observe."""
    parser = argparse.ArgumentParser(description='Print what a policy would see of a robot.')
    parser.add_argument('--server-url', default='http://localhost:8000', help='%(default)s')
    parser.add_argument('--workspace-id', default='default-workspace', help='%(default)s')
    parser.add_argument('--room-id', required=True, help='the room of the joints (required)')
    parser.add_argument(
        '--camera',
        action='append',
        required=True,
        metavar='ROOM',
        help='the video room of a camera; may be given several times (required)',
    )
    return run(observe(parser.parse_args()))


async def observe(args: argparse.Namespace) -> int:
    """Print each observation; the reasons if there is none for ten seconds are an error."""
    try:
        from lerobot_arena_ros.video import observations
    except ImportError as exc:
        raise Failure(str(exc)) from exc

    async with observations(
        args.server_url, args.workspace_id, joints=args.room_id, cameras=args.camera
    ) as seen:
        async for observation in seen:
            print(plain(described(observation)), flush=True)
            # A model is slower than this; it runs in a thread, so that the cameras go on.
            await asyncio.to_thread(to_pixels, observation)
    return 0


def described(observation: Observation) -> str:
    """Return an observation in one line."""
    stamps = [observation.joints_stamp_ns, *(f.stamp_ns for f in observation.frames.values())]
    known = [stamp for stamp in stamps if stamp is not None]
    age_ms = 1000 * (time.monotonic() - observation.arrived_at)
    taken = 'no stamp' if not known else f'taken {min(known) / 1e9:.3f}'
    apart_ms = (max(known) - min(known)) / 1e6 if known else 0.0
    joints = ' '.join(f'{name}={value:.2f}' for name, value in observation.joints.items())
    frames = ' '.join(
        f'{name}:{frame.picture.width}x{frame.picture.height}'
        f'{"" if frame.stamp_ns is not None else " (no stamp)"}'
        for name, frame in observation.frames.items()
    )
    return f'{taken}, {apart_ms:.1f} ms apart, arrived {age_ms:.0f} ms ago: {joints} {frames}'


def to_pixels(observation: Observation) -> None:
    """Convert the pictures to arrays, as a model needs them."""
    for frame in observation.frames.values():
        frame.to_rgb()


if __name__ == '__main__':
    sys.exit(main())
