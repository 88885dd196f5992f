"""
The command ``arena_stop``, which stops and resets every bridge that it finds.

:mod:`.calls` finds the bridges on the ROS graph and calls their services; :mod:`.progress` decides
what to print and when to end. May import :mod:`..runtime`.
"""
