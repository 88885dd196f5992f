"""Which release of the package this is."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

__all__ = ['version']

NAME = 'lerobot_arena_ros'


def version() -> str:
    """Give the version of what runs: a checkout knows it from its package.xml."""
    manifest = Path(__file__).resolve().parents[1] / 'package.xml'
    if manifest.is_file():
        return ElementTree.parse(manifest).findtext('version') or 'unknown'
    return metadata.version(NAME)
