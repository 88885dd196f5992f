"""
The sockets of the server.

A connection is accepted and counted by :mod:`.listener`, read in slices by :mod:`.fair_reader`,
and speaks HTTP in :mod:`.http_connection`, which runs the ASGI application. A request for a
WebSocket goes through the same application, which accepts or refuses it; then
:mod:`.web_socket` takes the connection over.

Nothing in here knows rooms or participants.
"""
