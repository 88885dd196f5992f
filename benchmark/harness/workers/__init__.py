"""
Programs that run as processes of a measurement; the parent sends them requests.

Each sends a first reply when it is ready, answers each request on its stdin with a reply on its
stdout, and ends when its stdin is closed. See :mod:`.protocol` and
:mod:`benchmark.harness.worker`.
"""
