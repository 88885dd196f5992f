"""Fixtures and helpers of the tests, not tests. Imports the package, never a test module."""

from pathlib import Path
import sys

# Plain pytest, unlike python -m pytest, does not add the folder of the benchmark to the path. It
# comes last, so that an installed package is tested instead of the checkout.
sys.path.append(str(Path(__file__).resolve().parents[2]))
