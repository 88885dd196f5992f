"""The room server: implements the public protocol of LeRobot Arena, without ROS."""
