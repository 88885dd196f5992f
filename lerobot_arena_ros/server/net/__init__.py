"""
The sockets of the server.

:mod:`.listener` accepts and counts connections. :mod:`.fair_reader` reads them in slices.
:mod:`.http_connection` parses HTTP and runs the ASGI application. The application accepts or
refuses requests for a WebSocket; after that, :mod:`.web_socket` handles the connection.

This folder does not use rooms or participants.
"""
