"""
The common runtime of all nodes: spinning, shutdown, threads, log and parameters.

:mod:`.run_node` starts rclpy, creates a node and spins it until :mod:`.shutdown_signal`.
:mod:`.arena_thread` runs the event loop of the connections. May import :mod:`..settings`.
"""
