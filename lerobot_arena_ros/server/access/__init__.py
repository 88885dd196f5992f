"""
Who may connect, and what they may do. Pure: requests, addresses, tokens and times in, answers out.

:mod:`.rules` decides about each request, :mod:`.admission` about each connection. Uses nothing
of the server but its limits.
"""
