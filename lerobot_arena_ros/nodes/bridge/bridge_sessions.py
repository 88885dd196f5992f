# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""The sessions of a configured bridge: its producer, its consumer and the links to their rooms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
import concurrent.futures
import threading
import traceback
from typing import Any

from lerobot_arena_ros.arena.connection import Connection
from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.arena.features import Feature
from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.arena.steady_clock import steady_now
from lerobot_arena_ros.control.causes import INACTIVE
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.pauses import PauseWatch
from lerobot_arena_ros.control.stop import Stop

from ..runtime.arena_thread import ArenaThread
from ..runtime.node_log import NodeLog
from ..settings.bridge_settings import (
    PAUSE_S,
    BridgeSettings,
    ConsumeSettings,
    ProduceSettings,
)
from .command_consumer import CommandConsumer, RestartableTimer
from .command_topic import CommandTopic
from .control_requests import ControlRequests
from .emergency_stop import EmergencyStopPanel
from .joint_state_producer import JointStateProducer
from .robot_reporter import Identity, RobotReporter
from .room_link import RoomHandler, RoomLink

__all__ = ['BridgeSessions']

QUEUED_S = 0.1
"""How long after a pause of this process measurements may be old ones from a queue."""


_PRODUCE_FEATURES = frozenset(
    {
        Feature.CONTROL,
        Feature.HEARTBEAT_SEQ,
        Feature.LAST_STOP,
        Feature.LIVENESS,
        Feature.REFUSED_JOINTS,
        Feature.STAMPS,
    }
)

_CONSUME_FEATURES = frozenset(
    {Feature.CONTROL, Feature.HEARTBEAT_SEQ, Feature.LAST_STOP, Feature.ROBOT_STATE}
)


