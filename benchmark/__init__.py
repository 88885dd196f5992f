"""Measurements of the package, by real processes over real sockets and DDS; ``make bench``."""
