"""The configured sides of the bridge: which there are, their links, and what both are told."""

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
from lerobot_arena_ros.control.joint_map import JointMap
from lerobot_arena_ros.control.pauses import PauseWatch
from lerobot_arena_ros.control.stop import Stop

from ..runtime.arena_thread import ArenaThread
from ..runtime.node_log import NodeLog
from ..settings.bridge_settings import PAUSE_S, BridgeSettings
from .command_consumer import CommandConsumer, Ramp
from .command_topic import CommandTopic
from .emergency_stop import EmergencyStopPanel
from .joint_state_producer import JointStateProducer
from .robot_reporter import Identity, RobotReporter
from .room_link import RoomLink, Side

__all__ = ['BridgeSessions']

QUEUED_S = 0.1
"""After a pause of this process, how long measurements may be ones that were queued in it."""


class BridgeSessions:
    """
    What exists between configure and cleanup. Called by the ROS thread.

    :param identity: who the robot is, for its rooms.
    :param topic: where commands go; None where nothing is consumed.
    :param find_publishers: names the nodes that publish joint_states, where there are several.
    :param on_change: called by any thread when the gate or a link changes its state.
    :ivar is_enabled: whether values are let through.
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
        self.streamer: JointStateProducer | None = None
        self.commander: CommandConsumer | None = None
        self.links: list[RoomLink] = []
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
        self._pulse: Ramp | None = None
        self._is_pulsing = False
        self._callbacks = PauseWatch(PAUSE_S, steady_now())
        self._tasks: list[concurrent.futures.Future[asyncio.Task[None]]] = []
        if settings.produce is not None:
            produce = settings.produce
            self.streamer = JointStateProducer(
                produce,
                joint_map,
                thread,
                logger,
                max_delay_s=settings.link.timing.max_delay_s,
            )
            self._link(
                'produce',
                Role.PRODUCER,
                produce.room_id,
                produce.create_room,
                self.streamer,
                self.streamer.feed,
                frozenset(
                    {
                        Feature.HEARTBEAT_SEQ,
                        Feature.LAST_STOP,
                        Feature.LIVENESS,
                        Feature.REFUSED_JOINTS,
                    }
                ),
            )
        if settings.consume is not None and topic is not None:
            self.commander = CommandConsumer(
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
            self._reporter = RobotReporter(
                identity,
                self.commander,
                thread,
                stop=lambda: (panel.stop, panel.stop_id),
                reset_refusal=lambda: panel.reset_refusal,
            )
            consume = settings.consume
            features = {Feature.HEARTBEAT_SEQ, Feature.LAST_STOP, Feature.ROBOT_STATE}
            if settings.allow_remote_reset:
                features.add(Feature.REMOTE_RESET)
            self._link(
                'consume',
                Role.CONSUMER,
                consume.room_id,
                consume.create_room,
                self.commander,
                self._reporter.feed,
                frozenset(features),
            )

    def start(self) -> None:
        """Begin to join."""
        # All rooms first: a stop out of one that is joined already has to reach the others.
        for link in self.links:
            self._panel.serve(link.name, link.wake)
        for link in self.links:
            self._tasks.append(self._thread.start(self._run(link)))

    def stop(self, timeout_s: float) -> bool:
        """Leave the rooms; says whether it was done in time."""
        for link in self.links:
            self._panel.forget(link.name)
        ended = [self._thread.cancel(task, timeout_s) for task in self._tasks]
        return all(ended)

    def enable(self, enabled: bool) -> None:
        """Let values through, or none."""
        self.is_enabled = enabled
        if self.streamer is not None:
            self.streamer.enable(enabled)
        if self.commander is not None:
            self.commander.enable(enabled)

    def set_joint_map(self, joint_map: JointMap) -> None:
        """Take limits that were not known before."""
        self._names = set(joint_map.names)
        if self.streamer is not None:
            self.streamer.set_joint_map(joint_map)
        if self.commander is not None:
            self.commander.set_joint_map(joint_map)

    def measure(
        self, positions: Mapping[str, float], age_s: float | None, stamp_s: float | None = None
    ) -> None:
        """
        Take measured positions by ROS name.

        :param age_s: how old they are by the ROS clock; None = they have no stamp.
        :param stamp_s: their stamp.
        """
        now = steady_now()
        self._callbacks.seen(now)
        if self._callbacks.paused_s(now, QUEUED_S) is not None:
            self.drop('pause', 'JointState was queued while this process stood still')
            return
        if not positions:
            if self.commander is not None:
                self.commander.refuse_measurement('empty', 'JointState has no positions')
            return
        if not self._names.isdisjoint(positions) or not self._names:
            self._measured_at = now
        if self._names and not self._names >= positions.keys():
            self._note_unmapped(positions)
        if self.commander is not None:
            self.commander.measure(positions, age_s=age_s or 0.0, stamp_s=stamp_s)
        if self.streamer is not None:
            self.streamer.put(positions, age_s, stamp_s)

    def drop(self, reason: str, text: str) -> None:
        """Count a JointState that cannot be used, on each side."""
        if self.streamer is not None:
            self.streamer.drop(reason, text)
        if self.commander is not None:
            self.commander.refuse_measurement(reason, text)

    @property
    def received_at(self) -> float | None:
        """When a joint of ours came in last, from either side; None before; any thread."""
        updated_at = None if self.commander is None else self.commander.updated_at
        times = [at for at in (self._measured_at, updated_at) if at is not None]
        return max(times, default=None)

    def adjust(self, numbers: Mapping[str, Any]) -> None:
        """Take new values of dynamic parameters, by name."""
        if self.streamer is not None and 'produce.max_rate_hz' in numbers:
            self.streamer.max_rate_hz = numbers['produce.max_rate_hz']
        if self.commander is not None and 'consume.max_velocity' in numbers:
            self.commander.set_velocity_limit(numbers['consume.max_velocity'])

    def set_pulse(self, pulse: Ramp) -> None:
        """Take the timer that calls :meth:`pulse`, asleep; it runs while it is needed."""
        self._pulse = pulse

    def pulse(self) -> None:
        """Note that the callbacks run, so that a robot that is silent is not taken for a pause."""
        if self.commander is not None:
            self.commander.pulse()

    def look(self, *, publishers: int, names: Sequence[str] = (), topic: str = '') -> None:
        """
        Notice who publishes joint_states, and that time has passed.

        :param names: of the publishers' nodes, where there are several.
        :param topic: where joint_states are expected.
        """
        self._callbacks.seen(steady_now())
        self.publishers = publishers
        if self.streamer is not None:
            self.streamer.look(publishers=publishers, names=names, topic=topic)
        if self.commander is not None:
            self.commander.look(feedback=publishers > 0, publishers=names, topic=topic)
            self.commander.tick()
            self._wake_or_rest_pulse(self.commander.needs_pulse)

    def _wake_or_rest_pulse(self, is_needed: bool) -> None:
        if self._pulse is None or is_needed is self._is_pulsing:
            return
        self._is_pulsing = is_needed
        if is_needed:
            self._pulse.reset()
        else:
            self._pulse.cancel()

    def _note_unmapped(self, positions: Mapping[str, float]) -> None:
        """Say once which joints pass by; another robot's may well share the topic."""
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

    def _link(
        self,
        name: str,
        role: Role,
        room_id: str,
        create: bool,
        side: Side,
        feed: Callable[[Connection], Awaitable[None]],
        features: frozenset[Feature],
    ) -> None:
        self.links.append(
            RoomLink(
                name,
                role,
                self._settings.address,
                self._settings.access,
                self._settings.workspace_id,
                room_id,
                self._settings.link,
                create_room=create,
                participant_name=_participant_name(self._identity),
                features=features,
                side=side,
                feed=feed,
                stops=self._panel,
                thread=self._thread,
                logger=self._logger,
                on_change=self._on_change,
            )
        )

    async def _run(self, link: RoomLink) -> None:
        try:
            await link.run()
        except ArenaError as exc:
            self.failure = f'the {link.name} room cannot be joined: {exc}'
            link.status.trouble, link.status.is_refused = str(exc), True
        except Exception as exc:
            # Nobody would hear the room's stops any more, so the node must not live on.
            self._logger.error(f'the {link.name} link broke:\n{traceback.format_exc()}')
            self.failure = f'the {link.name} link broke, which is a bug: {exc!r}'


def _participant_name(identity: Identity) -> str:
    """Return how the robot is called in its rooms: ``/arm1/arena_bridge`` is ``arm1-bridge``."""
    namespace, _, node = identity.node.strip('/').rpartition('/')
    return f'{namespace or identity.host}-{node.removeprefix("arena_")}'
