"""The command ``arena_stop``, which stops and resets every bridge that it finds."""
