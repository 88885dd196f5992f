"""The common runtime of all nodes: spinning, shutdown, threads, log and parameters."""
