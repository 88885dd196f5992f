"""
The common parts of the launch files.

Launch arguments enter through :mod:`.parts`, which uses launch; :mod:`.launch_rules` decides, and
imports neither launch nor rclpy. May import ``arena.json_text``.
"""
