# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Checks that a bridge is the only node that commands its robot."""

from __future__ import annotations

from rclpy.node import Node

from lerobot_arena_ros.control.causes import LOOKING

__all__ = ['DISCOVERY_S', 'OtherPublishers', 'publisher_names']

DISCOVERY_S = 3.5
"""
How long to look for other publishers before the first command.

Fast DDS repeats messages that were lost during discovery after up to 3 s (``heartbeatPeriod`` of
its writers); 0 to 2.4 s were measured.
"""

MAX_NAMES = 5
"""Longest list of names in one text."""

_UNKNOWN = '_NODE_NAME_UNKNOWN_'
"""The name that rmw returns for a node of which only the publisher is known so far."""

_UNNAMED = 'a node whose name is not known yet'


class OtherPublishers:
    """
    Publishers of other nodes on the command topic, of any message type. Any thread.

    :param topic: its full name, as remapped.
    :param allowed: whether the robot may be commanded although there are others.
    :param now: the present time, in seconds of the steady clock.
    :ivar names: full names of their nodes.
    :ivar conflict: why the robot must not be commanded and what to do; None while it may be.
    """

    def __init__(self, node: Node, topic: str, *, allowed: bool, now: float) -> None:
        self.names: tuple[str, ...] = ()
        self.conflict: str | None = None
        self._node = node
        self._topic = topic
        self._allowed = allowed
        self._since = now

    def check_graph(self, now: float) -> str | None:
        """Check the graph; return why the robot must not be commanded, None if it may be."""
        # A count takes a tenth of the time that the names take.
        is_shared = self._node.count_publishers(self._topic) > 1
        self.names = self._other_names() if is_shared else ()
        if self._allowed:
            return None
        self.conflict = self._describe_conflict()
        if self.conflict is None and abs(now - self._since) < DISCOVERY_S:
            return LOOKING
        return self.conflict

    def _other_names(self) -> tuple[str, ...]:
        names = publisher_names(self._node, self._topic)
        own = self._node.get_fully_qualified_name()
        if own in names:
            names.remove(own)  # Remove our own publisher: a second one is a node of the same name.
        return tuple(names) or (_UNNAMED,)

    def _describe_conflict(self) -> str | None:
        if not self.names:
            return None
        others = 'another node publishes' if len(self.names) == 1 else 'other nodes publish'
        own = self._node.get_fully_qualified_name()
        same_name = ''
        if own in self.names:
            same_name = ' (of the same name; DDS lists a killed node for some 20 s)'
        names = ', '.join(self.names[:MAX_NAMES])
        more = len(self.names) - MAX_NAMES
        rest = f' and {more} more' if more > 0 else ''
        return (
            f'{others} on {self._topic}: {names}{rest}{same_name}; end it, remap joint_commands of'
            ' one of them, or set consume.allow_other_publishers'
        )


def publisher_names(node: Node, topic: str) -> list[str]:
    """Return the names of the nodes that publish on a topic, sorted, one for each publisher."""
    infos = node.get_publishers_info_by_topic(topic)
    return sorted(_full_name(info.node_namespace, info.node_name) for info in infos)


def _full_name(namespace: str, name: str) -> str:
    if name == _UNKNOWN:
        return _UNNAMED
    return f'{namespace.rstrip("/")}/{name}'
