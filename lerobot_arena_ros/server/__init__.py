"""
The room server: implements the public protocol of LeRobot Arena, without ROS.

Bytes enter through :mod:`.net`. Requests go on to :mod:`.http`, WebSocket messages to
:mod:`.participants`; both change the state in :mod:`.rooms`. :mod:`.access` decides about each
connection and request, :mod:`.log` records it, and :mod:`.cli` starts the process.

May import ``release``, ``output`` and the messages of ``arena``.
"""
