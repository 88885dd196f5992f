# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Media through a real TURN server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip('aiortc')
pytest.importorskip('aiortc', minversion='1.16', reason='relay_only needs aiortc 1.16')

from support.pictures import feeding  # noqa: E402
from support.turn_server import TURN_PASSWORD, TURN_USER, running_turn_server  # noqa: E402

from lerobot_arena_ros.media.codec import Codec  # noqa: E402
from lerobot_arena_ros.media.encoder import CameraEncoder  # noqa: E402
from lerobot_arena_ros.media.errors import PeerFailed  # noqa: E402
from lerobot_arena_ros.media.ice import (  # noqa: E402
    PASSWORD_VARIABLE,
    USERNAME_VARIABLE,
    IceServers,
)
from lerobot_arena_ros.media.peer import Peer  # noqa: E402
from lerobot_arena_ros.media.tracks import EncodedTrack  # noqa: E402


@pytest.fixture(scope='module')
def turn_url() -> Iterator[str]:
    """Run one TURN server for this module."""
    with running_turn_server() as url:
        yield url


def servers(url: str, password: str = TURN_PASSWORD) -> IceServers:
    """Return the settings of a user whose credentials are in the environment."""
    environment = {USERNAME_VARIABLE: TURN_USER, PASSWORD_VARIABLE: password}
    return IceServers.of_urls([url], relay_only=True, environment=environment)


async def test_pictures_pass_a_relay(turn_url: str) -> None:
    """With relay_only, both ends offer addresses of the TURN server only."""
    encoder = CameraEncoder()
    sender, viewer = Peer('viewer', servers(turn_url)), Peer('camera', servers(turn_url))
    async with feeding(encoder):
        offer = await sender.offer(EncodedTrack(encoder), Codec.VP8)
        answer = await viewer.answer(offer)
        await sender.accept(answer)
        await sender.wait_connected(15.0)
        assert viewer.track is not None
        for _ in range(5):
            await viewer.track.recv()
    await sender.aclose()
    await viewer.aclose()
    encoder.close()

    for sdp in (offer, answer):
        kinds = {
            line.split(' typ ')[1].split()[0]
            for line in sdp.split('\r\n')
            if line.startswith('a=candidate:')
        }
        assert kinds == {'relay'}


async def test_a_wrong_password_is_an_error(turn_url: str) -> None:
    """There is no candidate then, so that the offer could never work."""
    encoder = CameraEncoder()
    sender = Peer('viewer', servers(turn_url, 'wrong'))
    with pytest.raises(PeerFailed, match='refused the credentials'):
        await sender.offer(EncodedTrack(encoder), Codec.VP8)
    await sender.aclose()
    encoder.close()
