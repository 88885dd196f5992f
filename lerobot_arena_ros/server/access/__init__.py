"""
Access control: which clients may connect, and what they may do. No I/O.

:mod:`.rules` decides about requests, :mod:`.admission` about connections. Imports only
:mod:`..rooms.limits` from the rest of the server.
"""
