"""What each node of this package runs on: spinning, shutdown, threads, log, parameters."""
