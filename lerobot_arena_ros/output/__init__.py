"""Non-blocking stdout and stderr: a process never waits for the reader of its output."""
