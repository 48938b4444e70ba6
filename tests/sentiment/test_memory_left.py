"""Room for a model, by what Linux says of the process, its control groups and the machine."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from config.errors import ModelError
from sentiment.scoring.memory_left import MB, require


def machine(folder: Path, available_mb: int, swap_mb: int = 0, groups: str = "0::/") -> Path:
    proc = folder / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(
        f"MemTotal: 999999999 kB\nMemAvailable: {available_mb * MB // 1024} kB\n"
        f"SwapFree: {swap_mb * MB // 1024} kB\nHugePages_Total: 0\n"
    )
    (proc / "self/status").write_text("Name:\tearful\nVmSize:\t 1000 kB\nVmData:\t 500 kB\n")
    (proc / "self/cgroup").write_text(groups + "\n")
    return proc


def group(folder: Path, most: str, used_mb: int, cache_mb: int = 0, *, old: bool = False) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    limit, now = ("memory.limit_in_bytes", "memory.usage_in_bytes") if old else (
        "memory.max", "memory.current")  # fmt: skip
    (folder / limit).write_text(most + "\n")
    (folder / now).write_text(f"{used_mb * MB}\n")
    cache = "total_inactive_file" if old else "inactive_file"
    (folder / "memory.stat").write_text(f"anon 1\n{cache} {cache_mb * MB}\n")


@pytest.mark.parametrize(
    ("available", "swap", "fits"),
    [(450, 0, False), (452, 0, True), (200, 200, False), (200, 300, True)],
)
def test_the_machine_is_asked(tmp_path: Path, available: int, swap: int, fits: bool) -> None:
    proc = machine(tmp_path, available, swap)
    if fits:
        require(451 * MB, "the model", proc=proc, groups=tmp_path / "none")
        return
    with pytest.raises(ModelError) as caught:
        require(451 * MB, "the model", proc=proc, groups=tmp_path / "none")
    said = str(caught.value)
    assert said.startswith("there is not enough memory for the model: it takes 451 MB, ")
    assert "are left on this machine; give it more, or stop" in said
    assert "\n" not in said


def test_each_group_above_it_limits_it(tmp_path: Path) -> None:
    proc = machine(tmp_path, 90_000, groups="0::/system.slice/earful.service")
    groups = tmp_path / "groups"
    own = groups / "system.slice/earful.service"
    group(own, "max", 300)
    group(own.parent, str(1000 * MB), 700, cache_mb=200)
    require(450 * MB, "the model", proc=proc, groups=groups)
    group(own.parent, str(1000 * MB), 700, cache_mb=100)
    with pytest.raises(ModelError, match=r"400 MB are left in its control group \(system\.slice"):
        require(450 * MB, "the model", proc=proc, groups=groups)


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    proc = machine(tmp_path, 90_000, groups="0::/docker/abc")
    group(tmp_path / "groups", str(500 * MB), 200)
    with pytest.raises(ModelError, match="300 MB are left in its control group"):
        require(450 * MB, "the model", proc=proc, groups=tmp_path / "groups")


def test_groups_of_the_first_version(tmp_path: Path) -> None:
    proc = machine(tmp_path, 90_000, groups="4:memory:/box\n3:cpu,cpuacct:/box")
    group(tmp_path / "groups/memory/box", str(500 * MB), 300, cache_mb=100, old=True)
    group(tmp_path / "groups/memory", str((1 << 63) - 4096), 300, old=True)
    with pytest.raises(ModelError, match="300 MB are left in its control group"):
        require(450 * MB, "the model", proc=proc, groups=tmp_path / "groups")


def test_what_cannot_be_read_limits_nothing(tmp_path: Path) -> None:
    require(10**15, "the model", proc=tmp_path / "no", groups=tmp_path / "no")


@pytest.mark.parametrize(("name", "takes"), [("RLIMIT_DATA", 450), ("RLIMIT_AS", 1250)])
def test_limits_of_the_process(
    tmp_path: Path, name: str, takes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {getattr(resource, name): (440 * MB, resource.RLIM_INFINITY)}
    free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits.get(kind, free))
    proc = machine(tmp_path, 90_000)
    with pytest.raises(ModelError, match=rf"takes {takes} MB, 4[34]\d MB are left under this"):
        require(450 * MB, "the model", proc=proc, groups=tmp_path / "none")
