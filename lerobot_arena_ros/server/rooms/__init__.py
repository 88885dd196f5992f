"""
The state and rules of rooms. No I/O: messages and times in, messages and recipients out.

:mod:`.registry` holds all rooms, :mod:`.room` the rules of one room. Imports no other folder of
the server.
"""
