"""
Ratios, targets, tables and pictures of what ``measure`` returned.

It imports ``measure`` and ``harness``. The rows of a run come in, also from a file of an earlier
run; tables for the terminal, docs/performance.md and the pictures beside it leave.
"""
