"""
The state and rules of rooms. No I/O: messages and times in, messages and recipients out.

:mod:`.registry` holds the rooms of one kind, :mod:`.base_room` the rules of each room,
:mod:`.room` those of joints, :mod:`.video_room` those of cameras. Imports no other folder of the
server.
"""
