"""Whether a node is the only one on the graph with its full name."""

from __future__ import annotations

from rclpy.node import Node

from .node_log import NodeLog

__all__ = ['Namesakes']


class Namesakes:
    """
    Other nodes on the graph with the name of this one. Called by the ROS thread.

    A service call, and so a stop by service, reaches one of them at random.

    :ivar text: what is wrong and what to do; None while the node is the only one.
    """

    def __init__(self, node: Node, log: NodeLog) -> None:
        self.text: str | None = None
        self._node = node
        self._log = log

    def look(self) -> None:
        """Look at the graph, and log where another node of this name has come."""
        own = self._node.get_name(), self._node.get_namespace()
        count = self._node.get_node_names_and_namespaces().count(own)
        before, self.text = self.text, None
        if count > 1:
            self.text = (
                f'{count} nodes are called {self._node.get_fully_qualified_name()}, and a service '
                'call reaches any one of them: give one another namespace (-r __ns:=/other) or '
                'name (-r __node:=other)'
            )
            if before is None:
                self._log.warning(self.text)
