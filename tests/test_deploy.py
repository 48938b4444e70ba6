"""What `deploy/`, the Dockerfile and the compose files promise, by the tools that read them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from earful.cli import cli
from tests.waiting import PATIENCE_S, wait_for

ROOT = Path(__file__).parents[1]
UNITS = ROOT / "deploy" / "systemd"
BIN = Path(sys.executable).parent
ANALYZE = shutil.which("systemd-analyze")

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze here")


def composed(name: str) -> dict[str, Any]:
    """Read a compose file; anchors are resolved, as compose resolves them."""
    read: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return read


def test_the_dockerfile_has_no_known_fault() -> None:
    done = subprocess.run(
        [BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody_of_this_machine_and_tells_its_health() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    last = lines[lines.rindex("\nFROM ") :]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert 'CMD ["earful", "status"]' in last
    assert "TORCH_INDEX" in lines
    assert "status" in cli.commands


def test_the_image_is_built_of_what_the_wheel_needs_and_of_nothing_else() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert all((ROOT / name).exists() for name in let_in)
    assert {"alerts", "config", "crawler", "earful", "sentiment", "storage", "deploy"} <= let_in
    assert not {".git", "tests", ".env", "earful.toml"} & let_in


@pytest.mark.parametrize("name", ["compose.yml", "compose.litestream.yml"])
def test_each_container_may_do_little(name: str) -> None:
    for service in composed(name)["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"]
        # Only this machine reaches what they publish.
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_the_containers_run_commands_that_there_are() -> None:
    for service in composed("compose.yml")["services"].values():
        command, *options = service["command"]
        known = {name for one in cli.commands[command].params for name in one.opts}
        assert {option for option in options if option.startswith("--")} <= known


@needs_systemd
@pytest.mark.parametrize(
    ("unit", "most"), [("earful.service", 1.5), ("earful-backup.service", 1.0)]
)
def test_the_units_are_exposed_to_little(unit: str, most: float) -> None:
    assert ANALYZE
    told = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--no-pager", UNITS / unit],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert level, told
    assert float(level[1]) <= most


@needs_systemd
def test_systemd_understands_each_line_of_the_units() -> None:
    assert ANALYZE
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", *sorted(UNITS.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # Earful is not installed where the units look for it.
    absent = "Command /opt/earful/bin/earful is not executable: No such file or directory"
    assert [line for line in done.stderr.splitlines() if absent not in line] == []


def test_the_units_run_commands_that_there_are() -> None:
    for unit in UNITS.glob("*.service"):
        (start,) = re.findall(r"^ExecStart=(.+)$", unit.read_text("utf-8"), re.MULTILINE)
        words = start.split()
        assert words[:3] == ["/opt/earful/bin/earful", "--config", "/etc/earful/earful.toml"]
        known = {name for one in cli.commands[words[3]].params for name in one.opts}
        assert {word for word in words[4:] if word.startswith("--")} <= known


@contextmanager
def replicating(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run Litestream with our config until the block ends, then SIGKILL it."""
    process = subprocess.Popen(
        [BIN / "litestream", "replicate", "-config", ROOT / "deploy" / "litestream.yml"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)


@pytest.mark.slow("replicates a store by a process of its own")
def test_a_store_that_litestream_replicates_comes_back_whole(tmp_path: Path) -> None:
    store, back = tmp_path / "earful.db", tmp_path / "back.db"
    environment = {
        **os.environ, "EARFUL_STORE": str(store), "EARFUL_REPLICA": f"file://{tmp_path}/replica",
    }  # fmt: skip

    def earful(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "earful", "--db", str(store), *arguments], cwd=tmp_path,
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    def put(day: int) -> None:
        rows = [
            {"id": f"{day}-{number}", "text": f"Late again, number {number}.",
             "created_at": f"2026-11-{day:02d}T10:00:00Z"}
            for number in range(50)
        ]  # fmt: skip
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        earful("import", "rows.jsonl", "--brand", "Acme", "--source", "trustpilot")

    def restored() -> int:
        done = subprocess.run(
            [BIN / "litestream", "restore", "-config", ROOT / "deploy" / "litestream.yml",
             "-force", "-o", back, store],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return 0
        connection = sqlite3.connect(back)
        try:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return int(connection.execute("SELECT count(*) FROM mentions").fetchone()[0])
        finally:
            connection.close()

    put(20)
    with replicating(environment) as process:
        put(21)
        put(22)
        wait_for(lambda: restored() == 150, lambda: f"{restored()}; {process.poll()}")
    # The machine is lost here; what it had is on another.
    for path in tmp_path.glob("earful.db*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert restored() == 150
    store = back
    assert len(earful("export", "--format", "jsonl").splitlines()) == 150
