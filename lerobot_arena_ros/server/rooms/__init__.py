"""
The rooms. Pure: messages and times in, messages and recipients out.

:mod:`.registry` has the rooms, :mod:`.room` the rules of one. Uses nothing else of the server.
"""
