"""
The protocol and the Python client of rooms. No ROS.

:mod:`.messages` encodes and decodes messages. :mod:`.session` holds the state of one participant.
:mod:`.connection` reads frames from :mod:`.client_socket`, passes them through the session, and
calls a listener with the events; :mod:`.reconnect` joins again after a loss. :mod:`.rest_client`
requests rooms over HTTP. :mod:`.client_core` and :mod:`.clients` are the public classes.

Imports no other folder of the package.
"""
