"""
What a user writes: parameters, YAML files and topic names, checked and read into dataclasses.

Imports no rclpy, so that mistakes are found before a node is made, and where there is no ROS.
"""
