"""`make audit`: faults in our code, hashes, parts list, known holes in what Earful stands on.

Each check says in a line what it found, and the audit fails where one found something or could not
look: without the internet nobody knows of known holes, and it says so.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sentiment.scoring.adapter import TENSORS, WEIGHTS
from sentiment.scoring.backbone import NAME, SHA256
from tests.docs.modules import ROOMS, ROOT
from tests.lock_file import LOCK, locked

PARTS = ROOT / "dist" / "earful.cdx.json"

# Runs one of the tools: they lie in an environment of their own, as some of what they bring would
# change how others of our libraries read (chardet, where a parser finds it).
Run = Callable[..., subprocess.CompletedProcess[str]]


def tools_of(python: str) -> Run:
    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )

    return run


def code(run: Run) -> str:
    """Look for faults in our code with bandit; what it must not find stands in pyproject.toml."""
    done = run("bandit", "-q", "-c", "pyproject.toml", "-r", *ROOMS, "deploy")
    if done.returncode:
        raise AssertionError(f"bandit found something:\n{done.stdout}{done.stderr}")
    return f"bandit found nothing in {', '.join((*ROOMS, 'deploy'))}"


def hashes(run: Run) -> str:
    """Fetch each file of the lock and compare its hash, as an install with hashes does."""
    with TemporaryDirectory() as folder:
        done = run(
            "pip", "download", "--quiet", "--require-hashes", "--no-deps",
            "--only-binary", ":all:", "--dest", folder, "-r", LOCK.name,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{LOCK.name}: {_last(done.stderr)}")
        files = len(list(Path(folder).iterdir()))
    return f"{files} files have the hashes of {LOCK.name}"


def parts_list(run: Run) -> str:
    """Write the list of all parts in CycloneDX's form: packages with hashes, and both models."""
    PARTS.parent.mkdir(exist_ok=True)
    done = run(
        "cyclonedx_py", "requirements", LOCK.name, "--pyproject", "pyproject.toml",
        "--output-reproducible", "--output-format", "JSON", "--output-file", str(PARTS),
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"no list of parts: {_last(done.stderr)}")
    parts = with_models(json.loads(PARTS.read_text(encoding="utf-8")))
    PARTS.write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    return f"{len(parts['components'])} parts listed in {PARTS.relative_to(ROOT)}"


def with_models(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Add what a wheel has beside packages: the backbone, and what was trained on it."""
    return {
        **parts,
        "components": [
            *parts.get("components", ()),
            _model(NAME, SHA256),
            _model("minilm-earful", _sha256(WEIGHTS / TENSORS)),
        ],
    }


def _model(name: str, sha256: str) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model-{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_holes(run: Run) -> str:
    """Ask what is known of each version in the lock; it takes the internet."""
    done = run(
        "pip_audit", "--require-hashes", "--disable-pip", "-r", LOCK.name, "--format", "json",
        "--progress-spinner", "off",
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"known holes were not looked for: {_last(done.stderr)}") from None
    return said_of(report["dependencies"], len(locked(LOCK.read_text(encoding="utf-8"))))


def said_of(packages: Iterable[Mapping[str, Any]], expected: int) -> str:
    """Say that no package has a known hole; AssertionError names them, or what nobody knows."""
    asked = [one for one in packages if "skip_reason" not in one]
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version'}"
        for one in asked
        for hole in one["vulns"]
    ]
    if holes:
        raise AssertionError("known holes:\n" + "\n".join(holes))
    if len(asked) < expected:
        raise AssertionError(
            f"known holes were looked for in {len(asked)} of {expected} packages: the database "
            "does not answer for the others (is this machine offline?)"
        )
    return f"no known hole in {expected} packages"


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if not line.startswith("WARNING")]
    return lines[-1].strip() if lines else "it said nothing"


CHECKS: tuple[Callable[[Run], str], ...] = (code, hashes, parts_list, known_holes)


def main(python: str) -> int:
    """Carry out each check with the tools of that Python; give the exit code."""
    failed, run = 0, tools_of(python)
    for check in CHECKS:
        try:
            print(f"ok    {check(run)}", flush=True)
        except AssertionError as error:
            failed += 1
            print(f"FAIL  {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
