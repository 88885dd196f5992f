"""
The demos: two arms and an arena, or a simulated arm and a browser.

:mod:`.processes` starts the arena, the bridges and the arms as child processes. :mod:`.watch`
subscribes to their topics, and :mod:`.screen` draws what it received.

May import :mod:`..runtime`, :mod:`..settings` and the conversions of :mod:`..bridge`.
"""
