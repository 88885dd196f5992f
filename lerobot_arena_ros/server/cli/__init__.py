"""The command line of ``arena_server``: its options and files, and the process that serves."""
