"""Pictures of the pages for the documents: `python -m tests.earful.screenshots [FOLDER]`.

A store of made-up brands is served by the real server, and looked at by a real browser. Look at
each picture before it is committed.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver import Chrome

from earful.pages.server_process import server_process
from storage.store import Store
from tests.browser import open_browser
from tests.earful.front_site import now
from tests.earful.voices_of_two_zones import FERRY, build

FOLDER = Path(__file__).parents[2] / "docs" / "images"
LARGEST = 150_000


@dataclass(frozen=True)
class Picture:
    """A page as it is seen: its width and height in pixels, light or dark."""

    name: str
    page: str
    width: int = 1280
    height: int = 1100
    scheme: str = "light"
    scale: float = 0.7


def pictures(mention: int) -> tuple[Picture, ...]:
    """Name the pictures of the documents."""
    home = f"?brand={FERRY}"
    return (
        Picture("home", home, height=1100, scale=0.68),
        Picture("home-phone", home, width=390, height=1500, scale=0.8),
        Picture("home-dark", home, scheme="dark", height=1000),
        Picture("mention", f"mention/{mention}", height=900),
        Picture("question", f"earful/week_by_week?brand={FERRY}", height=800),
    )


def take(browser: Chrome, url: str, picture: Picture) -> bytes:
    """Show a page and give the picture of its top, a PNG."""
    screen = {
        "width": picture.width, "height": 900, "deviceScaleFactor": 1,
        "mobile": picture.width < 600,
    }  # fmt: skip
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    scheme = [{"name": "prefers-color-scheme", "value": picture.scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    browser.get(url + picture.page)
    clip = {
        "x": 0,
        "y": 0,
        "width": picture.width,
        "height": picture.height,
        "scale": picture.scale,
    }
    taken = browser.execute_cdp_cmd(
        "Page.captureScreenshot",
        {"captureBeyondViewport": True, "clip": {**clip, "scale": picture.scale}},
    )
    return base64.b64decode(taken["data"])


def main(folder: Path) -> None:
    """Write every picture into a folder; refuse one that is too large for the repository."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "store.db"
        build(path, now())
        with Store.open(path, readonly=True) as store:
            row = store.database.connection.execute(
                "SELECT seq FROM mentions WHERE id = 'feeds:kari-2'"
            ).fetchone()
        with server_process(path, "127.0.0.1", 0) as served:
            browser = open_browser(Path(scratch) / "chromium")
            try:
                for picture in pictures(row["seq"]):
                    data = take(browser, served.url, picture)
                    if len(data) > LARGEST:
                        raise SystemExit(f"{picture.name}: {len(data):,} bytes: make it shorter")
                    (folder / f"{picture.name}.png").write_bytes(data)
                    print(f"{picture.name}: {len(data):,} bytes")
            finally:
                browser.quit()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
