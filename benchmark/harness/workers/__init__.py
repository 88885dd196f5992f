"""The processes that are measured with, each a module to be run; :mod:`.orders` drives them."""
