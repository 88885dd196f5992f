"""What several test modules share."""

from pathlib import Path
import sys

# Plain pytest, unlike python -m pytest, does not look where the benchmark is. It comes last: where
# the package is installed, that is what is tested.
sys.path.append(str(Path(__file__).resolve().parents[2]))
