"""What a value means and when it may move a robot: pure, without ROS, I/O, clock or thread."""
