"""Many bridges, out of one file, in one process or in a process each."""
