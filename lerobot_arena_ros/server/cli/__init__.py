"""The command line of ``arena_server``: its options, its files and its process."""
