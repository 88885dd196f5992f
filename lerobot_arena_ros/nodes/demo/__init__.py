"""The demonstrations: two arms and an arena, or a simulated arm and the browser."""
