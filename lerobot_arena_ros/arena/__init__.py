"""The wire: messages, sessions, rooms and the public client of a LeRobot Arena, without ROS."""
