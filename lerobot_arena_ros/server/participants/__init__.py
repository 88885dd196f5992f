"""
Those who are in rooms: their connections, and what happens with their messages.

:mod:`.websocket_endpoint` takes a message from :mod:`..net` to
:mod:`.connection_manager`, which asks :mod:`..rooms` and writes to each recipient's
:mod:`.connection`. Uses all folders of the server except :mod:`..http` and :mod:`..cli`.
"""
