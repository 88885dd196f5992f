# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The paths of joint values over a lossy link, each with a link and an arena of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
import subprocess
from typing import Any

from ..harness.domains import ros_environment
from ..harness.lossy_link import LossyLink, lossy_link
from ..harness.processes import Wrap
from ..harness.programs import Server, server
from ..harness.rosbridge import Rosbridge
from ..harness.worker import Worker, worker

__all__ = [
    'FAST_LANE',
    'FROM_SERVER',
    'JOINTS',
    'ROSBRIDGE',
    'TO_SERVER',
    'VARIANTS',
    'WEB_SOCKET',
    'LossyPath',
    'arena',
    'bridge_parameters',
    'lossy_paths',
]

JOINTS = 6
ROOM = 'lossy'

WEB_SOCKET, FAST_LANE, ROSBRIDGE = 'WebSocket', 'fast lane', 'rosbridge'
VARIANTS = {WEB_SOCKET: 'never', FAST_LANE: 'auto'}
"""The variants of our path, and the ``fast_lane`` of their clients and bridges."""

TO_SERVER, FROM_SERVER = 'producer over the link', 'consumer over the link'
"""Which of the two clients is at the other end of the link than the server."""


@dataclass
class LossyPath:
    """
    A running path.

    :param variant: how values travel, for example :data:`WEB_SOCKET`.
    :param way: :data:`TO_SERVER` or :data:`FROM_SERVER`.
    """

    variant: str
    way: str
    link: LossyLink
    sender: Worker
    receiver: Worker


@contextmanager
def arena(link: LossyLink) -> Iterator[Server]:
    """Run an arena at the near end of a link."""
    options = ['--host', link.near.address]
    # It warns that the address is not the loopback's, but nothing else can reach the namespace.
    with server(options=options, wrap=link.near.command, stderr=subprocess.DEVNULL) as running:
        yield running


def bridge_parameters(url: str, direction: str, room: str, variant: str) -> dict[str, Any]:
    """Return the parameters of a bridge that produces or consumes in a room."""
    return {
        'server_url': url,
        'create_missing_rooms': 'both',
        'units': 'radians',
        'joints': [f'j{joint}' for joint in range(1, JOINTS + 1)],
        f'{direction}.room_id': room,
        'link.fast_lane': VARIANTS[variant],
    }


def lossy_paths(
    variants: Sequence[str], peer: Rosbridge | None = None
) -> list[AbstractContextManager[LossyPath]]:
    """
    Return the paths of some variants, in both directions; they are not running yet.

    :param variants: some of :data:`VARIANTS`.
    :param peer: an installed rosbridge; None measures none.
    """
    ways = (TO_SERVER, FROM_SERVER)
    theirs = [] if peer is None else [_through_rosbridge(peer, way) for way in ways]
    return [*(_path(variant, way) for variant in variants for way in ways), *theirs]


@contextmanager
def _path(variant: str, way: str) -> Iterator[LossyPath]:
    with ExitStack() as stack:
        link = stack.enter_context(lossy_link())
        url = stack.enter_context(arena(link)).url
        producer_at, consumer_at = _places(link, way)
        lane = VARIANTS[variant]
        sender, receiver = (
            stack.enter_context(worker(name, arguments, wrap=place))
            for name, arguments, place in (
                ('client_producer', [url, ROOM, str(JOINTS), lane], producer_at),
                ('client_consumer', [url, ROOM, lane], consumer_at),
            )
        )
        yield LossyPath(variant, way, link, sender, receiver)


@contextmanager
def _through_rosbridge(peer: Rosbridge, way: str) -> Iterator[LossyPath]:
    """Run two clients of one rosbridge, which publishes and subscribes to one topic."""
    with ExitStack() as stack:
        link = stack.enter_context(lossy_link())
        address, wrap = link.near.address, link.near.command
        running = peer.running(ros_environment(), address=address, wrap=wrap)
        url = stack.enter_context(running).url
        sender, receiver = (
            stack.enter_context(worker('rosbridge_end', [url, role], wrap=place))
            for role, place in zip(('producer', 'consumer'), _places(link, way), strict=True)
        )
        yield LossyPath(ROSBRIDGE, way, link, sender, receiver)


def _places(link: LossyLink, way: str) -> tuple[Wrap, Wrap]:
    """Return where the producer and the consumer run; the server is at the near end."""
    near, far = link.near.command, link.far.command
    return (far, near) if way == TO_SERVER else (near, far)
