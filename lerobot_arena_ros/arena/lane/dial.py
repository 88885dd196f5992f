# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""Opens the datagrams of a lane; imports pyOpenSSL only when a lane is wanted."""

from __future__ import annotations

import asyncio

from . import availability
from .channel import Channel
from .errors import LaneError
from .keeper import Ask

__all__ = ['OPEN_TIMEOUT_S', 'dial', 'prepare']

OPEN_TIMEOUT_S = 5.0
"""The timeout of the handshake, in seconds."""


async def prepare() -> str | None:
    """
    Import what opens a lane, without blocking the event loop.

    :returns: why no lane can be opened; None if it can.
    """
    try:
        await asyncio.to_thread(availability.check)
    except LaneError as exc:
        return str(exc)
    return None


async def dial(host: str, ask: Ask) -> Channel:
    """
    Open a channel to the server, after :func:`prepare`.

    :param host: where the server is, unless its answer names another host.
    :param ask: requests a lane for the certificate with a fingerprint.
    :raises LaneError: why it could not be opened.
    """
    from .certificate import Certificate
    from .client_channel import open_channel

    # A certificate for one lane only: the server finds the participant by its fingerprint.
    certificate = Certificate.make()
    answer = await ask(certificate.fingerprint)
    assert answer.port is not None
    assert answer.fingerprint is not None
    return await open_channel(
        answer.host or host,
        answer.port,
        certificate,
        answer.fingerprint,
        timeout_s=OPEN_TIMEOUT_S,
    )
