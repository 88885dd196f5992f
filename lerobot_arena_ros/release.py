"""Which release of the package this is."""

from __future__ import annotations

from pathlib import Path

__all__ = ['version']

NAME = 'lerobot_arena_ros'


def version() -> str:
    """Give the version of what runs: a checkout knows it from its package.xml."""
    # These imports take 20 ms, which arena_stop does not spend on a stop.
    from importlib import metadata
    from xml.etree import ElementTree

    manifest = Path(__file__).resolve().parents[1] / 'package.xml'
    if manifest.is_file():
        return ElementTree.parse(manifest).findtext('version') or 'unknown'
    return metadata.version(NAME)
