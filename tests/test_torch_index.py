"""`make torch TORCH_INDEX=…` takes torch, in the pinned release and alone, from that index."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import venv
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pip
import pytest

from tests.docs.modules import ROOT

MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="no make here")


def pinned() -> str:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    (version,) = (pin.removeprefix("torch==") for pin in pins if pin.startswith("torch=="))
    return version


def small_wheel(folder: Path, name: str, version: str, *needs: str) -> Path:
    """Make a wheel of one module that says its version."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    facts = f"{name}-{version}.dist-info"
    asked = "".join(f"Requires-Dist: {one}\n" for one in needs)
    with zipfile.ZipFile(wheel, "w") as packed:
        packed.writestr(f"{name}.py", f"__version__ = {version!r}\n")
        packed.writestr(
            f"{facts}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{asked}",
        )
        packed.writestr(f"{facts}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        packed.writestr(f"{facts}/RECORD", "")
    return wheel


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """Serve an index as PyTorch's is: builds for CPUs whose version says so, older and newer."""
    packages = tmp_path / "index" / "torch"
    packages.mkdir(parents=True)
    for version in ("2.12.0+cpu", f"{pinned()}+cpu", "2.99.0+cpu"):
        small_wheel(packages, "torch", version, "nvidia-everything")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "index"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_torch_comes_from_the_index_that_is_named(tmp_path: Path, index: str) -> None:
    assert MAKE
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    (packages,) = (environment / "lib").glob("python*/site-packages")
    (packages / "pip").symlink_to(Path(pip.__file__).parent)
    command = [MAKE, "--no-print-directory", "-C", str(ROOT), "torch", f"VENV={environment}"]
    # Without this machine's own config and variables, which may name other places of torch.
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    alone["PIP_CONFIG_FILE"] = os.devnull
    subprocess.run([*command, f"TORCH_INDEX={index}"], check=True, env=alone)
    assert (packages / "torch.py").read_text() == f"__version__ = '{pinned()}+cpu'\n"
    assert not list(packages.glob("nvidia*"))


def test_without_one_it_is_left_to_pips_config() -> None:
    assert MAKE
    told = subprocess.run(
        [MAKE, "--no-print-directory", "-n", "-C", str(ROOT), "torch"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert "install" not in told
