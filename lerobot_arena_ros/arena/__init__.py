"""The arena client without ROS: messages, sessions, rooms over REST and the public API."""