class BridgeSessions:
    """
    The objects that exist between configure and cleanup. Called by the ROS thread.

    :param identity: identifies the robot in its rooms.
    :param topic: where commands are published; None = nothing is consumed.
    :param find_publishers: returns the names of the nodes that publish joint_states, if there are
        several.
    :param on_change: called by any thread when the gate or a link changes its state.
    :ivar links: the links to the rooms; first that of the producer.
    :ivar control: what a person at the robot requests about control.
    :ivar is_enabled: whether values pass.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        joint_map: JointMap,
        *,
        identity: Identity,
        thread: ArenaThread,
        panel: EmergencyStopPanel,
        lock: threading.RLock,
        logger: NodeLog,
        topic: CommandTopic | None,
        find_publishers: Callable[[], Sequence[str]],
        on_change: Callable[[], None],
    ) -> None:
        self.producer: JointStateProducer | None = None
        self.consumer: CommandConsumer | None = None
        self.publishers = 0
        self.unmapped: set[str] = set()
        self.failure: str | None = None
        self.is_enabled = False
        self._measured_at: float | None = None
        self._names = set(joint_map.names)
        self._settings = settings
        self._thread = thread
        self._panel = panel
        self._logger = logger
        self._on_change = on_change
        self._identity = identity
        self._reporter: RobotReporter | None = None
        self._liveness_timer: RestartableTimer | None = None
        self._needs_liveness = False
        self._callbacks = PauseWatch(PAUSE_S, steady_now())
        self._tasks: list[concurrent.futures.Future[asyncio.Task[None]]] = []
        if settings.produce is not None:
            self.producer = JointStateProducer(
                settings.produce,
                joint_map,
                thread,
                logger,
                max_delay_s=settings.link.timing.max_delay_s,
            )
        if settings.consume is not None and topic is not None:
            self.consumer = CommandConsumer(
                settings.consume,
                joint_map,
                topic=topic,
                logger=logger,
                lock=lock,
                on_change=self._on_gate_change,
                on_stall=self._on_stall,
                stopped=str(panel.stop) if panel.stop else None,
                find_publishers=find_publishers,
            )
        produce, consume = self._produce_link(), self._consume_link()
        self.links = tuple(link for link in (produce, consume) if link is not None)
        self.control = ControlRequests(produce=produce, consume=consume, consumer=self.consumer)

    @property
    def why_not_driving(self) -> str | None:
        """Why this bridge must not drive the produced room; None: it may. Any thread."""
        if not self.is_enabled:
            return INACTIVE
        if self._panel.stop is not None:
            return 'the emergency stop is latched: reset it first'
        return None

    @property
    def _is_operator(self) -> bool:
        produce = self._settings.produce
        return produce is not None and produce.is_operator

    def start(self) -> None:
        """Begin to join the rooms."""
        # Add all rooms first: a stop in the first one that is joined must reach the others.
        for link in self.links:
            self._panel.add_room(link.name, link.wake)
        for link in self.links:
            self._tasks.append(self._thread.start(self._run_link(link)))

    def close(self, timeout_s: float) -> bool:
        """Leave the rooms; return whether that was done in time."""
        for link in self.links:
            self._panel.remove_room(link.name)
        ended = [self._thread.cancel(task, timeout_s) for task in self._tasks]
        return all(ended)

    def enable(self, enabled: bool) -> None:
        """Let values through, or block them. An operator that is blocked releases control."""
        self.is_enabled = enabled
        # After the line before: the arena thread releases control that arrives from now on.
        if self._is_operator and not enabled:
            self.control.release_own()
        if self.producer is not None:
            self.producer.enable(enabled)
        if self.consumer is not None:
            self.consumer.enable(enabled)

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Use another joint map, for example with limits that were not known before."""
        self._names = set(joint_map.names)
        if self.producer is not None:
            self.producer.set_joint_map(joint_map)
        if self.consumer is not None:
            self.consumer.set_joint_map(joint_map)

    def measure(
        self, positions: Mapping[str, float], age_s: float | None, stamp_ns: int | None = None
    ) -> None:
        """
        Handle measured positions by ROS name.

        :param age_s: their age by the ROS clock; None = they have no stamp.
        :param stamp_ns: their stamp, in nanoseconds of the clock of their publisher.
        """
        now = steady_now()
        self._callbacks.seen(now)
        if self._callbacks.paused_s(now, QUEUED_S) is not None:
            self.drop('pause', 'JointState was queued while this process was paused')
            return
        if not positions:
            if self.consumer is not None:
                self.consumer.refuse_measurement('empty', 'JointState has no positions')
            return
        if not self._names.isdisjoint(positions) or not self._names:
            self._measured_at = now
        if self._names and not self._names >= positions.keys():
            self._note_unmapped(positions)
        if self.consumer is not None:
            stamp_s = None if stamp_ns is None else stamp_ns * 1e-9
            self.consumer.measure(positions, age_s=age_s or 0.0, stamp_s=stamp_s)
        if self.producer is not None:
            self.producer.put(positions, age_s, stamp_ns)

    def drop(self, reason: str, text: str) -> None:
        """Count a JointState that cannot be used, for the producer and for the consumer."""
        if self.producer is not None:
            self.producer.drop(reason, text)
        if self.consumer is not None:
            self.consumer.refuse_measurement(reason, text)

    @property
    def received_at(self) -> float | None:
        """When a joint was received last, from ROS or from the room; None before; any thread."""
        updated_at = None if self.consumer is None else self.consumer.updated_at
        times = [at for at in (self._measured_at, updated_at) if at is not None]
        return max(times, default=None)

    def set_dynamic_parameters(self, numbers: Mapping[str, Any]) -> None:
        """Use new values of dynamic parameters, by name."""
        if self.producer is not None and 'produce.max_rate_hz' in numbers:
            self.producer.max_rate_hz = numbers['produce.max_rate_hz']
        if self.consumer is not None and 'consume.max_velocity' in numbers:
            self.consumer.set_velocity_limit(numbers['consume.max_velocity'])

    def set_liveness_timer(self, timer: RestartableTimer) -> None:
        """Set the cancelled timer that calls :meth:`note_callbacks_run` while it is needed."""
        self._liveness_timer = timer

    def note_callbacks_run(self) -> None:
        """Note that the callbacks run: a pause of the process would look like a silent robot."""
        if self.consumer is not None:
            self.consumer.note_callbacks_run()

    def check_graph(self, *, publishers: int, names: Sequence[str] = (), topic: str = '') -> None:
        """
        Note the publishers of joint_states, and check what depends on time.

        :param names: of the publishers' nodes, if there are several.
        :param topic: where joint_states are expected.
        """
        self._callbacks.seen(steady_now())
        self.publishers = publishers
        if self.producer is not None:
            self.producer.check_graph(publishers=publishers, names=names, topic=topic)
        if self.consumer is not None:
            silent_topic = None if publishers else topic or None
            self.consumer.check_graph(publishers=names, silent_topic=silent_topic)
            self.consumer.tick()
            self._update_liveness_timer(self.consumer.needs_liveness)

    def _update_liveness_timer(self, is_needed: bool) -> None:
        if self._liveness_timer is None or is_needed is self._needs_liveness:
            return
        self._needs_liveness = is_needed
        if is_needed:
            self._liveness_timer.reset()
        else:
            self._liveness_timer.cancel()

    def _note_unmapped(self, positions: Mapping[str, float]) -> None:
        """Log once which other joints are published; another robot may share the topic."""
        new = positions.keys() - self._names - self.unmapped
        if new:
            self.unmapped = self.unmapped | new
            self._logger.info(
                f'joint_states has joints that are not among the joints: {", ".join(sorted(new))}'
            )

    def _on_gate_change(self) -> None:
        if self._reporter is not None:
            self._reporter.wake()
        self._on_change()

    def _on_stall(self, cause: str) -> None:
        self._panel.trip(Stop('the bridge', cause))

    def _produce_link(self) -> RoomLink | None:
        """Return the link of the producer; None = nothing is produced."""
        settings, producer = self._settings.produce, self.producer
        if settings is None or producer is None:
            return None
        link = self._link(
            'produce',
            # An operator receives the updates of others, too, and its producer ignores them.
            Role.CONSUMER if settings.is_operator else Role.PRODUCER,
            settings,
            handler=producer,
            feed=producer.feed,
            features=_PRODUCE_FEATURES,
            on_control=self._on_control,
        )
        producer.why_without_control = lambda: link.control.obstacle
        return link

    def _consume_link(self) -> RoomLink | None:
        """Return the link of the consumer; None = nothing is consumed."""
        settings, consumer, panel = self._settings.consume, self.consumer, self._panel
        if settings is None or consumer is None:
            return None
        self._reporter = RobotReporter(
            self._identity,
            consumer,
            self._thread,
            stop=lambda: (panel.stop, panel.stop_id),
            reset_refusal=lambda: panel.reset_refusal,
            link=lambda: link.seen_by_room,
        )
        allowed = {Feature.REMOTE_RESET} if self._settings.allow_remote_reset else frozenset()
        link = self._link(
            'consume',
            Role.CONSUMER,
            settings,
            handler=consumer,
            feed=self._reporter.feed,
            features=_CONSUME_FEATURES | allowed,
        )
        return link

    def _link(
        self,
        name: str,
        role: Role,
        place: ProduceSettings | ConsumeSettings,
        *,
        handler: RoomHandler,
        feed: Callable[[Connection], Awaitable[None]],
        features: frozenset[Feature],
        on_control: Callable[[], None] = lambda: None,
    ) -> RoomLink:
        lanes = {Feature.FAST_LANE} if self._settings.link.fast_lane else frozenset()
        return RoomLink(
            name,
            role,
            self._settings.address,
            self._settings.access,
            self._settings.workspace_id,
            place.room_id,
            self._settings.link,
            create_room=place.create_room,
            participant_name=_participant_name(self._identity),
            features=features | lanes,
            handler=handler,
            feed=feed,
            stops=self._panel,
            thread=self._thread,
            logger=self._logger,
            on_change=self._on_change,
            on_control=on_control,
        )

    def _on_control(self) -> None:
        """
        Release control that an operator got while it must not drive; the arena thread.

        Otherwise it would drive as soon as it is activated or reset.
        """
        why = self.why_not_driving
        if self._is_operator and why is not None:
            text = 'produce: control was given to this bridge, and is released again'
            self._logger.warning(f'{text}: {why}')
            self.control.release_own()

    async def _run_link(self, link: RoomLink) -> None:
        try:
            await link.run()
        except ArenaError as exc:
            self.failure = f'the {link.name} room cannot be joined: {exc}'
            link.status.error, link.status.is_refused = str(exc), True
        except Exception as exc:
            # Stops of this room would not be received any more, so the node must end.
            self._logger.error(f'the {link.name} link failed:\n{traceback.format_exc()}')
            self.failure = f'the {link.name} link failed, which is a bug: {exc!r}'


def _participant_name(identity: Identity) -> str:
    """Return the robot's name in its rooms: ``/arm1/arena_bridge`` is ``arm1-bridge``."""
    namespace, _, node = identity.node.strip('/').rpartition('/')
    return f'{namespace or identity.host}-{node.removeprefix("arena_")}'
