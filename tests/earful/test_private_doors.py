"""What `[privacy]` says and what is forgotten hold by every door, with the commands themselves."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.settings import DoorSettings, Settings, StoreSettings, parse_settings
from crawler.catalog import options_models
from earful.case_acts import Actor
from earful.making_cases import make_case
from earful.policies import Policies
from earful.private_store import keep_private, wishes_in
from earful.webhook_intake.intake import Intake
from storage.models import Mention
from storage.store import Store
from storage.tables.audit import Act
from tests.crawler.site import Reply, Site, running_site
from tests.earful.conftest import Earful
from tests.earful.webhook_sender import KEY, signed

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WORDS = "The bag is lost. Mail sam@zqmail.example or call 407-404-2036, @sam_zq."
KEPT = "The bag is lost. Mail [email] or call [phone], @…."
PRIVACY = '[privacy]\nauthors = "pseudonym"\nmask = ["email", "phone"]\n'
BRAND = '[[brands]]\nname = "A"\nquery = "bag OR @acmeair"\n'


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


def texts(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "earful.db")) as connection:
        return connection.execute(
            "SELECT m.text, a.name FROM mentions m LEFT JOIN authors a ON a.id = m.author_id"
        ).fetchall()


def bytes_of(folder: Path, name: str = "earful.db*") -> bytes:
    return b"".join(one.read_bytes() for one in folder.glob(name)).lower()


def check(folder: Path) -> None:
    [(text, name)] = texts(folder)
    assert text == KEPT
    assert re.fullmatch(r"Person [0-9a-f]{6}", name)
    assert b"zq" not in bytes_of(folder)


def a_row(**more: object) -> dict[str, object]:
    return {
        "native_id": "1", "text": WORDS, "author": "Sam Zquist", "author_id": "sam_zq",
        "language": "en", **more,
    }  # fmt: skip


def test_an_import_stores_it_masked(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "earful.toml").write_text(PRIVACY + BRAND)
    (tmp_path / "in.jsonl").write_text(json.dumps(a_row()) + "\n")
    what = ("import", "in.jsonl", "--brand", "A", "--source", "shop")
    assert "1 row: 1 new" in earful(*what).out
    check(tmp_path)
    # Read again it is known, and edits are edits.
    assert "1 row: 0 new · 0 edited · 1 known" in earful(*what).out
    (tmp_path / "in.jsonl").write_text(json.dumps(a_row(text=f"{WORDS} Again.")) + "\n")
    assert "1 edited" in earful(*what, "--edits").out
    assert b"zq" not in bytes_of(tmp_path)


def test_a_crawl_stores_it_masked_and_knows_it_again(
    earful: Earful, tmp_path: Path, site: Site
) -> None:
    entry = (
        "<entry><id>tag:x,1</id><title>About the bag</title><updated>2026-11-20T10:00:00Z"
        f"</updated><author><name>Sam Zquist</name></author><content>{WORDS}</content></entry>"
    )
    feed = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>t</title>{entry}</feed>'
    )
    site.on("/robots.txt", Reply(b"", 404))
    site.on("/feed", Reply(feed.encode(), headers={"Content-Type": "application/atom+xml"}))
    source = f'  [[brands.sources]]\n  source = "feeds"\n  url = "{site.url}/feed"\n'
    allowed = '[crawl]\nallow_private = ["127.0.0.1"]\n'
    config = PRIVACY + (allowed if "allow_private" in Settings().crawl.model_dump() else "")
    (tmp_path / "earful.toml").write_text(config + BRAND + source)
    first = earful("crawl")
    assert first.code == 0, first.err
    [(text, name)] = texts(tmp_path)
    assert KEPT in text
    assert name.startswith("Person ")
    assert b"zq" not in bytes_of(tmp_path)
    assert earful("crawl").code == 0
    with Store.open(tmp_path / "earful.db", readonly=True) as store:
        [row] = store.ledger.rows(datetime.now(UTC))
    assert (row["new"], row["known"], row["edited"]) == (1, 1, 0)


def test_the_webhook_stores_it_masked(tmp_path: Path) -> None:
    path = tmp_path / "earful.db"
    with Store.open(path, migrate=True) as store:
        keep_private(store, parse_settings(
            {"privacy": {"authors": "pseudonym", "mask": ["email", "phone"]}}, {}, where="t"
        ))  # fmt: skip
    door = DoorSettings(name="shop", brand="A")
    intake = Intake(StoreSettings(path=path), {"shop": door}, {"shop": (KEY,)}, lambda: NOW)
    body = json.dumps(a_row()).encode()
    answer = intake.take("shop", signed(body, at=NOW), body)
    assert answer.status == 200, answer
    check(tmp_path)


def test_a_case_made_by_hand_is_stored_masked(tmp_path: Path) -> None:
    settings = parse_settings(
        {
            "store": {"path": str(tmp_path / "earful.db")},
            "privacy": {"authors": "pseudonym", "mask": ["email", "phone"]},
            "brands": [{"name": "A", "query": "bag"}],
        },
        options_models(),
        where="t",
    )
    mention = Mention(
        brand="A", source="phone", native_id="1", text=WORDS, author="Sam Zquist",
        author_native_id="sam_zq", language="en", created_at=NOW, fetched_at=NOW,
    )  # fmt: skip
    with Store.open(tmp_path / "earful.db", migrate=True) as store:
        keep_private(store, settings)
        actor = Actor("dana", "U1")
        made = make_case(store, Policies(settings), mention, actor, NOW, click="c1")
        assert made.new
        assert store.verdicts.count_waiting() == 0
        [entry] = store.audit.latest(9)
        assert (entry.act, entry.actor, entry.role) == (Act.MADE_CASE, "dana", "slack")
        assert entry.about == "phone:1"
    check(tmp_path)


def test_the_brands_own_handles_stay() -> None:
    raw = {
        "privacy": {"authors": "pseudonym"},
        "brands": [{"name": "A", "query": '"acme air" OR @AcmeAir OR (@acme_help AND bag)'}],
    }
    wishes = wishes_in(parse_settings(raw, {}, where="t"))
    assert wishes.handles == ("@acme_help", "@acmeair")
    assert wishes.pseudonyms


def test_forget_erases_lists_what_still_holds_it_and_is_audited(
    earful: Earful, tmp_path: Path
) -> None:
    rows: list[dict[str, object]] = [
        {**a_row(), "title": "zqtitle", "owner_reply": "zqreply", "url": "https://x.example/zqurl",
         "created_at": "2026-11-20T10:00:00Z"},
        {"native_id": "2", "text": "It was fine.", "author": "Ida", "author_id": "ida",
         "created_at": "2026-11-21T10:00:00Z"},
        {"native_id": "3", "text": ""},
    ]  # fmt: skip
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    earful("import", "in.jsonl", "--brand", "A", "--source", "shop", "--rejects", "no.jsonl")
    rows[0]["text"] = "zqedited"
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows[:2]))
    earful("import", "in.jsonl", "--brand", "A", "--source", "shop", "--edits")
    assert earful("process", "--no-deliver").code == 0
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["mention_id", "experience", "note"], ["shop:1", "angry", "zqnote"]]
        )
    assert earful("correct", "labels.csv").code == 0
    assert earful("case", "claim", "shop:1").code == 0
    (tmp_path / "out").mkdir()
    assert earful("export", "-o", "out/all.csv").code == 0
    assert earful("report", "-o", "out/r.html", "--since", "2026-11-01").code == 0
    assert earful("report", "-o", "out/old.html", "--until", "2026-11-10").code == 0
    assert earful("backup", "out/b.db").code == 0
    asked = earful("export", "--author", "shop:sam_zq")
    held = json.loads(asked.out)["held"]
    assert [row["text"] for row in held["mentions"]] == ["zqedited"]
    assert held["mention_versions"][0]["text"] == WORDS
    assert held["corrections"][0]["note"] == "zqnote"
    assert held["case_events"]
    assert "fine" not in asked.out
    assert b"zqedited" in bytes_of(tmp_path)

    told = earful("forget", "--author", "shop:sam_zq", "--yes")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert lines[0] == "erased 1 mention"
    listed = [Path(line.split(": ", 1)[1].split(" (")[0]).name for line in lines[1:-1]]
    assert sorted(listed) == ["all.csv", "b.db", "no.jsonl", "r.html"]
    assert lines[-1].startswith("Earful deletes no file of yours")
    assert b"zq" not in bytes_of(tmp_path)

    with Store.open(tmp_path / "earful.db") as store:
        acts = [(one.act, one.what, one.about, one.role) for one in store.audit.latest(99)]
    assert acts[0] == (Act.ERASED, "1 mention of an author", None, "command")
    assert [act for act, *_ in acts].count(Act.EXPORTED) == 3
    assert [act for act, *_ in acts].count(Act.REPORTED) == 2
    assert (Act.CORRECTED, "angry", None, "command") in acts


def test_a_mention_is_forgotten_by_its_id(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps(a_row()) + "\n")
    earful("import", "in.jsonl", "--brand", "A", "--source", "shop")
    assert earful("forget", "--mention", "shop:1", "--yes").out == "erased 1 mention\n"
    assert b"zq" not in bytes_of(tmp_path)
    again = earful("forget", "--mention", "shop:1", "--yes")
    assert (again.code, "is not there" in again.err) == (2, True)
    assert earful("forget", "--mention", "shop:1", "--author", "shop:x", "--yes").code == 2
