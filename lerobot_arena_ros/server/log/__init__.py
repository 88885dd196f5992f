"""
What the server logs: lines that no flood can multiply, and the audit log.

Uses the addresses of :mod:`..access`, because lines are limited per client.
"""
