"""
The meaning of values, and when a value may move a robot.

Values of a room pass through :mod:`.joint_map`, which converts units, into :mod:`.gate`, which
returns the commands; measured positions reach the gate through :mod:`.measurements`.
:mod:`.stop` is the latch of the emergency stop.

Pure: the modules use no ROS, no I/O, no clock and no threads. Imports no other folder of the
package.
"""
