"""
The HTTP application: the REST interface, the metrics and the files of the console.

A request comes from :mod:`..net` through :mod:`.access_middleware` to a route in :mod:`.rest`,
:mod:`.video_rest`, :mod:`.metrics` or :mod:`.pages`. Imports all folders of the server except
:mod:`..cli`.
"""
