"""
Measurements of the package, with real processes over real sockets and DDS.

Two programs: ``python -m benchmark`` (``make bench``) and ``python -m benchmark.motion``
(``make tracking``). They import all folders, which import each other in one direction:
``harness``, then ``measure``, then ``report``. Results go to ``results`` and docs/performance.md.
"""
