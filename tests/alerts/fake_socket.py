"""The WebSocket side of the fake Slack: Socket Mode envelopes out, acknowledgements in.

RFC 6455 as far as Socket Mode needs it: text, ping, pong and close frames, whole messages.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.waiting import PATIENCE_S

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def accept_key(key: str) -> str:
    return base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()


class Connection:
    """One open WebSocket; `serve` reads until the other side goes away."""

    def __init__(self, sock: socket.socket, heard: Callable[[dict[str, Any]], None]) -> None:
        self._sock = sock
        self._heard = heard
        self._lock = threading.Lock()
        self.open = True

    def send(self, payload: dict[str, Any]) -> None:
        self._frame(TEXT, json.dumps(payload).encode())

    def close(self, *, rudely: bool = False) -> None:
        """End the connection; `rudely` resets it as a dying proxy does."""
        self.open = False
        with contextlib.suppress(OSError):
            if rudely:
                linger = struct.pack("ii", 1, 0)
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            else:
                self._frame(CLOSE, struct.pack("!H", 1000))
            self._sock.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while self.open:
                kind, body = self._read()
                if kind == PING:
                    self._frame(PONG, body)
                elif kind == CLOSE:
                    break
                elif kind == TEXT:
                    self._heard(json.loads(body))
        self.open = False

    def _frame(self, kind: int, body: bytes) -> None:
        size = len(body)
        head = bytes([0x80 | kind])
        if size < 126:
            head += bytes([size])
        elif size < 65536:
            head += bytes([126]) + struct.pack("!H", size)
        else:
            head += bytes([127]) + struct.pack("!Q", size)
        with self._lock:
            self._sock.sendall(head + body)

    def _read(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._exactly(8))
        mask = self._exactly(4) if second & 0x80 else b"\0\0\0\0"
        body = self._exactly(size)
        return first & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(body))

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self._sock.recv(size - len(found))
            if not part:
                raise EOFError
            found += part
        return found


class Socket:
    """All connections of an app; Slack sends each envelope over one of them."""

    def __init__(
        self, acknowledged: Callable[[str, dict[str, Any]], None] = lambda envelope, said: None
    ) -> None:
        """`acknowledged` carries out what an acknowledgement says."""
        self._acknowledged = acknowledged
        self.answers: dict[str, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._connections: list[Connection] = []
        self._tickets: set[str] = set()
        self.acked: dict[str, float] = {}
        self.connected = 0

    def ticket(self) -> str:
        made = secrets.token_hex(8)
        self._tickets.add(made)
        return made

    def serve(self, sock: socket.socket, ticket: str) -> None:
        """Speak over an upgraded connection until it ends; a ticket is good for one."""
        if ticket not in self._tickets:
            sock.close()
            return
        self._tickets.discard(ticket)
        connection = Connection(sock, self._heard)
        connection.send({"type": "hello", "num_connections": 1})
        with self._changed:
            self._connections.append(connection)
            self.connected += 1
            self._changed.notify_all()
        connection.serve()

    def wait_connected(self, times: int = 1, timeout: float = PATIENCE_S) -> None:
        """Wait until so many connections were made in all; AssertionError when they were not."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.connected >= times, timeout)

    def drop(self, *, rudely: bool = False) -> None:
        for connection in self._connections:
            connection.close(rudely=rudely)

    def send(self, envelope: dict[str, Any]) -> None:
        alive = [connection for connection in self._connections if connection.open]
        assert alive, "nobody listens"
        alive[-1].send(envelope)

    def wait_ack(self, envelope_id: str, timeout: float = PATIENCE_S) -> float:
        """Wait for an acknowledgement; the moment it came."""
        with self._changed:
            assert self._changed.wait_for(lambda: envelope_id in self.acked, timeout), "no ack"
            return self.acked[envelope_id]

    def _heard(self, said: dict[str, Any]) -> None:
        if "envelope_id" in said:
            answer = said.get("payload") or {}
            self._acknowledged(said["envelope_id"], answer)
            with self._changed:
                self.answers[said["envelope_id"]] = answer
                self.acked[said["envelope_id"]] = time.monotonic()
                self._changed.notify_all()
