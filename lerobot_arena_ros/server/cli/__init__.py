"""
The command line of ``arena_server``: its options, its files and its process.

:mod:`.options` parses the arguments and :mod:`.token_sources` reads the tokens; :mod:`.program`
serves until a signal. May import all folders of the server.
"""
