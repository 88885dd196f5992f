# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""What a person at the robot requests about control of the rooms of a bridge, and who has it."""

from __future__ import annotations

from lerobot_arena_ros.arena.control_messages import ControlAction, ControlRequest

from .command_consumer import CommandConsumer
from .room_link import RoomLink

__all__ = ['ControlRequests']


class ControlRequests:
    """
    The requests of one bridge. Called by the ROS thread.

    :param produce: the link to the produced room; None = nothing is produced.
    :param consume: the link to the consumed room; None = nothing is consumed.
    :param consumer: commands the robot from that room.
    """

    def __init__(
        self,
        *,
        produce: RoomLink | None,
        consume: RoomLink | None,
        consumer: CommandConsumer | None,
    ) -> None:
        self._produce = produce
        self._consume = consume
        self._consumer = consumer

    @property
    def holder(self) -> str:
        """
        Who has control of the consumed room, or of the produced one if nothing is consumed.

        It is empty if nobody has, or if that is unknown. Any thread.
        """
        link = self._consume or self._produce
        return '' if link is None else link.control.holder or ''

    def take(self) -> tuple[bool, str]:
        """
        Request control of the produced room.

        :returns: whether it is requested, or not necessary, and the text for the user.
        """
        assert self._produce is not None
        control = self._produce.control
        refusal = control.untakable()
        if refusal is not None:
            return False, f'not taken: {refusal}'
        # The answer to an earlier request may still be on the way.
        is_leaving = control.is_requested(ControlAction.RELEASE, ControlAction.GIVE)
        if control.is_ours and not is_leaving:
            return True, 'this bridge has control already'
        holder = control.holder
        self._produce.request(ControlRequest(ControlAction.TAKE))
        return True, f'requested; {holder or "nobody"} has control now, see ~/control_holder'

    def give(self) -> tuple[bool, str]:
        """
        Give control of the produced room to who asks for it, or else to who had it before.

        :returns: whether it is requested, and the text for the user.
        """
        assert self._produce is not None
        control = self._produce.control
        refusal = control.unavailable()
        # One reading, because the arena thread changes it: the decision is for this state.
        state = control.state
        if refusal is not None or state is None:
            return False, f'not given: {refusal or "the room was just left"}'
        if state.holder is None or state.holder != control.own_id:
            return False, f'not given: {state.holder or "nobody"} has control, not this bridge'
        to = control.recipient(state)
        if to is None:
            refusal = 'no other driver in the room asks for control or had it before'
            return False, f'not given: {refusal}'
        asked = to in state.requests
        self._produce.request(
            ControlRequest(ControlAction.GIVE, to, control=state.number, asked=asked)
        )
        return True, f'requested: {to} gets control, see ~/control_holder'

    def release(self) -> tuple[bool, str]:
        """
        Release the control of this bridge, and revoke that of the driver of its robot.

        The robot holds at once.

        :returns: whether all of it is requested, or not necessary, and the text for the user.
        """
        answers = []
        if self._consume is not None and self._consumer is not None:
            answers.append(_revoke(self._consume, self._consumer))
        if self._produce is not None and (_may_drive(self._produce) or not answers):
            answers.append(_release_own(self._produce))
        return all(is_done for is_done, _ in answers), '; '.join(text for _, text in answers)

    def release_own(self) -> None:
        """
        Release the control of this bridge, and withdraw its request for it.

        Control that it got later would make it drive when it is activated again.
        """
        if self._produce is not None and _may_drive(self._produce):
            self._produce.request(ControlRequest(ControlAction.RELEASE))


def _may_drive(link: RoomLink) -> bool:
    """Return whether this bridge has control of the produced room, or may get it any moment."""
    return link.control.is_ours or link.control.is_requested(ControlAction.TAKE)


def _revoke(link: RoomLink, consumer: CommandConsumer) -> tuple[bool, str]:
    """Revoke the control of the driver in the consumed room, and hold at once."""
    refusal = link.control.unavailable()
    if refusal is not None:
        remedy = 'to stop the robot, call ~/trigger_emergency_stop'
        return False, f'not released: {refusal}; {remedy}'
    holder = link.control.holder
    # Requested also if nobody has control: somebody may have taken it just now.
    link.request(ControlRequest(ControlAction.RELEASE), prepare=consumer.release)
    if holder is None:
        return True, 'nobody has control; the robot holds until somebody gets it'
    return True, f'requested: {holder} has to release control; the robot holds'


def _release_own(link: RoomLink) -> tuple[bool, str]:
    """Release the control of the produced room, or withdraw the request for it."""
    refusal, holder = link.control.unavailable(), link.control.holder
    if refusal is None and holder is not None and not _may_drive(link):
        refusal = f'{holder} has control; only it and a robot can release it'
    if refusal is not None:
        return False, f'not released: {refusal}'
    if holder is None and not link.control.is_requested(ControlAction.TAKE):
        return True, 'nobody has control'
    link.request(ControlRequest(ControlAction.RELEASE))
    return True, 'requested: this bridge has to release control'
