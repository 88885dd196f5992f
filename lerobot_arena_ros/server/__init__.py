"""The embedded arena: a room server that speaks the public protocol, without ROS."""
