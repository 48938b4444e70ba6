"""Translation of what messages quote: by real commands, and by servers that misbehave."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from config.errors import ConfigError
from config.settings import Secrets, TranslateSettings, parse_settings
from earful.isolation import FIRST_WAIT
from earful.stages import translate_stage
from earful.translation.command import CommandTranslator
from earful.translation.translator import LARGEST, TranslationError, Translator, translator_of
from earful.translation.web_api import DeepL, LibreTranslate
from storage.models import AlertKind, Experience, Stance
from tests.earful.conftest import Earful
from tests.earful.test_cases import World
from tests.storage.erasure import ERASURE
from tests.waiting import wait_for

RANT = "Der Flug fiel aus, und niemand sagte uns etwas."
UPPER = "import sys; sys.stdout.write('[{from}>{to}] ' + sys.stdin.read().upper())"


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


def said_of(translator: Translator, text: str = RANT, limit_s: float = 5.0) -> str:
    with pytest.raises(TranslationError) as failed:
        translator.translate(text, "de", "en", limit_s)
    return str(failed.value)


class TestCommand:
    def test_gets_the_text_and_the_languages(self) -> None:
        command = CommandTranslator("upper", python(UPPER))
        assert command.translate("größer\n; rm -rf /", "de", "en", 5.0) == (
            "[de>en] GRÖSSER\n; RM -RF /"
        )

    def test_a_megabyte_is_read_while_it_is_written(self) -> None:
        echo = "import sys; sys.stdout.write(sys.stdin.read()[:900])"
        assert (
            len(CommandTranslator("echo", python(echo)).translate("x" * 10**6, "", "", 5)) == 900
        )

    @pytest.mark.parametrize(
        ("script", "sentence"),
        [
            ("import sys; sys.exit('no such\\npair')", "t ended with 1 (no such pair)"),
            ("pass", "t gave no words"),
            ("print(' \\n')", "t gave no words"),
            ("import sys; sys.stdout.buffer.write(b'\\xff')", "t wrote what is no UTF-8"),
            ("import os; os.kill(os.getpid(), 9)", "t ended with -9"),
            (f"print('x' * {LARGEST + 1})", "t wrote more than 64,000 bytes"),
            ("while True: print('x' * 9000, flush=True)", "t wrote more than 64,000 bytes"),
        ],
    )
    def test_fails_in_one_line(self, script: str, sentence: str) -> None:
        assert said_of(CommandTranslator("t", python(script))) == sentence

    def test_that_hangs_is_ended_with_all_that_it_started(self, tmp_path: Path) -> None:
        child = tmp_path / "child"
        hangs = (
            "import subprocess, sys, time; "
            f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)']); "
            f"open({str(child)!r}, 'w').write(str(p.pid)); time.sleep(900)"
        )
        started = time.monotonic()
        assert said_of(CommandTranslator("t", python(hangs)), limit_s=5.0) == (
            "t took longer than 5.0 s"
        )
        assert time.monotonic() - started < 60
        # It is killed at once, and ends when the machine gets to it.
        wait_for(lambda: not _lives(int(child.read_text())))

    def test_that_is_not_there(self) -> None:
        assert "cannot be started" in said_of(CommandTranslator("t", ("/no/such/command",)))

    def test_sees_no_secret_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
        monkeypatch.setenv("DEEPL_KEY", "its own")
        names = ["SLACK_BOT_TOKEN", "TRANSLATE_API_KEY", "DEEPL_KEY"]
        shows = python(f"import os; print(*map(os.environ.get, {names!r}))")
        made = translator_of(TranslateSettings(command=shows, name="t"), Secrets())
        assert made is not None
        assert made.translate("x", "de", "en", 5.0) == "None None its own"


def _lives(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody asked about does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@dataclass
class Server:
    """Answers each question with `answer`: a status and a body, or bytes that come slowly."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    pause_s: float = 0.0
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.asked.append((self.path, dict(self.headers), json.loads(self.rfile.read(length))))
            self.send_response(told.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            try:
                for byte in told.body if told.pause_s else (told.body,):
                    self.wfile.write(bytes([byte]) if isinstance(byte, int) else byte)
                    self.wfile.flush()
                    time.sleep(told.pause_s)
            except OSError:
                pass  # the one who asked has left

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = Thread(target=http.serve_forever, daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{http.server_address[1]}"
    yield told
    http.shutdown()
    http.server_close()
    thread.join()


NONE = "gave an answer without a translation"


class TestApi:
    def test_libretranslate_is_asked_as_it_documents(self, server: Server) -> None:
        server.body = b'{"translatedText": "The flight was cancelled."}'
        for url in (server.url, f"{server.url}/", f"{server.url}/translate"):
            translator = LibreTranslate("libre", url, "k-123456")
            assert translator.translate(RANT, "de", "en", 5.0) == "The flight was cancelled."
        assert {path for path, _headers, _body in server.asked} == {"/translate"}
        assert server.asked[0][2] == {
            "q": RANT, "source": "de", "target": "en", "format": "text", "api_key": "k-123456",
        }  # fmt: skip

    def test_deepl_is_asked_as_it_documents(self, server: Server) -> None:
        server.body = json.dumps(
            {"translations": [{"detected_source_language": "DE", "text": "Cancelled."}]}
        ).encode()
        assert DeepL("deepl", server.url, "k:fx").translate(RANT, "de", "en", 5.0) == "Cancelled."
        path, headers, body = server.asked[0]
        assert path == "/v2/translate"
        assert headers["Authorization"] == "DeepL-Auth-Key k:fx"
        assert body == {"text": [RANT], "source_lang": "DE", "target_lang": "EN-GB"}

    @pytest.mark.parametrize("kind", [LibreTranslate, DeepL])
    @pytest.mark.parametrize(
        ("status", "body", "sentence"),
        [
            (403, b'{"error": "Invalid key k-123456"}', "answered HTTP 403 (Invalid key ***)"),
            (429, b'{"message": "Too many requests"}', "answered HTTP 429 (Too many requests)"),
            (500, b"<html>", "answered HTTP 500"),
            (302, b"", "answered HTTP 302"),
            (200, b"<html>", NONE),
            (200, b"[]", NONE),
            (200, b'{"translatedText": 7, "translations": [7]}', NONE),
            (200, b'{"translatedText": " ", "translations": [{"text": " "}]}', "gave no words"),
            (200, b"[" * 60_000, NONE),
            (200, b"x" * (LARGEST + 1), "wrote more than 64,000 bytes"),
        ],
    )  # fmt: skip
    def test_fails_in_one_line(
        self,
        server: Server,
        kind: Callable[..., Translator],
        status: int,
        body: bytes,
        sentence: str,
    ) -> None:
        server.status, server.body = status, body
        assert said_of(kind("api", server.url, "k-123456")) == f"api {sentence}"

    def test_that_drips_is_left(self, server: Server) -> None:
        server.body, server.pause_s = b'{"translatedText": "x"}' * 100, 0.05  # for two minutes
        started = time.monotonic()
        assert said_of(LibreTranslate("api", server.url), limit_s=0.5) == (
            "api took longer than 0.5 s"
        )
        assert time.monotonic() - started < 60

    def test_that_is_not_there(self) -> None:
        assert "cannot be reached" in said_of(LibreTranslate("api", "http://127.0.0.1:1"))


class TestSettings:
    def test_a_command_and_a_url_are_too_many(self) -> None:
        raw = {"translate": {"command": ["trans"], "url": "http://127.0.0.1:5000"}}
        with pytest.raises(ConfigError, match="names a command and a url"):
            parse_settings(raw, {}, where="earful.toml")

    def test_nothing_translates_without_either(self) -> None:
        assert translator_of(TranslateSettings(), Secrets()) is None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "earful.db")


def with_command(world: World, script: str, **more: Any) -> World:
    translate = TranslateSettings(command=python(script), name="upper", **more)
    world.settings = world.settings.model_copy(update={"translate": translate})
    return world


def kept(world: World) -> int:
    return len(world.rows("SELECT * FROM translations"))


def failing(world: World) -> dict[str, str]:
    found = world.store.failures.of(translate_stage.TRANSLATE)
    return {name: one.error for name, one in found.items() if name}


class TestStage:
    def test_a_complaint_has_its_translation_beside_the_original(self, world: World) -> None:
        said = with_command(world, UPPER).say(RANT, title="Schlimm", language="de-AT")
        shown = " ".join(world.card(said).replace("|", " ").split())
        assert f"Schlimm {RANT}" in shown
        assert "Translated from German (Austria) by upper: [de>en] SCHLIMM DER FLUG FIEL" in shown

    def test_a_wow_has_it_too(self, world: World) -> None:
        with_command(world, UPPER).say(
            "Rita hat uns gerettet, vielen herzlichen Dank für alles!",
            Experience.DELIGHTED,
            Stance.ADVOCATE,
            language="de",
        )
        (post,) = world.posts(AlertKind.WOW)
        assert "RITA HAT UNS GERETTET" in post["payload"]

    def test_it_is_in_the_views(self, world: World) -> None:
        with_command(world, UPPER).say(RANT, language="de")
        for view in ("voice", "open_cases"):
            (row,) = world.rows(f"SELECT translation FROM {view}")
            assert row["translation"].startswith("[de>en] DER FLUG")

    def test_it_is_forgotten_with_the_author(self, world: World) -> None:
        said = with_command(world, UPPER).say(RANT, language="de")
        assert kept(world) == 1
        assert said.author_id is not None
        world.store.upkeep.forget_author(said.author_id, ERASURE)
        assert kept(world) == 0

    def test_what_fails_is_counted_and_the_card_comes_all_the_same(self, world: World) -> None:
        broken = "import sys; sys.exit('down')"
        said = with_command(world, broken).say(RANT, language="de")
        assert "Translated" not in world.card(said)
        assert failing(world) == {"de to en by upper": "upper ended with 1 (down)"}
        # It waits before it is asked again, and is forgotten once it works.
        said = with_command(world, UPPER).say(f"{RANT} Nie wieder.", language="de")
        assert "Translated" not in world.card(said)
        world.now += FIRST_WAIT
        said = world.say(f"{RANT} Wirklich nie.", language="de")
        assert "Translated" in world.card(said)
        assert failing(world) == {}

    def test_a_translator_that_the_config_names_no_more_fails_no_more(self, world: World) -> None:
        with_command(world, "import sys; sys.exit(1)").say(RANT, language="de")
        assert failing(world)
        world.settings = world.settings.model_copy(update={"translate": TranslateSettings()})
        world.say(f"{RANT} Nie wieder.", language="de")
        assert failing(world) == {}

    def test_complaints_wait_no_longer_than_a_pass_may(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_command(world, UPPER)
        passed, limits = [0.0], []

        class Slow:
            name = "slow"

            def translate(self, text: str, source: str, target: str, time_limit_s: float) -> str:
                limits.append(time_limit_s)
                passed[0] += 3.0
                return text.upper()

        clock = SimpleNamespace(monotonic=lambda: passed[0])
        monkeypatch.setattr(translate_stage, "time", clock)
        monkeypatch.setattr(translate_stage, "translator_of", lambda *_: Slow())
        monkeypatch.setattr(translate_stage, "BUDGET_S", 8.0)
        for number in range(6):
            world.say(f"{RANT} {number}", language="de", judge=False)
        world.judge()
        assert len(world.store.cases.unanswered()) == 6
        assert kept(world) == 3
        assert limits[-1] == 2.0, "the last one has what is left"

    @pytest.mark.parametrize(
        ("experience", "language"),
        [(Experience.ANGRY, "en-GB"), (Experience.ANGRY, None), (Experience.MEDIOCRE, "de")],
    )
    def test_what_needs_none_is_not_asked_for(
        self, world: World, experience: Experience, language: str | None
    ) -> None:
        with_command(world, UPPER).say(RANT, experience, language=language)
        assert kept(world) == 0
        assert failing(world) == {}

    def test_an_edited_text_does_not_show_what_the_older_one_said(self, world: World) -> None:
        said = with_command(world, UPPER).say(RANT, language="de")
        world.settings = world.settings.model_copy(update={"translate": TranslateSettings()})
        world.change(replace(said, text="Immer noch kein Geld.", edited_at=world.now))
        assert "Translated" not in world.card(said)


CONFIG = """
[store]
path = "earful.db"

[translate]
command = {command}
name = "upper"

[[brands]]
name = "Acme"
query = "acme"
"""


@pytest.mark.parametrize(
    ("script", "code", "sentence"),
    [
        (UPPER, 0, "“Es funktioniert.” is “[de>en] ES FUNKTIONIERT.” to upper"),
        ("import sys; sys.exit('no key')", 1, "upper ended with 1 (no key)"),
    ],
)
def test_check_has_one_sentence_translated(
    earful: Earful, tmp_path: Path, script: str, code: int, sentence: str
) -> None:
    (tmp_path / "earful.toml").write_text(CONFIG.format(command=json.dumps(python(script))))
    ran = earful("check")
    assert f"translate: {sentence}" in ran.out
    assert ran.code == code
