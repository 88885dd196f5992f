# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.


"""The lane of one joined WebSocket of a client: numbers what is sent, and chooses the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
import contextlib
from dataclasses import replace
import itertools
import uuid

from ..features import Feature
from ..messages import EmergencyStop, JointUpdate, LaneAnswer, LaneRequest, encode
from ..session import Event, Presence, Session
from ..steady_clock import steady_now
from .channel import Channel
from .decisions import LaneTiming
from .keeper import Dial, LaneKeeper
from .lane import Lane, LaneReport

__all__ = ['ClientLane']


class ClientLane:
    """
    The lane of a connection; without the feature ``fast_lane`` it changes nothing.

    Belongs to one event loop, except :attr:`is_open`, :attr:`report` and :attr:`obstacle`, which
    any thread may read, and :meth:`numbered`.

    :param session: of the connection; it drops what arrives for the second time.
    :param dial: opens the channel of the lane.
    :param no_lane: why no lane is requested; None if one is.
    :param post: writes a text to the WebSocket.
    :param deliver: passes on events that came by the lane.
    :param is_behind: whether more updates must be dropped; the WebSocket repeats the newest.
    """

    def __init__(
        self,
        session: Session,
        dial: Dial,
        *,
        no_lane: str | None,
        post: Callable[[str], object],
        deliver: Callable[[list[Event]], object],
        is_behind: Callable[[], bool],
    ) -> None:
        self._session = session
        self._post = post
        self._deliver = deliver
        self._is_behind = is_behind
        self._no_lane = no_lane
        self._lane: Lane | None = None
        self._keeper = LaneKeeper(self._request, dial, self._use)
        self._seqs = itertools.count()

    @property
    def is_open(self) -> bool:
        """Whether there is a lane."""
        return self._lane is not None

    @property
    def report(self) -> LaneReport | None:
        """How the lane works; None if there is none."""
        lane = self._lane
        if lane is None:
            return None
        return lane.report._replace(out_of_order=self._session.out_of_order)

    @property
    def obstacle(self) -> str | None:
        """Why there is no lane; None while there is one, or none is requested yet."""
        if self._is_enabled:
            return self._keeper.obstacle
        return self._no_lane or 'this server has no fast lanes'

    async def keep_open(self) -> None:
        """Keep a lane open until cancelled, if the server enabled it."""
        if self._is_enabled:
            await self._keeper.run()

    def numbered(self, update: JointUpdate) -> JointUpdate:
        """Return an update with the next number; any thread, but one at a time."""
        return replace(update, seq=next(self._seqs)) if self._is_enabled else update

    def send_update(self, update: JointUpdate) -> bool:
        """Send a numbered update; return False if the WebSocket has to carry it."""
        is_sent = self._lane is not None and self._lane.send_update(update)
        self._session.update_way.note(by_lane=is_sent)
        return is_sent

    def send_stop(self, stop: EmergencyStop) -> EmergencyStop:
        """Send a stop; return it as the WebSocket has to carry it, too."""
        if self._is_enabled:
            stop = replace(stop, stop_id=uuid.uuid4().hex)
            if self._lane is not None:
                self._lane.send_stop(encode(stop))
        return stop

    def without_answers(self, events: list[Event]) -> list[Event]:
        """Return the events that are for others, and handle the answer to a request."""
        for event in events:
            if isinstance(event, LaneAnswer):
                self._keeper.on_answer(event)
        return [event for event in events if not isinstance(event, LaneAnswer)]

    @property
    def _is_enabled(self) -> bool:
        return Feature.FAST_LANE in self._session.features

    def _request(self, fingerprint: str) -> None:
        self._post(encode(LaneRequest(fingerprint)))

    async def _use(self, channel: Channel) -> str:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def on_end(reason: str) -> None:
            # This task may have been cancelled just before.
            with contextlib.suppress(asyncio.InvalidStateError):
                ended.set_result(reason)

        lane = Lane(
            channel,
            LaneTiming(),
            on_text=self._receive,
            repeat=lambda update: self._post(update.text),
            on_end=on_end,
            on_pong=self._report_delay,
        )
        self._take(lane)
        try:
            return await ended
        finally:
            self._take(None)
            lane.close()

    def _take(self, lane: Lane | None) -> None:
        self._lane = lane
        self._session.lane = None if lane is None else lane.health

    def _receive(self, text: str) -> None:
        # Dropped before the session sees it, because it would drop the repetition otherwise.
        if not self._is_behind() or 'emergency_stop' in text:
            self._deliver(self._session.receive_datagram(text))

    def _report_delay(self, round_trip_s: float) -> None:
        """Report how late the updates are, if they take the lane."""
        if self._session.is_carried_by_lane(steady_now()):
            self._deliver([Presence(None, round_trip_s)])
