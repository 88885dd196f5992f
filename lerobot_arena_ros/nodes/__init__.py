"""The ROS 2 part: nodes, parameters and conversions; it wires the ROS-free modules together."""
