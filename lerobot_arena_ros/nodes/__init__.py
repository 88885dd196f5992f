"""The ROS edge: nodes, parameters and conversions; wiring only."""
