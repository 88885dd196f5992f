"""
The bridges of a fleet file, in one process.

:mod:`..settings.fleet_file` reads the file; :mod:`.fleet_bridges` creates a bridge node for each
robot and spins them. May import :mod:`..bridge`, :mod:`..runtime` and :mod:`..settings`.
"""
