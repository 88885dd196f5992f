"""The demos: two arms and an arena, or a simulated arm and a browser."""
