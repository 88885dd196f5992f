"""The bridges of a fleet file, in one process."""
