"""
Non-blocking stdout and stderr: a process never waits for the reader of its output.

A log adds its lines to :mod:`.waiting_lines`, a bounded buffer, and a thread of
:mod:`.log_queue` writes them. :mod:`.streams` drops what a full pipe does not accept. Imports no
other folder of the package.
"""
