# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
The emergency stop on the ROS graph: its topic, its services and its latched status.

The sequence of a stop. Two threads can receive one; the steps up to 5 run in the thread that did::

    ROS thread                                  arena thread (asyncio loop)
    topic, service, a callback that raised      stop in a room, missed stop, lost room
         |                                           |
         +------------------> trip() <---------------+
                                |
    lock held   1. The latch closes. The stop is now pending for every room that did not send it,
                   unless it concerns this robot only (notify_rooms is false).
                2. on_stop: the gate stops. From here on no command is published, except
                   those of the braking (on_stop: brake).
                3. Publish true on ~/emergency_stop_active.
                                |
    lock free   4. Wake the link of each room for which the stop is pending.
                5. Schedule log_stops() on the arena thread, 10 ms later.
                                |
    arena       6. RoomLink writes the stop to its room.
    thread      7. The server sends it back to the link, and it is no longer pending.
                8. log_stops(): log the stop; on_stopped: log the gate's changes and publish
                   /diagnostics.
                                |
    ROS thread  9. Every 0.5 s: publish the status again, until the reset and after it.

The lock is the one that :class:`.command_consumer.CommandConsumer` holds while it decides and
publishes, so that no command can follow step 3.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import threading
import time

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # In Humble it is in another module.
    from rclpy.qos_event import SubscriptionEventCallbacks

from lerobot_arena_ros.arena.messages import EmergencyStop, LastStop, ResetStop
from lerobot_arena_ros.control.stop import Stop, StopLatch

from ..runtime.arena_thread import ArenaThread
from ..runtime.node_log import NodeLog

__all__ = ['EmergencyStopPanel']

_INPUT_DEPTH = 100
"""
Length of the input queues.

While the node is busy, the ``false`` messages of other publishers must not push out a ``true``.
"""

_INPUT_QOS = (
    # No single profile matches every publisher and still receives a latched or one-shot message.
    QoSProfile(depth=_INPUT_DEPTH, reliability=ReliabilityPolicy.BEST_EFFORT),
    QoSProfile(depth=_INPUT_DEPTH, reliability=ReliabilityPolicy.RELIABLE),
    QoSProfile(
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL,
    ),
)

_STATUS_QOS = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)


_STATUS = 'emergency_stop_active'

_STATUS_MESSAGES = {
    is_stopped: serialize_message(Bool(data=is_stopped)) for is_stopped in (False, True)
}
"""The two status messages, serialized once, because that takes a third of the publishing time."""

OTHER_STOP = 'the request names another stop than the present one'
"""Why a reset is refused that a participant requested for an earlier stop."""

_LOG_DELAY_S = 0.01
"""
Delay of the log line and the diagnostics after a stop, in seconds.

Logging costs several times the CPU of the stop itself. The receivers of the stop need that CPU
first, and so does the next robot where many are stopped at once.
"""


