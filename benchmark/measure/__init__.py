"""
One module for each quantity: it runs what it measures and returns rows of plain numbers.

It imports ``harness`` and the package, and nothing of ``report``. Parameters come from ``plan``;
the rows are dictionaries that JSON can hold. A row has no verdict, because ``report`` judges.
"""
