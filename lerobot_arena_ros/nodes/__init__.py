"""
The ROS 2 part: nodes, parameters and conversions; it wires the ROS-free modules together.

ROS messages and parameters enter through the nodes of :mod:`.bridge`, :mod:`.fleet` and
:mod:`.demo`. May import ``arena``, ``control``, ``output`` and ``release``, and never ``server``,
which runs in another process.
"""
