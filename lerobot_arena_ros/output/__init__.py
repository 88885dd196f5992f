"""What a process writes to stdout and stderr, so that it never waits for a reader."""
