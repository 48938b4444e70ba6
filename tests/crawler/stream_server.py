"""A WebSocket server that speaks as Jetstream does, with the profiles that go with its posts."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve


@dataclass
class StreamServer:
    """Replays `frames` from the cursor that is asked for; `asked` are the targets of requests."""

    frames: list[dict[str, Any]]
    profiles: list[dict[str, Any]]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    # Gives a refusal instead of the stream, by status and body.
    refusal: tuple[int, str] | None = None
    # Closes the connection after so many frames.
    cut_after: int | None = None
    # Waits so many seconds before each frame.
    pause: float = 0.0
    # Sent before all else, as the server's notices are.
    notices: Sequence[dict[str, Any]] = ()

    def cursors(self) -> list[int]:
        """Give the cursor of each stream that was opened."""
        return [int(_query(asked)["cursor"][0]) for asked in self.asked if "cursor=" in asked]

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.asked.append(request.path)
        path = urlsplit(request.path).path
        if path.endswith("getProfiles"):
            wanted = _query(request.path)["actors"]
            found = [profile for profile in self.profiles if profile["did"] in wanted]
            return connection.respond(200, json.dumps({"profiles": found}))
        if self.refusal is not None and path.endswith("subscribeEvents"):
            return connection.respond(*self.refusal)
        return None

    def stream(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        cursor = int(_query(connection.request.path)["cursor"][0])
        for notice in self.notices:
            connection.send(json.dumps({"$type": "message", "payload": notice}))
        frames = [one for one in self.frames if microseconds(one) >= cursor]
        with suppress(ConnectionClosed):
            for frame in frames[: self.cut_after]:
                time.sleep(self.pause)
                connection.send(json.dumps(frame))
            if self.cut_after is None:
                connection.recv()  # nothing more comes until the reader has had enough


def microseconds(frame: dict[str, Any]) -> int:
    when = datetime.fromisoformat(frame["payload"]["witnessedAt"])
    return int(when.timestamp() * 1_000_000)


def _query(target: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(target).query)


@contextmanager
def running_stream(
    frames: list[dict[str, Any]], profiles: list[dict[str, Any]]
) -> Iterator[StreamServer]:
    spoken = StreamServer(frames, profiles)
    with serve(spoken.stream, "127.0.0.1", 0, process_request=spoken.answer) as server:
        spoken.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        run: Callable[[], None] = server.serve_forever
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield spoken
        server.shutdown()
        thread.join()
