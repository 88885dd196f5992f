"""
Check the user's parameters, YAML files and topic names, and read them into dataclasses.

This package does not import rclpy. Mistakes are found before a node is created, and also on
machines without ROS.
"""