class EmergencyStopPanel:
    """
    The latch with its inputs and outputs; it exists as long as the node.

    Topics: ``emergency_stop`` (std_msgs/Bool, in, true = stop), ``~/emergency_stop_active``
    (std_msgs/Bool, out, latched). Services: ``~/trigger_emergency_stop`` and
    ``~/reset_emergency_stop`` (std_srvs/Trigger).

    :param thread: logs the stop, a moment after it.
    :param lock: held while the latch changes and its status is published; shared with the
        publisher of commands.
    :param on_stop: called under the lock when the latch closes; its duration delays the status.
    :param on_stopped: called a moment later without the lock, for logging; any thread.
    :param on_reset: called under the lock when the latch opens.
    :param stop_on_loss: whether the loss of a joined room is a stop.
    :param allow_remote_reset: whether a participant of a room may reset.
    :ivar reset_refusal: why the last reset was refused; None = it was not.
    :raises ValueError: the status is remapped onto the input.
    """

    def __init__(
        self,
        node: Node,
        *,
        thread: ArenaThread,
        lock: threading.RLock,
        on_stop: Callable[[Stop], None],
        on_stopped: Callable[[], None],
        on_reset: Callable[[], None],
        stop_on_loss: bool,
        allow_remote_reset: bool,
    ) -> None:
        self._node = node
        self._log = NodeLog(node.get_logger())
        self._thread = thread
        self._lock = lock
        self._on_stop = on_stop
        self._on_stopped = on_stopped
        self._on_reset = on_reset
        self._stop_on_loss = stop_on_loss
        self._allow_remote_reset = allow_remote_reset
        self._requested_reset: tuple[str, str] | None = None
        self._trips = 0
        self.reset_refusal: str | None = None
        self._latch = StopLatch()
        self._unlogged: list[Stop] = []
        self._own_ids: dict[str, str] = {}
        self._wakers: dict[str, Callable[[], None]] = {}
        self._status = node.create_publisher(Bool, f'~/{_STATUS}', _STATUS_QOS)
        self._inputs = [self._subscribe(number, qos) for number, qos in enumerate(_INPUT_QOS)]
        if self._status.topic_name == self._topic:
            raise ValueError(
                f'emergency_stop and ~/emergency_stop_active are both {self._topic}: expected two '
                'topics, because the bridge would receive its own status'
            )
        node.create_service(Trigger, '~/trigger_emergency_stop', self._on_trigger)
        node.create_service(Trigger, '~/reset_emergency_stop', self._on_reset_request)
        self.publish()

    @property
    def stop(self) -> Stop | None:
        """The stop that closed the latch; None while it is open."""
        return self._latch.stop

    def answer_remote_reset(self) -> None:
        """Perform the reset that a room requested since the last call; the ROS thread calls it."""
        with self._lock:
            requested, self._requested_reset = self._requested_reset, None
        if requested is not None:
            self._reset(*requested)
            self._on_stopped()

    @property
    def stop_id(self) -> str:
        """The id of the present stop, different from those of earlier stops of this process."""
        return str(self._trips)

    def publish(self) -> None:
        """Publish whether the latch is closed; repeated, because some subscribers time out."""
        with self._lock:  # Or a repeated false could follow the true of the other thread.
            self._status.publish(_STATUS_MESSAGES[self._latch.is_latched])

    def trip(self, stop: Stop) -> None:
        """Stop everything; any thread."""
        with self._lock:
            is_new = self._latch.trip(stop)
            if is_new:
                self._trips += 1
                self._on_stop(stop)
                self.publish()
                self.reset_refusal = None
                self._unlogged.append(stop)
            wakers = [
                wake for room, wake in self._wakers.items() if self._latch.pending(room) is stop
            ]
        for wake in wakers:
            wake()
        if is_new:
            self._thread.post_later(self.log_stops, _LOG_DELAY_S)

    def log_stops(self) -> None:
        """Log the stops that were not logged yet; any thread."""
        with self._lock:
            unlogged, self._unlogged = self._unlogged, []
        for stop in unlogged:
            self._log.error(f'EMERGENCY STOP: {stop}')
        if unlogged:
            self._on_stopped()

    def add_room(self, room: str, wake: Callable[[], None]) -> None:
        """Send stops to this room from now on; ``wake`` is called when one is pending."""
        with self._lock:
            self._latch.add_room(room)
            self._wakers[room] = wake

    def remove_room(self, room: str) -> None:
        """Send no more stops to this room."""
        with self._lock:
            self._latch.remove_room(room)
            self._wakers.pop(room, None)

    # ----- called by a link

    def on_room_stop(self, room: str, stop: EmergencyStop) -> None:
        """Stop because of a stop in a room, unless it is our own one that the server sent back."""
        with self._lock:
            self._latch.note(room, _id_of(stop))
            is_own = stop.source == self._own_ids.get(room)
        if not is_own:
            self._trip_from_room(room, stop.source, stop.reason)

    def pending_stop(self, room: str) -> Stop | None:
        """Return the stop that has still to be sent to the room; None = there is none."""
        with self._lock:
            return self._latch.pending(room)

    def on_delivered(self, room: str, stop: Stop) -> None:
        """Note that the room received the stop."""
        with self._lock:
            self._latch.delivered(room, stop)

    def on_joined(self, room: str, participant_id: str, last_stop: LastStop | None) -> None:
        """
        Note a join, and stop if the room was stopped while this bridge was disconnected.

        The source of the last stop is ignored. While this bridge is disconnected its id is free,
        so another participant could send a stop under it, after the stop of a person. Therefore
        only those of our own stops that the server sent back to us do not stop us again.

        :param participant_id: our id until the next join.
        :param last_stop: what the room reports of its last stop; None = nothing.
        """
        with self._lock:
            self._own_ids[room] = participant_id
            self._latch.joined(room)
            stop_id = None if last_stop is None else _id_of(last_stop)
            age_s = 0.0 if last_stop is None else last_stop.age_s
            is_missed = self._latch.missed(room, stop_id, age_s)
        if last_stop is not None and is_missed:
            reason = f'{last_stop.reason} ({last_stop.age_s:.1f} s before this robot joined)'
            self._trip_from_room(room, last_stop.source, reason)

    def on_reset_requested(self, room: str, request: ResetStop) -> None:
        """Note that a participant requests a reset; the ROS thread performs it."""
        if not self._allow_remote_reset:
            return
        with self._lock:
            if request.stop_id == self.stop_id:
                source = f'{request.source or "a participant"} in the {room} room'
                self._requested_reset = (source, self.stop_id)
            else:
                self.reset_refusal = OTHER_STOP

    def on_lost(self, room: str, cause: str) -> None:
        """Stop because a room was lost, if ``stop_on_loss`` is set."""
        if self._stop_on_loss:
            self.trip(Stop(f'the link to the {room} room', f'link lost: {cause}'))

    # ----- inside

    def _trip_from_room(self, room: str, source: str | None, reason: str | None) -> None:
        sender = f'{source or "a participant"} in the {room} room'
        self._trip_again(Stop(sender, reason or 'Emergency stop', room=room))

    def _trip_again(self, stop: Stop) -> None:
        """Trip; on a latched stop this counts as a new stop and cancels a requested reset."""
        with self._lock:
            self._trips += self._latch.is_latched
        self.trip(stop)

    @property
    def _topic(self) -> str:
        return str(self._inputs[0].topic_name)

    def _publishers(self) -> tuple[int, bool]:
        """Return how many other nodes publish the input, and whether all of them are bridges."""
        others = self._node.get_publishers_info_by_topic(self._topic)
        statuses = [_status_topic_of(other) for other in others]
        return len(others), bool(others) and all(status == self._topic for status in statuses)

    def _has_bridge_subscriber(self) -> bool:
        """Return whether another bridge subscribes to our status and may stop because of it."""
        subscribers = self._node.get_subscriptions_info_by_topic(self._status.topic_name)
        return any(self._node.count_publishers(_status_topic_of(each)) for each in subscribers)

    def _subscribe(self, number: int, qos: QoSProfile) -> Subscription:
        return self._node.create_subscription(
            Bool,
            'emergency_stop',
            partial(self._on_input, number),
            qos,
            # Each publisher is incompatible with one of the three profiles; that is expected.
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )

    def _on_input(self, subscription: int, message: Bool) -> None:
        with self._lock:
            is_stop = self._latch.on_input(
                message.data, time.monotonic(), subscription=subscription
            )
        if is_stop:
            self.trip(Stop('the emergency_stop topic', 'emergency_stop is true'))

    def _on_trigger(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._trip_again(Stop('the trigger service', 'stop triggered by service'))
        response.success, response.message = True, f'stopped: {self._latch.stop}'
        return response

    def _on_reset_request(
        self, _: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        response.success, response.message = self._reset('the reset service')
        return response

    def _reset(self, source: str, stop_id: str | None = None) -> tuple[bool, str]:
        """
        Reset if nothing asserts a stop.

        :param stop_id: the stop to reset; None = the present one.
        :returns: whether it was done, and the text of the answer.
        """
        self.log_stops()
        publishers, are_bridges = self._publishers()
        has_bridge_subscriber = self._has_bridge_subscriber()
        with self._lock:
            was = self._latch.stop
            if stop_id in (None, self.stop_id):
                refusal = self._latch.reset(
                    time.monotonic(),
                    publishers=publishers,
                    are_bridges=are_bridges,
                    has_bridge_subscriber=has_bridge_subscriber,
                )
            else:
                refusal = OTHER_STOP
            if refusal is None and was is not None:
                self._on_reset()
                self.publish()
        text = f'not reset: {refusal}' if refusal else 'reset' if was else 'not stopped'
        self.reset_refusal = refusal
        self._log.warning(f'emergency stop: {text} (requested by {source})')
        return refusal is None, text


def _id_of(stop: EmergencyStop | LastStop) -> str:
    """Return the id of a stop of a room: its stamp and its sender."""
    return f'{stop.timestamp} {stop.source}'


def _status_topic_of(endpoint: TopicEndpointInfo) -> str:
    """Return the topic of a node's stop status, if that node is a bridge."""
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}/{_STATUS}'
