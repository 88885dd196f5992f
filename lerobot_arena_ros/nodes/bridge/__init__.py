"""
The bridge: one node with a session in up to two rooms.

Data from ROS into a room: :mod:`.joint_state_producer` sends the JointStates of
``joint_states``. Data from a room to ROS: :mod:`.command_consumer` passes the updates of the room
through its gate to :mod:`.command_topic`. An emergency stop passes through
:mod:`.emergency_stop` in both directions; its docstring has the sequence.

May import :mod:`..runtime` and :mod:`..settings`, and the ROS-free packages ``arena`` and
``control``.
"""
