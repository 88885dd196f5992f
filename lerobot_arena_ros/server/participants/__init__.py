"""
The participants of rooms: their connections and the handling of their messages.

:mod:`.websocket_endpoint` passes a message from :mod:`..net` to :mod:`.connection_manager`, which
applies it to its room in :mod:`..rooms` and writes to the :mod:`.participant_connection` of each
recipient. Imports all folders of the server except :mod:`..http` and :mod:`..cli`.
"""
