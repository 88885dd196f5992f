"""
The bridge: one node with a session in up to two rooms.

JointStates go through :mod:`.joint_state_producer` into a room; updates of a room go through
:mod:`.command_consumer`, whose gate decides, to :mod:`.command_topic`. An emergency stop goes
through :mod:`.emergency_stop` both ways.
"""
