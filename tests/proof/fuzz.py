"""Hostile input for every door, seeded: no traceback, and one bad thing stops only itself.

    python -m tests.proof.fuzz --cases 10000 [parsers|config|imports|clicks|webhook …]

Parsers read mutated responses of each source (ours, and recorded ones where they are there); the
config is a mutated `earful.toml`; imports are mutated files of each layout and format; clicks are
mutated payloads of Slack, carried out on a store; the webhook gets signed, mutated deliveries. A
sound one after each shows that the door is open still. Prints what was found, each kind once.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from scrapy.http import Request

from alerts.slack.interactions import Answer, read
from config.errors import EarfulError
from config.settings import DoorSettings, StoreSettings, load_settings, parse_settings
from crawler.catalog import options_models, sources
from earful.importing.files import open_table
from earful.importing.import_rows import FileImport
from earful.importing.rejects import as_mended
from earful.importing.wishes import Wishes, date_reading
from earful.interactions.dispatch import CLICKS, SHORTCUTS, SUBMISSIONS, Interactions
from earful.policies import Policies
from earful.webhook_intake.intake import Intake
from storage.store import Store
from tests.crawler.reading import EXAMPLES, first_requests, response_of, spider_of
from tests.crawler.reading import read as parse
from tests.crawler.test_fuzz import check_mention
from tests.earful.webhook_sender import KEY, signed
from tests.proof import mutations
from tests.storage.ways import furnish

_ROOT = Path(__file__).parents[2]
RECORDED = _ROOT.parent / "shared" / "recorded"
PINNED = Path(__file__).parents[1] / "crawler"
FILES = Path(__file__).parents[1] / "earful" / "imports" / "files"
Case = Callable[[random.Random], object]
"""One hostile input; raises AssertionError, or anything else that is no answer to people."""


@dataclass
class Found:
    """What a door came to: how many cases, and each failure once with the seed that shows it."""

    cases: int = 0
    seconds: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)


def fuzz(door: str, cases: int, seed: int = 1, *, breaking: bool = False) -> Found:
    """Try so many cases at a door, spread over what it takes; `breaking` makes each one fail."""
    found = Found()
    began = time.monotonic()
    with DOORS[door]() as tries, _heard() as said:
        names = sorted(tries)
        for number in range(cases):
            name = names[number % len(names)]
            said.clear()
            try:
                if breaking:
                    raise RuntimeError("a door that breaks")
                tries[name](random.Random(f"{seed} {door} {number}"))
                assert not said, f"the log has a traceback: {said[0]}"
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                place = next((f for f in reversed(frames) if _is_ours(f.filename)), frames[-1])
                where = f"{Path(place.filename).name}:{place.lineno}"
                kind = f"{name.split('/')[0]}: {type(error).__name__} at {where}"
                found.failures.setdefault(kind, f"case {number}: {str(error)[:300]}")
            found.cases += 1
    found.seconds = time.monotonic() - began
    return found


def _is_ours(file: str) -> bool:
    return file.startswith(str(_ROOT)) and ".venv" not in file and file != __file__


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Collect the tracebacks that are logged meanwhile."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                said.append(f"{record.getMessage()}: {record.exc_info[1]!r}")

    ear = Ear()
    root = logging.getLogger()
    root.addHandler(ear)
    try:
        yield said
    finally:
        root.removeHandler(ear)


# Parsers.


@contextmanager
def parsers() -> Iterator[dict[str, Case]]:
    with patch.dict(os.environ):
        for spider in sources().values():
            for secret in (*spider.secrets, *spider.optional_secrets):
                os.environ.setdefault(secret, "made-up")
        os.environ["APP_STORE_CONNECT_PRIVATE_KEY"] = _private_key()
        bodies = [(source, EXAMPLES[source], response_of(source)) for source in EXAMPLES]
        if RECORDED.is_dir():
            for pinned in ("recordings.json", "recordings_shops.json", "recordings_talk.json"):
                bodies += [
                    (
                        one["source"],
                        one.get("options") or {},
                        (RECORDED / one["file"]).read_bytes(),
                    )
                    for one in json.loads((PINNED / pinned).read_text())
                    if "source" in one and (RECORDED / one["file"]).is_file()
                ]
        yield {
            f"{source}/{number}": _parser(source, options, body)
            for number, (source, options, body) in enumerate(bodies)
        }


def _private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _parser(source: str, options: dict[str, Any], body: bytes) -> Case:
    @cache
    def request() -> Request:
        return first_requests(spider_of(source, options))[0]

    def one(rng: random.Random) -> None:
        broken = mutations.octets(body, rng)
        if body.lstrip()[:1] in (b"{", b"[") and rng.random() < 0.7:
            broken = json.dumps(mutations.document(json.loads(body), rng)).encode()
        spider = spider_of(source, options)
        mentions, refusals, _, _ = parse(spider, broken, request())
        for mention in mentions:
            check_mention(mention)
        assert all(refusal.entry and refusal.reason for refusal in refusals)

    return one


# The config.


@contextmanager
def config() -> Iterator[dict[str, Case]]:
    example = resources.files("config").joinpath("earful.toml").read_text(encoding="utf-8")
    # What the example only shows is read too.
    whole = "\n".join(
        line.replace("# ", "", 1) if _is_key(line) else line for line in example.splitlines()
    )
    import tomllib

    sound = tomllib.loads(example)
    everything = _parsed(whole) or sound
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "earful.toml"

        def text(rng: random.Random) -> None:
            path.write_bytes(mutations.octets(example.encode(), rng))
            one_line(lambda: Policies(load_settings(path, options_models())).check())

        def values(rng: random.Random) -> None:
            raw = mutations.document(rng.choice((sound, everything)), rng)
            if isinstance(raw, dict):
                one_line(
                    lambda: Policies(parse_settings(raw, options_models(), where="x")).check()
                )

        yield {"text": text, "values": values}


def _is_key(line: str) -> bool:
    return line.lstrip().startswith(("# [", "# ")) and ("=" in line or line.rstrip().endswith("]"))


def _parsed(text: str) -> dict[str, Any] | None:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


# Imports.


@contextmanager
def imports() -> Iterator[dict[str, Case]]:
    sound = {path.name: path.read_bytes() for path in FILES.iterdir()}
    sound["sheet.xlsx"] = _workbook()
    sound["table.parquet"] = _parquet()
    sound["nested.json"] = json.dumps({"data": {"reviews": [_ROW, _ROW | {"id": 2}]}}).encode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Store.open(folder / "earful.db", migrate=True).close()
        yield {
            f"{file}/": _import(folder, file, content) for file, content in sorted(sound.items())
        }


_ROW = {
    "id": 1, "text": "Acme lost my bag", "rating": 1, "rating_max": 5, "author": "Ada",
    "created_at": "2026-11-01T10:00:00Z", "language": "en",
}  # fmt: skip


def _import(folder: Path, name: str, content: bytes) -> Case:
    def one(rng: random.Random) -> None:
        broken = mutations.octets(content, rng)
        if name.endswith((".json", ".jsonl")) and rng.random() < 0.7:
            lines = content.splitlines() if name.endswith(".jsonl") else [content]
            changed = [json.dumps(mutations.document(json.loads(line), rng)) for line in lines]
            broken = "\n".join(changed).encode()
        path = folder / name
        path.write_bytes(broken)
        wishes = Wishes(brand="Acme", source="shop", dates=date_reading(None, None))

        def store() -> None:
            table = as_mended(open_table(path))
            report = FileImport(path, table, wishes, NOW, lambda at: None).rehearse()
            assert report.rows >= report.refused

        one_line(store)

    return one


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def _workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append([*_ROW])
    for number in range(3):
        sheet.append([*(_ROW | {"id": number}).values()])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    written = io.BytesIO()
    rows = [_ROW | {"id": number} for number in range(3)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), written)
    return written.getvalue()


# Clicks.


@contextmanager
def clicks() -> Iterator[dict[str, Case]]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "earful.db"
        furnish(path)
        raw = {
            "store": {"path": str(path)},
            "brands": [{"name": "Acme Air", "query": "acme", "staff": ["Rita"]}],
        }
        settings = parse_settings(raw, {}, where="fuzz")
        act = Interactions(path, settings, lambda: datetime.now(UTC))
        with Store.open(path) as store:
            rows = store.database.connection.execute("SELECT mention_id FROM cases").fetchall()
        values = [*(row[0] for row in rows), "appstore:no", "1", "0", "", "{}", "1:2", "acme"]
        number = iter(range(10**9))

        def try_it(body: dict[str, Any], rng: random.Random) -> None:
            broken = mutations.document(body, rng) if rng.random() < 0.8 else body
            if not isinstance(broken, dict):
                return
            event = read(broken)
            if event is None:
                return
            answer = act(event)
            assert answer is None or isinstance(answer, Answer)
            json.dumps([answer and answer.payload, answer and answer.modal])

        def click(rng: random.Random) -> None:
            try_it(_click(rng.choice([*CLICKS]), rng.choice(values), next(number), rng), rng)

        def submission(rng: random.Random) -> None:
            callback = rng.choice([*SUBMISSIONS])
            try_it(_submission(callback, rng.choice(values), next(number), rng), rng)

        def shortcut(rng: random.Random) -> None:
            try_it(_shortcut(rng.choice([*SHORTCUTS]), next(number)), rng)

        def command(rng: random.Random) -> None:
            word = rng.choice(("cases", "case", "search", "mine", "help", ""))
            text = f"{word} {rng.choice(values)}"
            try_it(
                {"command": "/earful", "text": text, **_BY, "trigger_id": str(next(number))}, rng
            )

        def home(rng: random.Random) -> None:
            event = {"type": "app_home_opened", "tab": "home", "user": "U0DANA"}
            try_it({"type": "event_callback", "event": event}, rng)

        yield {
            "click": click, "submission": submission, "shortcut": shortcut, "command": command,
            "home": home,
        }  # fmt: skip


_WHO: dict[str, Any] = {"user": {"id": "U0DANA", "name": "dana", "username": "dana"}}
_BY = {"user_id": "U0DANA", "user_name": "dana", "channel_id": "C1"}


def _click(action: str, about: str, number: int, rng: random.Random) -> dict[str, Any]:
    given: dict[str, Any] = {
        "action_id": action,
        "block_id": "b1",
        "action_ts": f"179{number:07}.000100",
    }
    if rng.random() < 0.3:
        chosen = rng.choice((about, "angry", "none", "1h", "x"))
        given |= {"selected_option": {"value": chosen}}
    else:
        given |= {"value": about}
    return {
        "type": "block_actions", **_WHO, "trigger_id": f"t{number}", "channel": {"id": "C1"},
        "container": {"type": "message", "message_ts": "1790000000.000100", "channel_id": "C1"},
        "message": {"ts": "1790000000.000100", "blocks": [{"type": "actions", "block_id": "b1",
            "elements": [{"action_id": action, "value": about}]}]},
        "actions": [given],
    }  # fmt: skip


def _submission(callback: str, about: str, number: int, rng: random.Random) -> dict[str, Any]:
    inputs = (
        "text", "note", "user", "until", "template", "brand", "link", "words", "experience",
        "author", "reason", "rating",
    )  # fmt: skip
    state = {
        f"b{place}": {name: {"type": "plain_text_input", "value": str(mutations.value(rng, 0))}}
        for place, name in enumerate(rng.sample(inputs, 4))
    }
    metadata = rng.choice((about, json.dumps({"in": "C1", "value": about}), "", "{"))
    return {
        "type": "view_submission", **_WHO, "trigger_id": f"t{number}",
        "view": {"id": f"V{number}", "callback_id": callback, "private_metadata": metadata,
                 "state": {"values": state}},
    }  # fmt: skip


def _shortcut(callback: str, number: int) -> dict[str, Any]:
    return {
        "type": "message_action", "callback_id": callback, **_WHO, "trigger_id": f"t{number}",
        "action_ts": f"{number}", "message_ts": "1790000000.000100", "channel": {"id": "C1"},
        "message": {"ts": "1790000000.000100", "user": "U1", "text": "Acme lost my bag"},
    }  # fmt: skip


# The webhook.


@contextmanager
def webhook() -> Iterator[dict[str, Case]]:
    doors = {
        "shop": DoorSettings(name="shop", brand="Acme"),
        "survey": DoorSettings(
            name="survey", brand="Acme", map={"feedback.words": "text"}, rating_max=10
        ),
    }
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "earful.db"
        Store.open(path, migrate=True).close()
        keys = dict.fromkeys(doors, (KEY,))
        intake = Intake(StoreSettings(path=path), doors, keys, lambda: datetime.now(UTC))
        number = iter(range(10**9))

        def deliver(door: str, body: bytes, headers: dict[str, str]) -> int:
            answer = intake.take(door, headers, body)
            assert answer.failure is None, answer.failure
            json.dumps(answer.body)
            return answer.status

        def rows(rng: random.Random) -> None:
            sound = [_ROW, _ROW | {"id": next(number), "feedback": {"words": "Lovely"}}]
            body = json.dumps(mutations.document(sound, rng)).encode()
            status = deliver(rng.choice([*doors]), body, signed(body, f"m{next(number)}"))
            assert status in (200, 400, 413, 415, 422), status

        def body(rng: random.Random) -> None:
            broken = mutations.octets(json.dumps([_ROW, _ROW]).encode(), rng)
            status = deliver("shop", broken, signed(broken, f"m{next(number)}"))
            assert status in (200, 400, 413, 415, 422), status

        def signature(rng: random.Random) -> None:
            sent = json.dumps(_ROW).encode()
            headers = mutations.document(signed(sent, f"m{next(number)}"), rng)
            if isinstance(headers, dict):
                # A server reads headers as Latin-1.
                headers = {
                    str(name): str(value).encode("utf-8", "replace").decode("latin-1")
                    for name, value in headers.items()
                }
                assert deliver("shop", sent, headers) in (200, 400, 401, 403, 409)

        yield {"rows": rows, "body": body, "signature": signature}


def one_line(work: Callable[[], object]) -> None:
    """See that work is done, or refused in one line for people."""
    try:
        work()
    except EarfulError as error:
        said = str(error)
        assert said.strip(), "an empty reason"
        assert "\n" not in said, f"several lines: {said[:200]}"
        assert "Traceback" not in said


DOORS: dict[str, Callable[[], Any]] = {
    one.__name__: one for one in (parsers, config, imports, clicks, webhook)
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("doors", nargs="*", choices=[*DOORS, []], metavar="DOOR")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    bad = False
    for door in wanted.doors or DOORS:
        found = fuzz(door, wanted.cases, wanted.seed)
        bad |= bool(found.failures)
        print(
            f"{door:<9} {found.cases:>7,} cases in {found.seconds:.0f} s: "
            f"{len(found.failures)} kinds of failure",
            flush=True,
        )
        for kind, what in found.failures.items():
            print(f"    {kind}: {what}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
