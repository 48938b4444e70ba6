"""Measure mentions stored a second with all pipelines on, against a plain JSON Lines feed.

Both crawls run the same spider over the same pages from a loopback server, each in a process of
its own, turn about; the median of the pairs' ratios is printed last. Exits 1 when a crawl's
process took more memory than it may.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.machine import peak_mib  # noqa: E402

PER_PAGE = 100
MOST_MIB = 200
SENTENCES = (
    "I have played this for weeks and the last update made it worse.",
    "Support answered within the hour and fixed my save – thank you!",
    "[b]Pros[/b]: looks lovely, runs on anything. [i]Cons[/i]: crashes at the worst moment.",
    "It's fine. Not great, not terrible; I'd wait for a sale.",
)


def page(number: int, pages: int) -> bytes:
    """Make a page of 100 reviews as Steam's endpoint gives it."""
    reviews = []
    for place in range(PER_PAGE):
        key = number * PER_PAGE + place
        reviews.append(
            {
                "recommendationid": str(10_000_000 + key),
                "author": {"steamid": str(76_500_000_000_000_000 + key % 7_000)},
                "language": "english",
                "review": " ".join(SENTENCES[(key + n) % 4] for n in range(1 + key % 6)),
                "timestamp_created": 1_789_000_000 - key * 60,
                "timestamp_updated": 1_789_000_000 - key * 60,
                "voted_up": key % 3 != 0,
                "votes_up": key % 50,
            }
        )
    cursor = f"c{number + 1}" if number + 1 < pages else "*"
    return json.dumps({"success": 1, "reviews": reviews, "cursor": cursor}).encode()


def serve(pages: int) -> None:
    """Serve made-up pages until killed; the first line of stdout is the port."""
    bodies = [page(number, pages) for number in range(pages)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            cursor = parse_qs(urlsplit(self.path).query)["cursor"][0]
            body = bodies[0 if cursor == "*" else int(cursor[1:])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep stdout to the port."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def measure(kind: str, port: int, pages: int) -> dict[str, Any]:
    """Crawl once in this process; seconds are by the clock, `cpu` by work, memory in MiB."""
    from scrapy.crawler import CrawlerProcess

    from crawler import crawl_process
    from crawler.runner import CrawlJob
    from crawler.spiders.steam import SteamSpider
    from storage.store import Store

    crawl_process.quieten()
    with tempfile.TemporaryDirectory() as folder:
        db = Path(folder) / "bench.db"
        options = {"app_id": 440, "pages": pages}
        url = f"http://127.0.0.1:{port}"
        job = CrawlJob("Bench", "bench", "steam", options, db=db, base_url=url)
        settings = crawl_process.scrapy_settings(job)
        settings.set("LOG_LEVEL", "ERROR")
        with Store.open(db, migrate=True) as store:
            if kind == "store":
                process = CrawlerProcess(settings)
                crawler = crawl_process.begin(process, job, store, lambda event: None)[0]
            else:
                settings.set("ITEM_PIPELINES", {})
                settings.set("FEEDS", {Path(folder) / "out.jsonl": {"format": "jsonlines"}})
                process = CrawlerProcess(settings)
                crawler = process.create_crawler(SteamSpider)
                process.crawl(crawler, query="bench", options=options, base_url=url)
            started, worked = time.perf_counter(), time.process_time()
            process.start()
            seconds = time.perf_counter() - started
            cpu = time.process_time() - worked
            assert crawler.stats is not None
            mentions = int(crawler.stats.get_value("item_scraped_count", 0))
            assert kind != "store" or store.mentions.count() == mentions
    return {"seconds": seconds, "cpu": cpu, "mentions": mentions, "peak_mib": peak_mib()}


def compare(pages: int, rounds: int) -> None:
    here = [sys.executable, __file__, "--pages", str(pages)]
    with subprocess.Popen([*here, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        runs: dict[str, list[dict[str, Any]]] = {"jsonl": [], "store": []}
        try:
            for _ in range(rounds):
                for kind, measured in runs.items():
                    done = subprocess.run(
                        [*here, "--measure", kind, "--port", port],
                        stdout=subprocess.PIPE,
                        text=True,
                        check=True,
                    )
                    measured.append(json.loads(done.stdout.splitlines()[-1]))
        finally:
            server.kill()
    for kind, name in (("jsonl", "plain JSON Lines feed"), ("store", "all pipelines, store")):
        rate = statistics.median(run["mentions"] / run["seconds"] for run in runs[kind])
        peak = max(run["peak_mib"] for run in runs[kind])
        print(
            f"{name:<22} {runs[kind][0]['mentions']:>7} mentions {rate:>7.0f}/s "
            f"peak {peak:.0f} MiB"
        )
    # Beside busy neighbours the work done tells more than the clock.
    clock, work = (
        statistics.median(
            plain[by] / stored[by]
            for plain, stored in zip(runs["jsonl"], runs["store"], strict=True)
        )
        for by in ("seconds", "cpu")
    )
    print(f"ratio {clock:.2f} by the clock, {work:.2f} by CPU time")
    peak = max(run["peak_mib"] for run in runs["store"])
    if peak > MOST_MIB:
        raise SystemExit(f"a crawl's process took {peak:.0f} MiB, {MOST_MIB} are allowed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200, help="pages of 100 reviews")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", choices=("jsonl", "store"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.pages)
    elif given.measure:
        print(json.dumps(measure(given.measure, given.port, given.pages)))
    else:
        compare(given.pages, given.rounds)


if __name__ == "__main__":
    main()
