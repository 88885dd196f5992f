"""The version of this package."""

from __future__ import annotations

from pathlib import Path

__all__ = ['version']

NAME = 'lerobot_arena_ros'


def version() -> str:
    """Return the version of the running code; in a checkout, the one in its package.xml."""
    # Imported here because they take 20 ms, by which arena_stop would delay a stop.
    from importlib import metadata
    from xml.etree import ElementTree

    manifest = Path(__file__).resolve().parents[1] / 'package.xml'
    if manifest.is_file():
        return ElementTree.parse(manifest).findtext('version') or 'unknown'
    return metadata.version(NAME)
