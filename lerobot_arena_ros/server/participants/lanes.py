# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""
The fast lanes of the participants of a server: how many, who has one, and where they are opened.

A participant requests a lane over its WebSocket. Its certificate is then expected by the UDP
listener for a moment, so only who has joined a room can open a lane.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ...arena.lane.channel import Channel
from ...arena.lane.decisions import LaneTiming
from ...arena.lane.errors import LaneError
from ...arena.lane.lane import Lane
from ...arena.messages import JointUpdate, LaneAnswer, LaneRequest
from ..net.rate_limiter import RateLimiter, Verdict
from ..rooms.base_room import Member
from .clock import now

__all__ = ['LaneOwner', 'LanePlace', 'Lanes', 'Opener']

OPEN_S = 10.0
"""How long a participant may take to open the lane that it requested, in seconds."""

REQUEST_PERIOD_S = 1.0
"""The least time between two requests of a participant, because a handshake costs CPU."""


class Opener(Protocol):
    """Where participants open their lanes."""

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate of the server."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """What happened to datagrams and handshakes, by name."""
        ...

    def expect(
        self, fingerprint: str, on_open: Callable[[Channel], None], timeout_s: float
    ) -> None:
        """Call a function when the holder of a certificate has opened a channel."""
        ...

    def forget(self, fingerprint: str) -> None:
        """Expect the holder of a certificate no longer."""
        ...


class LaneOwner(Protocol):
    """The connection of a participant, as its lane uses it."""

    def use_lane(self, lane: Lane | None) -> None:
        """Use a lane from now on, or none."""
        ...

    def repeat(self, update: JointUpdate) -> None:
        """Write an update to the WebSocket."""
        ...


@dataclass(frozen=True)
class LanePlace:
    """
    Where lanes are opened.

    :param port: the UDP port that participants are told.
    :param host: the host that they are told; None = that of the WebSocket.
    :param opener: returns what accepts them; raises :class:`.LaneError`.
    """

    port: int
    host: str | None
    opener: Callable[[], Awaitable[Opener]]


@dataclass
class _Holder:
    """A participant with a lane, or with a request for one."""

    owner: LaneOwner
    fingerprint: str
    requested_s: float
    lane: Lane | None = None


class Lanes:
    """
    The lanes of all participants, at most one each.

    :param most: the maximum number of lanes and requests; 0 = the server offers no lanes.
    :param rate_hz: datagrams per second from one participant, averaged over two seconds.
    :param on_text: called with each message that a participant sent by its lane.
    :ivar place: where lanes are opened; None = nowhere.
    :ivar opened: the number of lanes that were opened so far.
    :ivar limited: the number of datagrams that exceeded the rate.
    """

    def __init__(
        self, most: int, rate_hz: float, on_text: Callable[[Member, str], object]
    ) -> None:
        self.place: LanePlace | None = None
        self.opened = self.limited = 0
        self._most = most
        self._rate_hz = rate_hz
        self._on_text = on_text
        self._holders: dict[Member, _Holder] = {}
        self._opener: Opener | None = None

    @property
    def are_offered(self) -> bool:
        """Whether a participant can request a lane."""
        return self.place is not None and self._most > 0

    @property
    def count(self) -> int:
        """The number of open lanes."""
        return sum(each.lane is not None for each in self._holders.values())

    @property
    def datagrams(self) -> Mapping[str, int]:
        """What happened to datagrams and handshakes, by name; empty before the first request."""
        return {} if self._opener is None else self._opener.counts

    async def request(
        self, member: Member, owner: LaneOwner, request: LaneRequest, *, may_drive: bool
    ) -> LaneAnswer:
        """
        Return the answer to a request; a lane that the participant has is closed.

        :param may_drive: whether its token has the role drive; without it, the participant cannot
            get one of the last quarter of the lanes.
        """
        place, now_s = self.place, now().steady_s
        if place is None or not self._most:
            return LaneAnswer(reason='this server has no fast lanes')
        self._forget_unopened(now_s)
        refusal = self._refusal(member, request.fingerprint, now_s, may_drive=may_drive)
        if refusal is not None:
            return LaneAnswer(reason=refusal)
        self.remove(member)
        holder = self._holders[member] = _Holder(owner, request.fingerprint, now_s)
        try:
            self._opener = opener = await place.opener()
        except LaneError as exc:
            if self._holders.get(member) is holder:
                self.remove(member)
            return LaneAnswer(reason=str(exc))
        if self._holders.get(member) is not holder:
            return LaneAnswer(reason='the participant has left')
        opener.expect(request.fingerprint, partial(self._open, member, holder), OPEN_S)
        return LaneAnswer(place.port, place.host, opener.fingerprint)

    def remove(self, member: Member) -> None:
        """Close the lane of a participant, and expect none; do nothing if it has none."""
        holder = self._holders.pop(member, None)
        if holder is None:
            return
        if self._opener is not None:
            self._opener.forget(holder.fingerprint)
        if holder.lane is not None:
            holder.owner.use_lane(None)
            holder.lane.close()

    def _refusal(
        self, member: Member, fingerprint: str, now_s: float, *, may_drive: bool
    ) -> str | None:
        """Return why a participant gets no lane now; None if it gets one."""
        before, count = self._holders.get(member), len(self._holders)
        kept = self._most // 4
        if before is None and count >= self._most:
            return f'all {self._most} fast lanes of this server are in use'
        if before is None and not may_drive and count >= self._most - kept:
            return f'the last {kept} fast lanes are for tokens that may drive'
        if before is not None and now_s - before.requested_s < REQUEST_PERIOD_S:
            return f'at most one request each {REQUEST_PERIOD_S:g} s is accepted'
        if any(each.fingerprint == fingerprint for each in self._holders.values()):
            return 'this fingerprint is in use; make a certificate for each lane'
        return None

    def _forget_unopened(self, now_s: float) -> None:
        for member, holder in tuple(self._holders.items()):
            if holder.lane is None and now_s - holder.requested_s > OPEN_S:
                del self._holders[member]

    def _open(self, member: Member, holder: _Holder, channel: Channel) -> None:
        if self._holders.get(member) is not holder:
            channel.close()
            return
        owner = holder.owner
        limiter = RateLimiter(self._rate_hz, now().steady_s)

        def admit() -> bool:
            is_within = limiter.check(now().steady_s) is Verdict.PASS
            self.limited += not is_within
            return is_within

        def on_end(reason: str) -> None:
            owner.use_lane(None)
            del self._holders[member]

        self.opened += 1
        holder.lane = Lane(
            channel,
            LaneTiming(),
            admit=admit,
            on_text=partial(self._on_text, member),
            repeat=owner.repeat,
            on_end=on_end,
        )
        owner.use_lane(holder.lane)
