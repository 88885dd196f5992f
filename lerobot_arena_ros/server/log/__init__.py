"""
The rate-limited log of the server, and its audit log.

Imports :mod:`..access.addresses`, because lines are limited per client.
"""
