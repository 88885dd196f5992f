# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""Checks that a node is the only one on the graph with its full name."""

from __future__ import annotations

from rclpy.node import Node

from lerobot_arena_ros.control.condition import Condition, Level, fine

__all__ = ['ALONE', 'NAMESAKE_CYCLES', 'Namesakes']

NAMESAKE_CYCLES = 4
"""Status periods between two checks, because each lists the whole graph."""

ALONE = fine('this node is the only one of its name')


class Namesakes:
    """
    Other nodes on the graph with the name of this one. Called by the ROS thread.

    A service call reaches only one of them, at random: of a bridge an emergency stop, of the
    cameras a lifecycle transition.

    :ivar condition: whether the node is the only one; otherwise what to do.
    """

    def __init__(self, node: Node) -> None:
        self.condition = ALONE
        self._node = node

    def check_graph(self) -> None:
        """Update the condition from the graph."""
        own = self._node.get_name(), self._node.get_namespace()
        count = self._node.get_node_names_and_namespaces().count(own)
        if count <= 1:
            self.condition = ALONE
            return
        self.condition = Condition(
            Level.ERROR,
            f'{count} nodes are called {self._node.get_fully_qualified_name()}, and a service '
            'call reaches any one of them: give one another namespace (-r __ns:=/other) or '
            'name (-r __node:=other)',
        )
