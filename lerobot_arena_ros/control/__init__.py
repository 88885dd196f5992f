"""
The meaning of values, and when a value may move a robot.

Pure: the modules use no ROS, no I/O, no clock and no threads.
"""
