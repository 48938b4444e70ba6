"""The command line as scripts see it: names, exit codes, one-line errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earful.cli import cli
from storage.models import Mention
from storage.store import Store
from tests.earful.conftest import Earful

# The contract of PRODUCT.md.
COMMANDS = {
    "init", "check", "run", "crawl", "import", "process", "classify", "evaluate", "train",
    "status", "serve", "search", "report", "export", "forget", "backup", "restore", "demo",
    "sources", "alerts",
}  # fmt: skip


def test_every_promised_command_is_there_and_says_what_it_does() -> None:
    assert set(cli.commands) >= COMMANDS
    for name, command in cli.commands.items():
        assert command.help, name
        assert not command.get_short_help_str(66).endswith("..."), name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_fits_80_columns(earful: Earful, name: str) -> None:
    shown = earful(name, "--help")
    assert shown.code == 0
    assert max(len(line) for line in shown.out.splitlines()) <= 80


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, earful.cli; heavy = {'torch', 'twisted', 'scrapy', 'transformers', "
        "'slack_sdk', 'datasette', 'apscheduler', 'numpy'}; print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_python_m_earful_is_the_command(earful: Earful) -> None:
    command = [sys.executable, "-m", "earful"]
    shown = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (0, earful("--version").out)
    refused = subprocess.run([*command, "classify", "--no-such"], capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "No such option" in refused.stderr


def test_init_writes_a_config_that_check_accepts(earful: Earful, tmp_path: Path) -> None:
    assert earful("init", "here").code == 0
    manifest = json.loads((tmp_path / "here" / "slack-manifest.json").read_text())
    assert "chat:write" in manifest["oauth_config"]["scopes"]["bot"]
    again = earful("init", "here")
    assert again.code == 2
    assert "exists already" in again.err
    checked = earful("--config", "here/earful.toml", "check", "--offline")
    assert checked.code == 0, checked.err + checked.out
    assert "1 brand, 3 sources" in checked.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["crawl"], "write one with `earful init`"),
        (["run"], "write one with `earful init`"),
        (["check"], "write one with `earful init`"),
        (["--config", "no.toml", "status"], "no.toml: no such file"),
        (["status"], "no store there"),
        (["search", "bag"], "no store there"),
        (["serve"], "no store there"),
        (["export"], "no store there"),
        (["backup", "x.db"], "no store there"),
        (["restore", "x.db"], "x.db: no such file"),
        (["import", "x.csv", "--brand", "A", "--source", "s"], "x.csv: no such file"),
        (["import", "x.csv", "--brand", "A", "--source", "S!"], "--source: 'S!'"),
        (["import", "x.csv", "--brand", "A", "--source", "s", "--map", "x"], "THEIRS=OURS"),
        (["evaluate", "x.jsonl"], "x.jsonl"),
        (["train", "x.jsonl"], "x.jsonl"),
        (["nonsense"], "No such command"),
        (["import", "x.csv"], "Missing option"),
        (["forget"], "give one of --author, --mention, --older-than and --deleted"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    earful: Earful, arguments: list[str], told: str
) -> None:
    ran = earful(*arguments)
    assert ran.code == 2, ran.err
    assert told in ran.err
    assert ran.out == ""
    if ran.err.startswith("earful:"):
        assert len(ran.err.strip().splitlines()) == 1


def test_a_wrong_key_is_named_with_its_path(earful: Earful, tmp_path: Path) -> None:
    earful("init")
    config = tmp_path / "earful.toml"
    config.write_text(config.read_text().replace("app_id", "appid"))
    ran = earful("status")
    assert ran.code == 2
    assert "brands[0].sources[1].appid: unknown key; did you mean 'app_id'?" in ran.err


def test_wrong_business_hours_name_their_key(earful: Earful, tmp_path: Path) -> None:
    earful("init")
    config = tmp_path / "earful.toml"
    config.write_text(config.read_text().replace('"24/7"', '"Mon-Fri nine to five"'))
    ran = earful("status")
    assert ran.code == 2
    assert "cases.business_hours" in ran.err


def test_import_search_export_forget(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "native_id,author,text,rating\n1,Sam,They lost my suitcase,1\n"
        "2,Kim,,\n3,Lee,Lovely crew,5\n"
    )
    ran = earful("import", "in.csv", "--brand", "Acme", "--source", "shop")
    assert ran.code == 0
    assert "3 rows: 2 new · 0 edited · 0 known · 0 same · 1 refused" in ran.out
    assert "line 3: text is empty" in ran.err
    again = earful("import", "in.csv", "--brand", "Acme", "--source", "shop")
    assert "0 new · 0 edited · 2 known" in again.out

    found = earful("search", "suitcase")
    assert found.code == 0
    assert "lost my [suitcase]" in found.out
    assert "Lovely" not in found.out
    assert json.loads(earful("search", "--json", "crew").out)["id"] == "shop:3"
    # What is no query syntax is looked for literally.
    assert earful("search", 'what"s "this').code == 0

    assert earful("export", "-o", "out.csv").code == 0
    assert "They lost my suitcase" in (tmp_path / "out.csv").read_text()

    told = earful("forget", "--author", "shop:Sam", "--yes").out
    assert told.startswith("erased 1 mention\nstill holds it: ")
    assert earful("forget", "--author", "shop:Sam", "--yes").code == 2
    assert earful("search", "suitcase").out == ""


def test_all_rows_refused_is_an_error(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": ""}\n{"text": ""}\n')
    ran = earful("import", "in.jsonl", "--brand", "A", "--source", "s", "--rejects", "no.jsonl")
    assert ran.code == 2
    assert "every row was refused" in ran.err
    refused = [json.loads(line) for line in (tmp_path / "no.jsonl").read_text().splitlines()]
    assert [(one["line"], one["row"]) for one in refused] == [(1, {"text": ""}), (2, {"text": ""})]


def test_import_names_the_brands_of_the_config(earful: Earful, tmp_path: Path) -> None:
    earful("init")
    (tmp_path / "in.csv").write_text("text\nhello\n")
    wrong = earful("import", "in.csv", "--brand", "Acme", "--source", "s")
    assert wrong.code == 2
    assert "'Acme' is not in earful.toml: Acme Air" in wrong.err
    assert earful("import", "in.csv", "--brand", "acme air", "--source", "s").code == 0


def test_backup_and_restore(earful: Earful, tmp_path: Path) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=2)
    (tmp_path / "in.csv").write_text(f"text,created_at\nhello,{yesterday:%Y-%m-%d}\n")
    earful("import", "in.csv", "--brand", "A", "--source", "s")
    assert "verified" in earful("backup", "copy.db").out
    earful("forget", "--older-than", "1s", "--yes")
    # What was forgotten is not what was lost: it does not come back with a backup.
    ran = earful("restore", "copy.db")
    assert ran.code == 0
    assert "mentions that had been forgotten since, and are erased again: 1" in ran.out
    assert "hello" not in earful("search", "hello").out
    (tmp_path / "more.csv").write_text("text\ngoodbye\n")
    earful("import", "more.csv", "--brand", "A", "--source", "s")
    earful("backup", "copy.db")
    (tmp_path / "earful.db").write_text("no store at all")
    assert earful("restore", "copy.db").code == 0
    assert "goodbye" in earful("search", "goodbye").out


def test_status_tells_a_fresh_store_is_healthy(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\nhello\n")
    earful("import", "in.csv", "--brand", "A", "--source", "s")
    ran = earful("status")
    assert ran.code == 0
    assert ran.out.endswith("healthy\n")
    assert max(len(line) for line in ran.out.splitlines()) <= 80
    told = json.loads(earful("status", "--json").out)
    assert told["healthy"] is True
    assert (told["mentions"], told["unscored"]) == (1, 1)
    assert told["daemon"] == {"state": "never started"}


@pytest.mark.parametrize(
    "command",
    ["--help", "sources", "status", "sources --json", "alerts list", "search hello", "export",
     "case list", "topics", "import in.csv --brand A --source s"],
)  # fmt: skip
def test_a_reader_that_leaves_is_no_error(tmp_path: Path, command: str) -> None:
    """As `| head` does, once it has its lines: here before the first of them."""
    (tmp_path / "in.csv").write_text("native_id,text\n1,hello\n")
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        now = datetime.now(UTC)
        store.mentions.save(
            [Mention(brand="A", source="s", native_id="1", text="hello", created_at=now,
                     fetched_at=now)]
        )  # fmt: skip
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "earful", *command.split()],
        cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    for word in ("Traceback", "BrokenPipe", "Exception"):
        assert word not in ran.stderr
    assert ran.returncode == 0, ran.stderr


def test_a_closed_stdout_is_no_error(tmp_path: Path) -> None:
    ran = subprocess.run(
        f"{sys.executable} -m earful sources >&-",
        shell=True, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_broken_pipe_is_no_error(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -c 'from earful.cli import main; main()' sources | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("app")
