"""The configured sides of the bridge: which there are, their links, and what both are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
import concurrent.futures
import math
import threading
import traceback
from typing import Any

from lerobot_arena_ros.arena.errors import ArenaError
from lerobot_arena_ros.arena.messages import Role
from lerobot_arena_ros.control.joint_map import JointMap

from .arena_thread import ArenaThread
from .command_topic import CommandTopic
from .commander import Commander
from .emergency_stop import EmergencyStopPanel
from .links import RoomLink, Side
from .node_log import NodeLog
from .settings import BridgeSettings
from .streamer import Streamer

__all__ = ['Sides']


class Sides:
    """
    What exists between configure and cleanup. Called by the ROS thread.

    :param topic: where commands go; None where nothing is consumed.
    :param on_change: called by any thread when the gate or a link changes its state.
    """

    def __init__(
        self,
        settings: BridgeSettings,
        joint_map: JointMap,
        *,
        thread: ArenaThread,
        panel: EmergencyStopPanel,
        lock: threading.RLock,
        logger: NodeLog,
        topic: CommandTopic | None,
        on_change: Callable[[], None],
    ) -> None:
        self.streamer: Streamer | None = None
        self.commander: Commander | None = None
        self.links: list[RoomLink] = []
        self.publishers = 0
        self.unmapped: set[str] = set()
        self.failure: str | None = None
        self._names = set(joint_map.names)
        self._settings = settings
        self._thread = thread
        self._panel = panel
        self._logger = logger
        self._on_change = on_change
        self._tasks: list[concurrent.futures.Future[asyncio.Task[None]]] = []
        if settings.produce is not None:
            self.streamer = Streamer(settings.produce, joint_map, thread, logger)
            produce = settings.produce
            self._link(
                'produce', Role.PRODUCER, produce.room_id, produce.create_room, self.streamer
            )
        if settings.consume is not None and topic is not None:
            self.commander = Commander(
                settings.consume,
                joint_map,
                topic=topic,
                logger=logger,
                lock=lock,
                on_change=on_change,
                stopped=str(panel.stop) if panel.stop else None,
            )
            consume = settings.consume
            self._link(
                'consume', Role.CONSUMER, consume.room_id, consume.create_room, self.commander
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
        ended = [self._thread.end(task, timeout_s) for task in self._tasks]
        return all(ended)

    def enable(self, enabled: bool) -> None:
        """Let values through, or none."""
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

    def measure(self, positions: Mapping[str, float], age_s: float | None) -> None:
        """Take measured positions by ROS name; ``age_s`` None where their stamp says nothing."""
        if not positions:
            return
        if self._names and not self._names >= positions.keys():
            self._note_unmapped(positions)
        if self.commander is not None:
            finite = {name: p for name, p in positions.items() if math.isfinite(p)}
            self.commander.measure(finite)
        if self.streamer is not None:
            self.streamer.put(positions, age_s)

    def drop(self, reason: str, text: str) -> None:
        """Count a JointState that says nothing usable."""
        if self.streamer is not None:
            self.streamer.drop(reason, text)
        elif self.commander is not None:
            self.commander.dropped[reason] += 1

    def adjust(self, numbers: Mapping[str, Any]) -> None:
        """Take new values of dynamic parameters, by name."""
        if self.streamer is not None and 'produce.max_rate_hz' in numbers:
            self.streamer.max_rate_hz = numbers['produce.max_rate_hz']
        if self.commander is not None and 'consume.max_velocity' in numbers:
            self.commander.set_velocity_limit(numbers['consume.max_velocity'])

    def look(self, *, publishers: int) -> None:
        """Notice who publishes joint_states, and that time has passed."""
        self.publishers = publishers
        if self.commander is not None:
            self.commander.expect_feedback(publishers > 0)
            self.commander.tick()

    def _note_unmapped(self, positions: Mapping[str, float]) -> None:
        """Say once which joints pass by; another robot's may well share the topic."""
        new = positions.keys() - self._names - self.unmapped
        if new:
            self.unmapped = self.unmapped | new
            self._logger.info(
                f'joint_states has joints that nobody maps: {", ".join(sorted(new))}'
            )

    def _link(self, name: str, role: Role, room_id: str, create: bool, side: Side) -> None:
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
                side=side,
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
        except Exception as exc:
            # Nobody would hear the room's stops any more, so the node must not live on.
            self._logger.error(f'the {link.name} link broke:\n{traceback.format_exc()}')
            self.failure = f'the {link.name} link broke, which is a bug: {exc!r}'
