"""The emergency stop on the ROS graph: its topic, its services, its latched status."""

from __future__ import annotations

from collections.abc import Callable
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
except ImportError:  # Humble has it elsewhere.
    from rclpy.qos_event import SubscriptionEventCallbacks

from lerobot_arena_ros.arena.messages import EmergencyStop, LastStop, ResetStop
from lerobot_arena_ros.control.stop import Stop, StopLatch

from ..runtime.arena_thread import ArenaThread
from ..runtime.node_log import NodeLog

__all__ = ['EmergencyStopPanel']

_INPUT_DEPTH = 100
"""Messages that wait while the node is busy: a true must not be pushed out by others' false."""

_INPUT_QOS = (
    # No single profile matches every publisher and still gets a latched or a one-shot message.
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

_SAYING = {is_stopped: serialize_message(Bool(data=is_stopped)) for is_stopped in (False, True)}
"""What the status may say, serialized beforehand, for that takes a third of publishing it."""

OTHER_STOP = 'the request names another stop than the present one'
"""Why a reset is refused that a participant asked for before the present stop."""

_WORDS_S = 0.01
"""
How long after a stop it is logged and told of in diagnostics, in seconds.

Words take a core several times as long as the stop itself; those that were just told it need that
core, and so does the next robot where many are stopped at once.
"""


class EmergencyStopPanel:
    """
    The latch with its inputs and outputs, alive from the node's constructor to its end.

    Topics: ``emergency_stop`` (std_msgs/Bool, in, true = stop), ``~/emergency_stop_active``
    (std_msgs/Bool, out, latched). Services: ``~/trigger_emergency_stop`` and
    ``~/reset_emergency_stop`` (std_srvs/Trigger).

    :param thread: where words are said, a moment after the stop.
    :param lock: held while latching and telling; shared with whoever publishes commands.
    :param on_stop: called under the lock when the latch closes; what it does delays the news.
    :param on_stopped: called a moment later without the lock, for words; any thread.
    :param on_reset: called under the lock when it opens.
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
        self._reset_asked: tuple[str, str] | None = None
        self._trips = 0
        self.reset_refusal: str | None = None
        self._latch = StopLatch()
        self._unsaid: list[Stop] = []
        self._own_ids: dict[str, str] = {}
        self._wakers: dict[str, Callable[[], None]] = {}
        self._status = node.create_publisher(Bool, f'~/{_STATUS}', _STATUS_QOS)
        self._inputs = [self._listen(qos) for qos in _INPUT_QOS]
        if self._status.topic_name == self._topic:
            raise ValueError(
                f'emergency_stop and ~/emergency_stop_active are both {self._topic}: expected two '
                'topics, for the bridge would hear itself'
            )
        node.create_service(Trigger, '~/trigger_emergency_stop', self._on_trigger)
        node.create_service(Trigger, '~/reset_emergency_stop', self._on_reset_request)
        self.publish()

    @property
    def stop(self) -> Stop | None:
        """What tripped the latch; None while it is open."""
        return self._latch.stop

    def answer_remote_reset(self) -> None:
        """Do what a room asked for since the last call; the ROS thread."""
        with self._lock:
            asked, self._reset_asked = self._reset_asked, None
        if asked is not None:
            self._reset(*asked)
            self._on_stopped()

    @property
    def stop_id(self) -> str:
        """What tells the present stop from the earlier ones of this process."""
        return str(self._trips)

    def publish(self) -> None:
        """Say whether the latch is closed; repeated, for some listeners let a silence expire."""
        with self._lock:  # Or a repetition could unsay a stop that the other thread just said.
            self._status.publish(_SAYING[self._latch.is_latched])

    def trip(self, stop: Stop) -> None:
        """Stop everything; any thread."""
        with self._lock:
            is_news = self._latch.trip(stop)
            if is_news:
                self._trips += 1
                self._on_stop(stop)
                self.publish()
                self.reset_refusal = None
                self._unsaid.append(stop)
            wakers = [
                wake for room, wake in self._wakers.items() if self._latch.owed(room) is stop
            ]
        for wake in wakers:
            wake()
        if is_news:
            self._thread.post_later(self.announce, _WORDS_S)

    def announce(self) -> None:
        """Say in words which stops there were, those that were not told of yet; any thread."""
        with self._lock:
            unsaid, self._unsaid = self._unsaid, []
        for stop in unsaid:
            self._log.error(f'EMERGENCY STOP: {stop}')
        if unsaid:
            self._on_stopped()

    def serve(self, room: str, wake: Callable[[], None]) -> None:
        """Tell this room of stops from now on; ``wake`` is called when it is owed one."""
        with self._lock:
            self._latch.add_room(room)
            self._wakers[room] = wake

    def forget(self, room: str) -> None:
        """Tell this room nothing any more."""
        with self._lock:
            self._latch.remove_room(room)
            self._wakers.pop(room, None)

    # ----- as a link sees it

    def heard(self, room: str, stop: EmergencyStop) -> None:
        """Stop because of a stop in a room, unless it is our own one that comes back."""
        with self._lock:
            self._latch.note(room, _id_of(stop))
            is_own = stop.source == self._own_ids.get(room)
        if not is_own:
            self._trip_for(room, stop.source, stop.reason)

    def owed(self, room: str) -> Stop | None:
        """Say which stop the room has still to be sent."""
        with self._lock:
            return self._latch.owed(room)

    def delivered(self, room: str, stop: Stop) -> None:
        """Note that the room has heard it."""
        with self._lock:
            self._latch.delivered(room, stop)

    def joined(self, room: str, participant_id: str, last_stop: LastStop | None) -> None:
        """
        Note a join, and stop if the room was stopped while we were away.

        The source does not matter: an id of ours is free while we are away, and a stop under it
        would hide the stop of a person before it. So of our own stops only those that came back
        to us do not stop us again.

        :param participant_id: ours from now on, until the next join.
        :param last_stop: what the room tells of its last stop; None = nothing.
        """
        with self._lock:
            self._own_ids[room] = participant_id
            self._latch.joined(room)
            stop_id = None if last_stop is None else _id_of(last_stop)
            age_s = 0.0 if last_stop is None else last_stop.age_s
            is_missed = self._latch.missed(room, stop_id, age_s)
        if last_stop is not None and is_missed:
            reason = f'{last_stop.reason} ({last_stop.age_s:.1f} s before this robot joined)'
            self._trip_for(room, last_stop.source, reason)

    def reset_requested(self, room: str, request: ResetStop) -> None:
        """Note that a participant asks for a reset; the ROS thread answers it."""
        if not self._allow_remote_reset:
            return
        with self._lock:
            if request.stop_id == self.stop_id:
                source = f'{request.source or "a participant"} in the {room} room'
                self._reset_asked = (source, self.stop_id)
            else:
                self.reset_refusal = OTHER_STOP

    def lost(self, room: str, cause: str) -> None:
        """Stop because a room was lost, where the user wants it so."""
        if self._stop_on_loss:
            self.trip(Stop(f'the link to the {room} room', f'link lost: {cause}'))

    # ----- inside

    def _trip_for(self, room: str, source: str | None, reason: str | None) -> None:
        sender = f'{source or "a participant"} in the {room} room'
        self._press(Stop(sender, reason or 'Emergency stop', room=room))

    def _press(self, stop: Stop) -> None:
        """Trip. A press on a latched stop is another one: it voids a reset that was asked for."""
        with self._lock:
            self._trips += self._latch.is_latched
        self.trip(stop)

    @property
    def _topic(self) -> str:
        return str(self._inputs[0].topic_name)

    def _publishers(self) -> tuple[int, bool]:
        """Count who publishes the input, and say whether all of them are bridges."""
        others = self._node.get_publishers_info_by_topic(self._topic)
        statuses = [_status_of(other) for other in others]
        return len(others), bool(others) and all(status == self._topic for status in statuses)

    def _is_heard(self) -> bool:
        """Say whether another bridge listens to our status, so that it may stop because of us."""
        listeners = self._node.get_subscriptions_info_by_topic(self._status.topic_name)
        return any(self._node.count_publishers(_status_of(listener)) for listener in listeners)

    def _listen(self, qos: QoSProfile) -> Subscription:
        return self._node.create_subscription(
            Bool,
            'emergency_stop',
            self._on_input,
            qos,
            # Each publisher is a mismatch for one of the three, which is as it should be.
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )

    def _on_input(self, message: Bool) -> None:
        with self._lock:
            is_stop = self._latch.hear_input(message.data, time.monotonic())
        if is_stop:
            self.trip(Stop('the emergency_stop topic', 'emergency_stop is true'))

    def _on_trigger(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._press(Stop('the trigger service', 'stop triggered by service'))
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

        :param stop_id: the stop that is to be reset; None = the present one, whichever it is.
        :returns: whether it was done, and what to answer.
        """
        self.announce()
        publishers, are_bridges = self._publishers()
        hear_us = self._is_heard()
        with self._lock:
            was = self._latch.stop
            if stop_id in (None, self.stop_id):
                refusal = self._latch.reset(
                    time.monotonic(),
                    publishers=publishers,
                    are_bridges=are_bridges,
                    hear_us=hear_us,
                )
            else:
                refusal = OTHER_STOP
            if refusal is None and was is not None:
                self._on_reset()
                self.publish()
        text = f'not reset: {refusal}' if refusal else 'reset' if was else 'not stopped'
        self.reset_refusal = refusal
        self._log.warning(f'emergency stop: {text} (asked by {source})')
        return refusal is None, text


def _id_of(stop: EmergencyStop | LastStop) -> str:
    """Return what tells a stop of a room from all others: its stamp and who sent it."""
    return f'{stop.timestamp} {stop.source}'


def _status_of(endpoint: TopicEndpointInfo) -> str:
    """Name the topic on which a node says that it is stopped, if it is a bridge."""
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}/{_STATUS}'
