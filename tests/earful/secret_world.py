"""A world with a secret in every place that takes one, run by the real daemon: what it shows.

Each secret is a word of its own, so that one that is seen names the place it came from. Some look
like words, some like keys: what hides them must not guess.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from tests.alerts.fake_slack import FakeSlack
from tests.crawler.site import Asked, Reply, Site, running_site
from tests.earful.test_webhook_daemon import free_port
from tests.waiting import PATIENCE_S, wait_for

# In the config, as people write them there.
CLEAR = {
    "a user of a feed": "marigoldreader",
    "a password of a feed": "tulipfield'7",
    "a parameter of a feed": "snapdragonfeed",
    "a part of a feed's path": "Qk7dAhl1aZ9xDahliaPath22",
    "a user of base_url": "zinniauser",
    "a password of base_url": "cosmosbase",
    "a parameter of a page": "larkspurpage",
    "a parameter of a destination": "foxglovehook",
    "a parameter of a translator": "hollyhocktongue",
}
# In the environment, by what reads them.
ENVIRONMENT = {
    "FEED_READER": "primrosereader",
    "FEED_PASSPHRASE": "p/e@o:n?y &field",
    "FEED_KEY": "camelliakey",
    "FEED_FOLDER": "gardeniafolder",
    "YOUTUBE_API_KEY": "AIzaLavenderYoutube0123456789",
    "X_BEARER_TOKEN": "orchidbearertoken",
    "MAILBOX_PASSWORD": "jasmine imap pass",
    "SLACK_APP_TOKEN": "xapp-1-lilacapp",
    "TRANSLATE_API_KEY": "magnoliatranslate",
    "EARFUL_WEBHOOK_SECRET": "freesiadoorsecret0123456789abcdef",
    "EARFUL_EVENTS_SECRET": "begoniaeventssecret0123456789abcdef",
    "EARFUL_MAIL_PASSWORD": "anemonemail",
    "EARFUL_MCP_TOKEN": "petuniamcptoken0123456789abcdef",
    "EARFUL_TOKEN_PROGRAM": "crocusprogramtoken0123456789abcdef",
}
FEED = """<rss version="2.0"><channel><title>Acme Air</title><link>{base}/</link>
<item><guid>7</guid><link>post/7</link><pubDate>{date}</pubDate><title>Lost bag</title>
<description>Acme Air lost my bag, nobody helped, I am furious and want my money back!
</description></item>
<item><guid>8</guid><link>{base}/open/8?key={key}</link><pubDate>{date}</pubDate>
<title>Crashes</title><description>Terrible: the Acme Air app crashes at every payment.
It says {base}/open?key={key} all the time.</description></item>
<item><guid>{base}/private/{folder}/9</guid><link>{base}/private/{folder}/9</link>
<pubDate>{date}</pubDate><title>Rude</title>
<description>Worst airline ever. Acme Air cancelled twice, rude crew, no refund!
</description></item>
</channel></rss>"""


@dataclass
class World:
    """All that the daemon and the commands showed, by where it stood."""

    shown: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def found(self) -> list[str]:
        """Name each secret that stands anywhere, however an address or JSON may write it."""
        seen = []
        for what, secret in self.secrets.items():
            forms = {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}
            forms |= {secret.replace("'", "&#39;"), secret.replace("&", "&amp;")}
            for place, content in self.shown.items():
                if any(form.encode() in content for form in forms):
                    at = min(content.find(form.encode()) for form in forms
                             if form.encode() in content)  # fmt: skip
                    around = content[max(0, at - 80) : at + 80]
                    seen.append(f"{what} ({secret}) in {place}: {around!r}")
        return seen


def _config(site: Site, slack: FakeSlack, doors: int, pages: int, ops: int) -> str:
    url, host = site.url, site.url.removeprefix("http://")
    clear = CLEAR
    folder = clear["a part of a feed's path"]
    sources: list[dict[str, Any]] = [
        # Fails, and gives back what it was asked: literal user info, a parameter of any name.
        {"source": "feeds", "url": f"http://{clear['a user of a feed']}:"
         f"{clear['a password of a feed']}@{host}/shouts/basic.xml"},
        {"source": "feeds", "url": f"{url}/shouts/feed?flower={clear['a parameter of a feed']}"},
        {"source": "feeds", "url": f"{url}/shouts/{folder}/feed.xml"},
        {"source": "feeds", "url": "https://feeds.acme.example/shouts/moved.xml",
         "base_url": f"http://{clear['a user of base_url']}:{clear['a password of base_url']}"
                     f"@{host}"},
        {"source": "web_reviews",
         "urls": [f"{url}/shouts/page?petal={clear['a parameter of a page']}"]},
        # Good: what it gives goes through the rules to Slack.
        {"source": "feeds", "url": f"http://${{FEED_READER}}:${{FEED_PASSPHRASE}}@{host}"
         "/private/${FEED_FOLDER}/feed.xml?key=${FEED_KEY}"},
        {"source": "youtube", "videos": ["vid00000001"], "search": False,
         "base_url": f"{url}/shouts"},
        {"source": "x", "base_url": f"{url}/shouts"},
        {"source": "mailbox", "host": "127.0.0.1", "user": "voice@acme.example"},
    ]  # fmt: skip
    text = (
        f'[slack]\napi_url = "{slack.api_url}"\n[serve]\nport = {pages}\n'
        '[[serve.tokens]]\nname = "program"\n'
        f"[webhook]\nport = {doors}\n"
        '[[webhook.doors]]\nname = "shop"\nbrand = "Acme Air"\n'
        f'[translate]\nurl = "{url}/shouts/translate?tongue='
        f'{clear["a parameter of a translator"]}"\n'
        f'[ops]\nlisten = "127.0.0.1:{ops}"\n'
        '[[alerts.channels]]\nchannel = "#to-crm"\nvia = "webhook:crm"\n'
        '[[alerts.channels]]\nchannel = "#to-mail"\nvia = "mail:support"\n'
        '[[alerts.routes]]\nquery = "bag"\nchannel = "#to-crm"\n'
        '[[alerts.routes]]\nquery = "app"\nchannel = "#to-mail"\n'
        f'[[destinations.webhook]]\nname = "crm"\nurl = "{url}/shouts/hook?leaf='
        f'{clear["a parameter of a destination"]}"\n'
        '[[destinations.mail]]\nname = "support"\nserver = "127.0.0.1"\nport = 9\n'
        'username = "support@acme.example"\nsender = "earful@acme.example"\n'
        'to = ["ann@acme.example"]\n'
        '[[brands]]\nname = "Acme Air"\nquery = "acme"\n'
    )
    for source in sources:
        lines = (f"{key} = {json.dumps(value)}\n" for key, value in source.items())
        text += "[[brands.sources]]\n" + "".join(lines) + 'every = "1m"\n'
    return text


def _shout(asked: Asked) -> Reply:
    """Refuse, and say back all that was asked with: servers do."""
    said = f"not with {asked.path} {asked.query} {asked.headers} {asked.body!r}"
    return Reply(said.encode(), 403, {"Content-Type": "text/plain"})


def live(folder: Path, now: str) -> World:
    """Run the daemon until every place has failed, then every command that shows something.

    `now` is the date of the feed's entries, by RFC 2822.
    """
    world = World()
    with (
        FakeSlack(
            channels=["voice-complaints", "voice-wows", "voice-digest", "voice-ops"]
        ) as slack,
        running_site() as site,
    ):
        entries = FEED.format(
            base=site.url, date=now, key=ENVIRONMENT["FEED_KEY"],
            folder=ENVIRONMENT["FEED_FOLDER"],
        )  # fmt: skip
        site.on("/shouts", _shout)
        site.on("/robots.txt", Reply(b"User-agent: *\nAllow: /\n"))
        site.on("/private", Reply(entries.encode(), 200, {"Content-Type": "application/rss+xml"}))
        doors, pages, ops = free_port(), free_port(), free_port()
        config = folder / "earful.toml"
        config.write_text(_config(site, slack, doors, pages, ops))
        world.secrets = {**CLEAR, **ENVIRONMENT, "SLACK_BOT_TOKEN": slack.token}
        environment = {**os.environ, **ENVIRONMENT, "SLACK_BOT_TOKEN": slack.token}
        environment["PYTHONWARNINGS"] = "ignore"

        def earful(*arguments: str) -> bytes:
            ran = subprocess.run(
                [sys.executable, "-m", "earful", "--config", str(config), *arguments],
                capture_output=True, env=environment, check=False, timeout=PATIENCE_S,
            )  # fmt: skip
            return ran.stdout + ran.stderr

        out, log = folder / "stdout.txt", folder / "log.txt"
        with out.open("wb") as stdout, log.open("wb") as stderr:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "earful", "--config", str(config), "-vv", "run"],
                stdout=stdout, stderr=stderr, env=environment,
            )  # fmt: skip
        try:
            store = folder / "earful.db"

            def has_failed_everywhere() -> bool:
                assert daemon.poll() is None, log.read_text()[-3000:]
                return _is_through(store, slack)

            wait_for(has_failed_everywhere, lambda: log.read_text()[-3000:])
            world.shown["status"] = earful("status")
            world.shown["status --json"] = earful("status", "--json")
            world.shown["check"] = earful("-vv", "check")
            world.shown["alerts list"] = earful("alerts", "list")
            world.shown["backup's words"] = earful("backup", str(folder / "copy.db"))
            world.shown["report's words"] = earful("report", "-o", str(folder / "report.html"))
            for form in ("csv", "jsonl"):
                world.shown[f"export {form}"] = earful("export", "--format", form)
            world.shown |= _pages(pages, ops)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(PATIENCE_S)
        world.shown["Slack"] = json.dumps(
            [[m.text, m.blocks, m.metadata] for m in slack.messages()], default=str
        ).encode()
        world.asked = list(site.requests)
    for path in folder.iterdir():
        if path.is_file() and path != config:
            world.shown[path.name] = path.read_bytes()
    return world


def _is_through(store: Path, slack: FakeSlack) -> bool:
    """Tell whether each source has been read once, each destination has failed, Slack has both."""
    if not store.exists():
        return False
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        crawled = connection.execute(
            "SELECT count(DISTINCT source || target) FROM crawl_runs WHERE outcome IS NOT NULL"
        ).fetchone()[0]
        tried = connection.execute(
            "SELECT count(*) FROM alerts WHERE channel LIKE '#to-%' AND attempts > 0"
        ).fetchone()[0]
    except sqlite3.OperationalError:
        return False  # before the first migration
    finally:
        connection.close()
    complaints, ops = slack.messages("voice-complaints"), slack.messages("voice-ops")
    return crawled >= 9 and tried >= 2 and len(complaints) >= 1 and len(ops) >= 8


def _pages(pages: int, ops: int) -> dict[str, bytes]:
    """Read the dashboards as a program would, and what machines ask of the daemon."""
    shown = {}
    token = {"Authorization": f"Bearer {ENVIRONMENT['EARFUL_TOKEN_PROGRAM']}"}
    with httpx.Client(timeout=60, headers=token, follow_redirects=True) as client:
        tables = ("crawl_runs", "source_health", "voice", "alerts", "failures", "mentions")
        for name in tables:
            page = client.get(f"http://127.0.0.1:{pages}/earful/{name}.json?_size=max")
            assert page.status_code == 200, (name, page.text[:300])
            shown[f"page {name}"] = page.content
        for path in ("/", "/-/earful/sources", "/-/dashboards"):
            shown[f"page {path}"] = client.get(f"http://127.0.0.1:{pages}{path}").content
    for path in ("metrics", "healthz", "readyz"):
        shown[path] = httpx.get(f"http://127.0.0.1:{ops}/{path}", timeout=60).content
    assert re.search(rb"^earful_", shown["metrics"], re.MULTILINE)
    return shown
