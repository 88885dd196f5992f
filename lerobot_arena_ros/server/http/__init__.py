"""
What is served over HTTP: the REST interface, the metrics and the console's files.

A request comes from :mod:`..net` through :mod:`.access_middleware` to a route in :mod:`.rest`,
:mod:`.metrics` or :mod:`.pages`. Uses all folders of the server except :mod:`..cli`.
"""
